"""`ShareFetch`: one request's search for records, tried until it finds enough or its time is over.

Invariant: nothing is acquired before there is enough to answer; what is acquired is in the answer.
What is sent are views of the mapped segments, cut to the batches that hold acquired records.
Neighbours: `handlers.share_fetch` parks it; `share_partitions` has what is searched; `live` hands
the records out.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from logcore.broker.share.acquiring import Acquired, Wish
from logcore.broker.share.live import LiveSharePartition
from logcore.broker.share.log_batches import LogBatches
from logcore.broker.share.sessions import TopicPartition
from logcore.broker.share.settings import ShareSettings
from logcore.broker.share.share_partitions import SharePartitions
from logcore.common.errors import KafkaError, OffsetOutOfRangeError
from logcore.coordinator.share.state import ShareKey
from logcore.protocol.messages.share_fetch import AcquiredRecords, PartitionData

_UNCOMMITTED: Final = 1
_COMMITTED: Final = 2
_ROUNDS: Final = 8
"""How often a request reads on at once where all it read was of aborted transactions."""
NOTHING: Final = b""


@dataclass(frozen=True, slots=True)
class ShareAsk:
    """What a request asks for.

    Attributes:
        group_id: The group.
        member_id: The member.
        epoch: The session's epoch, by which partitions take turns.
        max_records: How many records at most.
        batch_size: About how many records an acquired range is to have.
        is_record_limit: Whether `max_records` is exact.
        min_bytes: How many bytes there must be, before the time is over.
        max_bytes: How many bytes at most.
    """

    group_id: str
    member_id: str
    epoch: int
    max_records: int
    batch_size: int
    is_record_limit: bool
    min_bytes: int
    max_bytes: int


class _Read(NamedTuple):
    """What was read of one partition."""

    wanted: TopicPartition
    live: LiveSharePartition
    settings: ShareSettings
    view: memoryview
    aborted: Sequence[tuple[int, int]]


class ShareFetch:
    """A fetch under way.

    Args:
        shares: The share partitions.
        ask: What is asked for.
        wanted: The partitions to search, and the names of their topics.

    Attributes:
        results: What was found, by partition; what is not here gave nothing.
    """

    __slots__ = ("_ask", "_failed", "_lives", "_shares", "_wanted", "results")

    def __init__(
        self, shares: SharePartitions, ask: ShareAsk, wanted: dict[TopicPartition, str]
    ) -> None:
        turn = ask.epoch % len(wanted) if ask.epoch > 0 and wanted else 0
        in_order = list(wanted)
        self._shares = shares
        self._ask = ask
        self._wanted = {each: wanted[each] for each in (*in_order[turn:], *in_order[:turn])}
        self._lives: dict[TopicPartition, LiveSharePartition] = {}
        self._failed = False
        self.results: dict[TopicPartition, PartitionData] = {}

    def keys(self) -> list[Hashable]:
        """Return what purgatory is to watch: new records, and records that are free again."""
        keys: list[Hashable] = []
        for wanted, topic in self._wanted.items():
            keys.append((topic, wanted.partition))
            keys.append(ShareKey(self._ask.group_id, *wanted))
        return keys

    def try_complete(self, *, is_last: bool = False) -> bool:
        """Search; return whether there is something to answer.

        Args:
            is_last: Whether the time is over, so that anything will do.
        """
        for _ in range(_ROUNDS):
            reads: Iterable[_Read] = self._reads()
            if self._ask.min_bytes > 1 and not is_last:
                reads = list(reads)
                if not self._failed and _size(reads) < self._ask.min_bytes:
                    return False
            is_new = self._acquire_all(reads)
            if self._failed or any(data.acquired_records for data in self.results.values()):
                return True
            if not is_new:
                break
        return False

    # ------------------------------------------------------------ reading

    def _reads(self) -> Iterator[_Read]:
        """Read each partition that may have something, as it is asked for."""
        settings = self._shares.world.settings(self._ask.group_id)
        ready = []
        for wanted in self._wanted:
            live = self._live(wanted)
            if live is None or live.state is None:
                continue
            if live.state.can_acquire(settings):
                ready.append((wanted, live))
        is_first = True
        for wanted, live in ready:
            try:
                read = self._read(wanted, live, settings, len(ready), is_first=is_first)
            except KafkaError as error:
                self._shares.note_failure(live, error)
                self._fail(wanted, error)
                continue
            if read is not None:
                is_first = False
                yield read

    def _live(self, wanted: TopicPartition) -> LiveSharePartition | None:
        """Return a share partition; None if there is none, which is an answer."""
        live = self._lives.get(wanted)
        if live is None or (live.is_dropped and live.error is None):
            try:
                live = self._shares.get(ShareKey(self._ask.group_id, *wanted))
            except KafkaError as error:
                self._fail(wanted, error)
                return None
            self._lives[wanted] = live
        if live.error is not None:
            self._fail(wanted, live.error)
            return None
        return live

    def _fail(self, wanted: TopicPartition, error: KafkaError) -> None:
        self._failed = True
        self.results[wanted] = failed(wanted.partition, error)

    def _read(
        self,
        wanted: TopicPartition,
        live: LiveSharePartition,
        settings: ShareSettings,
        sharers: int,
        *,
        is_first: bool,
    ) -> _Read | None:
        assert live.state is not None, "only what is known is read for"
        window, log = live.state.window, live.partition.log
        end = log.last_stable_offset if settings.is_committed else log.high_watermark
        if window.first_free() >= end:
            return None  # as it mostly is for those who wait, whoever of them was served
        isolation = _COMMITTED if settings.is_committed else _UNCOMMITTED
        max_bytes = max(1, self._ask.max_bytes // sharers)
        try:
            found = log.read(window.first_free(), max_bytes, is_first, isolation)
        except OffsetOutOfRangeError:
            if log.start_offset <= window.first_free():
                raise
            live.state.move_log_start(log.start_offset)
            found = log.read(window.first_free(), max_bytes, is_first, isolation)
        records, _, _, log_start, aborted = found
        live.state.move_log_start(log_start)
        if records is None:
            return None
        return _Read(wanted, live, settings, memoryview(records), aborted)

    # ------------------------------------------------------------ acquiring

    def _acquire_all(self, reads: Iterable[_Read]) -> bool:
        """Acquire from what was read; return whether that changed what is to be read next."""
        left, is_new = self._ask.max_records, False
        now_ms = self._shares.world.scheduler.monotonic_ms()
        for read in reads:
            assert read.live.state is not None, "it was read for"
            before = read.live.state.window.first_free()
            ask = self._ask
            wish = Wish(
                ask.member_id, left, ask.batch_size, ask.is_record_limit, now_ms, read.settings
            )
            batches = LogBatches(read.view)
            acquired = read.live.acquire(wish, batches, read.aborted)
            is_new = is_new or read.live.state.window.first_free() != before
            if acquired:
                left -= sum(each.last - each.first + 1 for each in acquired)
                self.results[read.wanted] = PartitionData(
                    partition_index=read.wanted.partition,
                    records=batches.between(acquired[0].first, acquired[-1].last),
                    acquired_records=[_told(each) for each in acquired],
                )
                if left <= 0:
                    break
        return is_new


def failed(partition: int, error: KafkaError) -> PartitionData:
    """Make the answer for a partition that cannot be read."""
    return PartitionData(
        partition_index=partition,
        error_code=error.code,
        error_message=str(error) or None,
        records=NOTHING,
    )


def _told(acquired: Acquired) -> AcquiredRecords:
    return AcquiredRecords(
        first_offset=acquired.first,
        last_offset=acquired.last,
        delivery_count=acquired.deliveries,
    )


def _size(reads: Sequence[_Read]) -> int:
    return sum(len(read.view) for read in reads)
