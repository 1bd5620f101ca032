"""Fetch: records from an offset on, at once or when there are enough.

Versions: 4 to 18; 7 adds sessions, 9 leader epochs, 10 zstd, 12 the check for diverging epochs, 13
topic ids, 15 moves the replica's id. What is sent are views of the mapped segments, whole batches
from the one that holds the offset. A fetch that finds less than its ``min_bytes`` waits in the
purgatory and is woken by appends, never by polling.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.fetch_session import NO_SESSION, FetchUse, Wanted, move_to_end
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    KafkaError,
    NotLeaderOrFollowerError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
    UnknownTopicIdError,
    UnsupportedCompressionTypeError,
)
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.fetch import (
    AbortedTransaction,
    EpochEndOffset,
    FetchableTopicResponse,
    FetchRequest,
    FetchResponse,
    PartitionData,
)
from logcore.replication.partition import Partition

_READ_TO_END: Final = 0
_READ_UNCOMMITTED: Final = 1
_READ_COMMITTED: Final = 2
_DEBUGGER: Final = -2
_IDS_FROM: Final = 13
_ZSTD_FROM: Final = 10
_ZSTD: Final = 4
_CODEC_MASK: Final = 0x07
_LENGTH_AT: Final = 8
_ATTRIBUTES_LOW_BYTE: Final = 22
_BATCH_OVERHEAD: Final = 12
_NOTHING: Final = b""


def handle(
    parts: Parts, request: FetchRequest, context: RequestContext
) -> FetchResponse | Deferred[FetchResponse]:
    """Read now, or park until there is enough or the time is over."""
    use = parts.fetch_sessions.use(request, context.version, parts.scheduler.monotonic_ms())
    fetch = _Fetch(parts, request, context, use)
    if fetch.read() or request.max_wait_ms <= 0 or not use.wanted:
        return fetch.finish()
    answer: Deferred[FetchResponse] = Deferred()

    def try_complete() -> bool:
        if not fetch.read():
            return False
        answer.complete(fetch.finish())
        return True

    def expire() -> None:
        fetch.read()
        answer.complete(fetch.finish())

    parked = parts.purgatory.park(fetch.keys(), try_complete, request.max_wait_ms, expire)
    context.connection.on_close(parked.cancel)
    answer.then(lambda _: context.connection.forget(parked.cancel))
    return answer


class _Fetch:
    """One request, which may be read for more than once until it has enough."""

    __slots__ = (
        "_context",
        "_is_final",
        "_isolation",
        "_max_bytes",
        "_parts",
        "_read_bytes",
        "_request",
        "_results",
        "_use",
    )

    def __init__(
        self, parts: Parts, request: FetchRequest, context: RequestContext, use: FetchUse
    ) -> None:
        self._parts = parts
        self._request = request
        self._context = context
        self._use = use
        self._is_final = False
        self._read_bytes = 0
        self._max_bytes = min(request.max_bytes, parts.fetch_max_bytes)
        if parts.quotas.fetch is not None:
            most = parts.quotas.fetch.most_at_once(context.principal.name, context.client_id or "")
            self._max_bytes = int(min(self._max_bytes, most))
        self._results: list[tuple[Wanted, PartitionData]] = []
        self._isolation = _READ_COMMITTED if request.isolation_level else _READ_UNCOMMITTED
        if self._replica_id() == _DEBUGGER:
            self._isolation = _READ_TO_END

    def _replica_id(self) -> int:
        of_state = self._request.replica_state.replica_id
        return self._request.replica_id if of_state == -1 else of_state

    def keys(self) -> list[tuple[str, int]]:
        """Return what purgatory is to watch."""
        return [(self._name_of(wanted) or "", wanted.index) for wanted in self._use.wanted]

    def read(self) -> bool:
        """Read every partition anew; return whether there is enough to answer."""
        left_bytes = self._max_bytes
        total_bytes = 0
        self._is_final = False
        results = []
        for wanted in self._use.wanted:
            data = PartitionData(partition_index=wanted.index, high_watermark=-1, records=_NOTHING)
            try:
                size_bytes = self._read_one(wanted, data, left_bytes, total_bytes == 0)
            except KafkaError as error:
                data.error_code = error.code
                self._is_final = True
            else:
                total_bytes += size_bytes
                left_bytes -= size_bytes
            results.append((wanted, data))
        self._results = results
        self._read_bytes = total_bytes
        return self._is_final or total_bytes >= min(self._request.min_bytes, self._max_bytes)

    def _name_of(self, wanted: Wanted) -> str | None:
        if self._context.version < _IDS_FROM:
            return wanted.topic
        return self._parts.replicas.name_of(wanted.topic_id)

    def _readable(self, wanted: Wanted) -> str:
        """Return the topic of a partition that the client may read.

        Raises:
            TopicAuthorizationFailedError: If it may not, or calls itself a replica and may not.
            UnknownTopicIdError: If no topic has the id.
            NotLeaderOrFollowerError: If it is a replica: there are none but our own.
        """
        topic = self._name_of(wanted)
        allows = self._parts.authorizer.allows
        if self._replica_id() >= 0:
            if not allows(self._context, Operation.CLUSTER_ACTION, ResourceType.CLUSTER):
                raise TopicAuthorizationFailedError("not authorized to replicate")
            raise NotLeaderOrFollowerError("the replica is not one of the partition's")
        if topic is None:
            raise UnknownTopicIdError("no topic has this id")
        if not allows(self._context, Operation.READ, ResourceType.TOPIC, topic):
            raise TopicAuthorizationFailedError(f"not authorized to read {topic}")
        return topic

    def _read_one(
        self, wanted: Wanted, data: PartitionData, left_bytes: int, is_first: bool
    ) -> int:
        """Read one partition into its answer; return how many bytes."""
        topic = self._readable(wanted)
        parts = self._parts
        partition = parts.replicas.get(topic, wanted.index)
        partition.check_epoch(wanted.leader_epoch)
        if wanted.last_epoch >= 0 and self._diverges(partition, wanted, data):
            return 0
        max_bytes = max(0, min(wanted.max_bytes, left_bytes))
        try:
            records, high_watermark, stable, log_start, aborted = partition.log.read(
                wanted.offset, max_bytes, is_first, self._isolation
            )
        except OffsetOutOfRangeError:
            data.log_start_offset = partition.log.start_offset
            raise
        except KafkaError as error:
            parts.replicas.note_failure(partition, error)
            raise
        data.high_watermark = high_watermark
        data.last_stable_offset = stable
        data.log_start_offset = log_start
        if self._isolation == _READ_COMMITTED:
            data.aborted_transactions = [
                AbortedTransaction(producer_id=producer_id, first_offset=first_offset)
                for producer_id, first_offset in aborted
            ]
        else:
            data.aborted_transactions = None
        if records is None:
            return 0
        view = memoryview(records)
        if self._context.version < _ZSTD_FROM and _has_zstd(view):
            raise UnsupportedCompressionTypeError("zstd needs Fetch 10 or newer")
        data.records = view
        return len(view)

    def _diverges(self, partition: Partition, wanted: Wanted, data: PartitionData) -> bool:
        """Whether the client has records of an epoch that ended earlier here (KIP-595)."""
        found = partition.log.end_offset_for_epoch(wanted.last_epoch)
        if found is None:
            return False
        epoch, end_offset = found
        if epoch >= wanted.last_epoch and end_offset >= wanted.offset:
            return False
        data.diverging_epoch = EpochEndOffset(epoch=epoch, end_offset=end_offset)
        data.high_watermark = partition.log.high_watermark
        data.log_start_offset = partition.log.start_offset
        self._is_final = True
        return True

    def finish(self) -> FetchResponse:
        """Make the response: of what was read last, or empty where the client is over its quota."""
        quotas, context = self._parts.quotas, self._context
        if quotas.fetch is None:
            return self.response()
        user, client_id = context.principal.name, context.client_id or ""
        wait_ms = quotas.fetch.charge(user, client_id, self._read_bytes)
        if not wait_ms:
            return self.response()
        quotas.fetch.note(user, client_id, -self._read_bytes)  # it was not sent
        quotas.throttle("fetch", context, wait_ms)
        use = self._use
        if use.session is not None and not use.is_incremental:
            self._parts.fetch_sessions.close(use.session)
        session_id = use.session_id if use.is_incremental else NO_SESSION
        return FetchResponse(throttle_time_ms=wait_ms, session_id=session_id)

    def response(self) -> FetchResponse:
        """Make the response of what was read last."""
        use, version = self._use, self._context.version
        topics: list[FetchableTopicResponse] = []
        served: list[Wanted] = []
        last: Wanted | None = None
        for wanted, data in self._results:
            if data.records:
                self._count(wanted, data)
            elif data.error_code:
                self._parts.traffic.refused(ApiKey.FETCH, data.error_code)
            if use.session is not None:
                if use.is_incremental and not _is_news(wanted, data):
                    continue
                if use.is_incremental and data.records:
                    served.append(wanted)
                wanted.sent_high_watermark = -1 if data.error_code else data.high_watermark
                wanted.sent_log_start = -1 if data.error_code else data.log_start_offset
            is_same = last is not None and (last.topic, last.topic_id) == (
                wanted.topic,
                wanted.topic_id,
            )
            if is_same:
                topics[-1].partitions.append(data)
            else:
                topic = FetchableTopicResponse(topic=wanted.topic, topic_id=wanted.topic_id)
                topic.partitions.append(data)
                topics.append(topic)
            last = wanted
        if use.session is not None and served:
            move_to_end(use.session, served, version)
        self._results = []
        return FetchResponse(session_id=use.session_id, responses=topics)

    def _count(self, wanted: Wanted, data: PartitionData) -> None:
        """Count what is sent of a partition."""
        records = data.records
        if isinstance(records, memoryview):
            self._parts.traffic.fetched.count(self._name_of(wanted) or "", records.nbytes)


def _is_news(wanted: Wanted, data: PartitionData) -> bool:
    return bool(
        data.records
        or data.error_code
        or data.diverging_epoch.epoch >= 0
        or data.high_watermark != wanted.sent_high_watermark
        or data.log_start_offset != wanted.sent_log_start
    )


def _has_zstd(batches: memoryview) -> bool:
    """Whether a batch among those in a view is compressed with zstd."""
    position = 0
    while position + _ATTRIBUTES_LOW_BYTE < len(batches):
        if batches[position + _ATTRIBUTES_LOW_BYTE] & _CODEC_MASK == _ZSTD:
            return True
        length = batches[position + _LENGTH_AT : position + _BATCH_OVERHEAD]
        position += _BATCH_OVERHEAD + int.from_bytes(length, "big")
    return False
