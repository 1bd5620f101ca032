"""ShareFetch: a member of a share group acquires records, and acknowledges earlier ones (KIP-932).

Versions: 1 and 2; 2 adds the mode with a record limit (KIP-1206) and renewals of locks (KIP-1222).
Acknowledgements come first, so what they free can be acquired by the same request; the answer waits
for them to be kept, and for records. A request that renews fetches nothing.
"""

from typing import Final

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.share.fetching import NOTHING, ShareAsk, ShareFetch, failed
from logcore.broker.share.sessions import (
    FINAL_EPOCH,
    INITIAL_EPOCH,
    SessionKey,
    ShareSession,
    TopicPartition,
)
from logcore.broker.share.settings import ShareSettings
from logcore.broker.share_requests import TopicChecks, acknowledge, session_key
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    InvalidRequestError,
    KafkaError,
    ShareSessionLimitReachedError,
)
from logcore.protocol.messages.share_fetch import (
    PartitionData,
    ShareFetchableTopicResponse,
    ShareFetchRequest,
    ShareFetchResponse,
)

_V2: Final = 2
_MODES: Final = 2
_RECORD_LIMIT: Final = 1


def handle(
    parts: Parts, request: ShareFetchRequest, context: RequestContext
) -> ShareFetchResponse | Deferred[ShareFetchResponse]:
    """Acknowledge, then acquire, now or when there is something."""
    key = session_key(parts, context, request.group_id, request.member_id)
    is_renewal = context.version >= _V2 and request.is_renew_ack
    if is_renewal:
        _check_renewal(request)
    if not 0 <= request.share_acquire_mode < _MODES:
        raise InvalidRequestError(f"there is no acquire mode {request.share_acquire_mode}")
    acknowledges = any(
        asked.acknowledgement_batches for topic in request.topics for asked in topic.partitions
    )
    try:
        session = _session(parts, request, context, key, acknowledges=acknowledges)
    except ShareSessionLimitReachedError as error:
        return _refuse_later(parts, request, context, error)
    checks = TopicChecks(parts, context)
    acknowledged: Deferred[dict[TopicPartition, KafkaError | None]] = Deferred.of({})
    if acknowledges:
        acknowledged = acknowledge(
            parts,
            checks,
            key,
            request.topics,
            knows_renewal=context.version >= _V2,
            is_renewal=is_renewal,
        )
    found: Deferred[dict[TopicPartition, PartitionData]] = Deferred.of({})
    if not is_renewal and session is not None:
        found = _fetch(parts, request, context, checks, session)

    def answer(results: dict[TopicPartition, PartitionData]) -> ShareFetchResponse:
        if session is None:
            parts.shares.end_session(key)
        elif request.share_session_epoch != INITIAL_EPOCH:
            results = _news(session, results)
        _tell(results, acknowledged.value())
        settings = ShareSettings.of(parts.configs.group_values(key.group_id))
        return ShareFetchResponse(
            throttle_time_ms=_charge(parts, context, results),
            acquisition_lock_timeout_ms=settings.lock_ms,
            responses=_topics(results),
        )

    if acknowledged.is_done:
        return answer(found.value()) if found.is_done else found.map(answer)
    both: Deferred[ShareFetchResponse] = Deferred()
    acknowledged.then(lambda _: found.map(answer).then(lambda done: _hand_on(done, both)))
    return both


def _hand_on(done: Deferred[ShareFetchResponse], to: Deferred[ShareFetchResponse]) -> None:
    if done.error is not None:
        to.fail(done.error)
    else:
        to.complete(done.value())


def _check_renewal(request: ShareFetchRequest) -> None:
    limits = {
        "maxBytes": request.max_bytes,
        "minBytes": request.min_bytes,
        "maxRecords": request.max_records,
        "maxWaitMs": request.max_wait_ms,
    }
    wrong = [name for name, value in limits.items() if value != 0]
    if wrong:
        raise InvalidRequestError(f"{', '.join(wrong)} must be 0 in a request that renews")


def _session(
    parts: Parts,
    request: ShareFetchRequest,
    context: RequestContext,
    key: SessionKey,
    *,
    acknowledges: bool,
) -> ShareSession | None:
    """Return the session to fetch for; None for a request that ends it."""
    wanted = [
        TopicPartition(topic.topic_id, asked.partition_index)
        for topic in request.topics
        for asked in topic.partitions
    ]
    epoch, shares = request.share_session_epoch, parts.shares
    if epoch == INITIAL_EPOCH:
        return shares.open_session(key, wanted, context.connection, acknowledges=acknowledges)
    session = shares.sessions.use(key, epoch)
    if epoch == FINAL_EPOCH:
        return None
    forgotten = (
        TopicPartition(topic.topic_id, index)
        for topic in request.forgotten_topics_data
        for index in topic.partitions
    )
    session.update(wanted, forgotten)
    return session


def _refuse_later(
    parts: Parts, request: ShareFetchRequest, context: RequestContext, error: KafkaError
) -> Deferred[ShareFetchResponse]:
    """Say no when the wait is over, so that the client does not ask again at once."""
    answer: Deferred[ShareFetchResponse] = Deferred()
    wait_ms = max(0, request.max_wait_ms)
    parked = parts.purgatory.park((), lambda: False, wait_ms, lambda: answer.fail(error))
    context.connection.on_close(parked.cancel)
    answer.then(lambda _: context.connection.forget(parked.cancel))
    return answer


def _fetch(
    parts: Parts,
    request: ShareFetchRequest,
    context: RequestContext,
    checks: TopicChecks,
    session: ShareSession,
) -> Deferred[dict[TopicPartition, PartitionData]]:
    """Acquire from the session's partitions; done when there is something, or time is over."""
    results: dict[TopicPartition, PartitionData] = {}
    wanted: dict[TopicPartition, str] = {}
    for each in session.partitions:
        try:
            wanted[each] = checks.topic_of(each)
        except KafkaError as error:
            results[each] = failed(each.partition, error)
    if not wanted or request.max_records <= 0 or request.max_bytes <= 0:
        return Deferred.of(results | {each: _empty(each) for each in wanted})
    fetch = ShareFetch(parts.shares, _ask(parts, request, context, session.key), wanted)
    done: Deferred[dict[TopicPartition, PartitionData]] = Deferred()

    def complete() -> None:
        found = {each: fetch.results.get(each) or _empty(each) for each in wanted}
        done.complete(found | results)

    def try_complete() -> bool:
        if not fetch.try_complete():
            return False
        complete()
        return True

    def expire() -> None:
        fetch.try_complete(is_last=True)
        complete()

    if try_complete():
        return done
    if request.max_wait_ms <= 0:
        expire()
        return done
    parked = parts.purgatory.park(fetch.keys(), try_complete, request.max_wait_ms, expire)
    context.connection.on_close(parked.cancel)
    done.then(lambda _: context.connection.forget(parked.cancel))
    return done


def _charge(
    parts: Parts, context: RequestContext, results: dict[TopicPartition, PartitionData]
) -> int:
    """Count what is sent against the client's quota; return how long it has to wait for more.

    It gets what it has acquired in any case: nobody else could get that until its locks end.
    """
    quota = parts.quotas.fetch
    if quota is None:
        return 0
    sent = (data.records for data in results.values())
    size_bytes = sum(records.nbytes for records in sent if isinstance(records, memoryview))
    wait_ms = quota.charge(context.principal.name, context.client_id or "", size_bytes)
    if wait_ms:
        parts.quotas.throttle("fetch", context, wait_ms)
    return wait_ms


def _ask(
    parts: Parts, request: ShareFetchRequest, context: RequestContext, key: SessionKey
) -> ShareAsk:
    max_bytes = min(request.max_bytes, parts.fetch_max_bytes)
    if parts.quotas.fetch is not None:
        most = parts.quotas.fetch.most_at_once(context.principal.name, context.client_id or "")
        max_bytes = max(1, int(min(max_bytes, most)))
    return ShareAsk(
        group_id=key.group_id,
        member_id=key.member_id,
        epoch=request.share_session_epoch,
        max_records=request.max_records,
        batch_size=request.batch_size,
        is_record_limit=request.share_acquire_mode == _RECORD_LIMIT,
        min_bytes=max(1, min(request.min_bytes, max_bytes)),
        max_bytes=max_bytes,
    )


def _empty(wanted: TopicPartition) -> PartitionData:
    return PartitionData(partition_index=wanted.partition, records=NOTHING)


def _news(
    session: ShareSession, results: dict[TopicPartition, PartitionData]
) -> dict[TopicPartition, PartitionData]:
    """Return what a member that has a session must be told."""
    return {
        wanted: data
        for wanted, data in results.items()
        if session.is_news(wanted, has_records=bool(data.records), has_error=bool(data.error_code))
    }


def _tell(
    results: dict[TopicPartition, PartitionData],
    acknowledged: dict[TopicPartition, KafkaError | None],
) -> None:
    """Enter what became of the acknowledgements into the answers of their partitions."""
    for wanted, error in acknowledged.items():
        data = results.get(wanted)
        if data is None:
            data = results[wanted] = _empty(wanted)
        if error is not None:
            data.acknowledge_error_code = error.code
            data.acknowledge_error_message = str(error) or None


def _topics(
    results: dict[TopicPartition, PartitionData],
) -> list[ShareFetchableTopicResponse]:
    topics: dict[bytes, ShareFetchableTopicResponse] = {}
    for wanted, data in results.items():
        topic = topics.get(wanted.topic_id)
        if topic is None:
            topic = topics[wanted.topic_id] = ShareFetchableTopicResponse(topic_id=wanted.topic_id)
        topic.partitions.append(data)
    return list(topics.values())
