"""Handing records out: which of those read from the log a member gets.

First come records that are free again, then new ones. Invariant: what was handed out almost as
often as is allowed comes in ever smaller pieces, at last alone, so that a bad record does not drag
its neighbours along.
Neighbours: `share_partition` calls; `window` holds the records; `log_batches` has the headers.
Source: KIP-932, KIP-1206 for the mode with a record limit, Apache Kafka 4.3.1 for the small pieces.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from logcore.broker.share.log_batches import NO_OFFSET, LogBatch, LogBatches
from logcore.broker.share.record_states import RecordState
from logcore.broker.share.settings import ShareSettings
from logcore.broker.share.window import NOBODY, Run, Window

_NEVER_ALONE: Final = 2
"""With a limit up to this, no record is handed out alone."""

_delivery: Final = attrgetter("delivery")


class Acquired(NamedTuple):
    """Records that a member got.

    Attributes:
        first: The first offset.
        last: The last offset.
        deliveries: How often they have been handed out, this time counted.
    """

    first: int
    last: int
    deliveries: int


class Wish(NamedTuple):
    """What is asked for.

    Attributes:
        member: Who asks.
        max_records: How many records at most; whole batches may be more.
        batch_size: How many records an acquired range is to have, about.
        is_record_limit: Whether `max_records` is exact.
        now_ms: The time.
        settings: The group's settings.
    """

    member: str
    max_records: int
    batch_size: int
    is_record_limit: bool
    now_ms: int
    settings: ShareSettings


class Acquisition:
    """One fetch's share of one partition.

    Args:
        window: The records in flight.
        wish: What is asked for.
        batches: What was read from the log, at the window's first free record.
    """

    __slots__ = ("_acquired", "_batches", "_count", "_is_full", "_window", "_wish")

    def __init__(self, window: Window, wish: Wish, batches: LogBatches) -> None:
        self._window = window
        self._wish = wish
        self._batches = batches
        self._acquired: list[Acquired] = []
        self._count = 0
        self._is_full = False

    def make(self, aborted: Sequence[tuple[int, int]]) -> list[Acquired]:
        """Hand out, and return what; see `SharePartition.acquire`."""
        window, base = self._window, self._batches.first_offset
        if base == NO_OFFSET or self._wish.max_records <= 0:
            return []
        free = window.first_free()
        if free < base:  # the log has let go of them, by compaction
            window.archive_free(free, base - 1)
        if free < window.next_offset:
            self._again(free)
        if not self._is_full:
            self._anew(base)
        if aborted and self._acquired:
            return self._without(aborted)
        return self._acquired

    @property
    def _left(self) -> int:
        return self._wish.max_records - self._count

    # ------------------------------------------------------------ what is free again

    def _again(self, first: int) -> None:
        window = self._window
        last = min(self._batches.reach(window.next_offset - 1), window.next_offset - 1)
        first = max(first, window.start_offset)
        if last < first:
            return
        runs = [run for run in window.overlapping(first, last) if run.is_free]
        for delivery, group in groupby(runs, key=_delivery):
            self._again_of(delivery[1] - delivery[0] + 1, list(group), first, last)
            if self._left <= 0:
                self._is_full = True
            if self._is_full:
                return

    def _again_of(self, size: int, runs: list[Run], first: int, last: int) -> None:
        """Hand out what is free of one earlier delivery."""
        limit = self._wish.settings.delivery_count_limit
        small_from = max(_NEVER_ALONE, -(-limit // 2))
        is_small = max(run.count for run in runs) >= small_from
        if is_small and self._count:
            self._is_full = True
            return
        taken, piece = 0, None
        for run in runs:
            if limit > _NEVER_ALONE and run.count == limit - 1 and taken:
                break
            if run.count >= small_from and piece is None:
                piece = max(1, size >> (run.count - small_from + 1))
            begin, end = max(run.first, first), min(run.last, last)
            wanted = self._wanted(run, begin, end)
            if piece is not None:
                wanted = min(wanted, piece - taken)
            if limit > _NEVER_ALONE and run.count == limit - 1:
                wanted = min(wanted, 1)
            if wanted <= 0:
                break
            is_alone = limit > _NEVER_ALONE and run.count == limit - 1
            self._hold(begin, begin + wanted - 1)
            taken += wanted
            if is_alone or begin + wanted <= end or taken == piece:
                break
        self._is_full = self._is_full or (is_small and taken > 0)

    def _wanted(self, run: Run, begin: int, end: int) -> int:
        """Return how many records of a free run may be taken from `begin` to `end`."""
        if self._wish.is_record_limit:
            return min(end - begin + 1, self._left)
        if run.count == 0:  # never handed out since the broker started: as if it were new
            if self._left <= 0:
                return 0
            end = min(end, self._batches.reach(begin + self._left - 1))
        return end - begin + 1

    def _hold(self, first: int, last: int) -> None:
        for run in self._window.exactly(first, last):
            run.count += 1
            self._lock(run)
            before = self._acquired[-1] if self._acquired else None
            if before is not None and self._continues(before, run):
                self._acquired[-1] = before._replace(last=run.last)
            else:
                self._acquired.append(Acquired(run.first, run.last, run.count))
        self._count += last - first + 1

    def _continues(self, before: Acquired, run: Run) -> bool:
        return (
            before.last + 1 == run.first
            and before.deliveries == run.count
            and run.delivery[0] <= before.last
        )

    def _lock(self, run: Run) -> None:
        wish = self._wish
        run.state, run.member = RecordState.ACQUIRED, wish.member
        run.due_ms = wish.now_ms + wish.settings.lock_ms

    # ------------------------------------------------------------ what is new

    def _anew(self, base: int) -> None:
        window, wish = self._window, self._wish
        room = min(self._left, wish.settings.record_locks - window.in_flight)
        if room <= 0:
            return
        first = window.next_offset if window.runs else max(window.next_offset, base)
        wanted = first + room - 1
        reach = self._batches.reach(wanted)
        last = min(reach, wanted) if wish.is_record_limit else reach
        if last < first:
            return
        for begin, end in self._ranges(first, last):
            delivery = (begin, reach if end == last else end)
            run = Run(begin, end, RecordState.ACQUIRED, 1, delivery)
            self._lock(run)
            window.append(run)
            self._acquired.append(Acquired(begin, end, 1))
        self._count += last - first + 1
        if last < reach:  # the rest of a batch comes along, for whoever asks next
            window.append(Run(last + 1, reach, RecordState.AVAILABLE, 0, (first, reach)))
            window.note_free()

    def _ranges(self, first: int, last: int) -> list[tuple[int, int]]:
        """Cut new records where batches begin, into pieces of about the wanted size."""
        size = self._wish.batch_size
        if self._wish.is_record_limit or last - first < size:
            return [(first, last)]
        ranges, begin = [], first
        for batch in self._batches.read:
            if batch.base_offset > last:
                break
            if batch.base_offset - begin >= max(1, size):
                ranges.append((begin, batch.base_offset - 1))
                begin = batch.base_offset
        return [*ranges, (begin, last)]

    # ------------------------------------------------------------ what was aborted

    def _without(self, transactions: Sequence[tuple[int, int]]) -> list[Acquired]:
        """Take aborted records out of what was handed out: nobody is to see them."""
        last = max(each.last for each in self._acquired)
        aborted = self._batches.aborted(list(transactions), last)
        if not aborted:
            return self._acquired
        for acquired in self._acquired:
            for batch in aborted:
                begin = max(acquired.first, batch.base_offset)
                end = min(acquired.last, batch.last_offset)
                if begin <= end:
                    for run in self._window.exactly(begin, end):
                        run.state, run.member = RecordState.ARCHIVED, NOBODY
        self._window.advance()
        return [left for each in self._acquired for left in _left_of(each, aborted)]


def _left_of(acquired: Acquired, aborted: Sequence[LogBatch]) -> list[Acquired]:
    """Return what is left of a range without some batches, which are in order."""
    left, begin = [], acquired.first
    for batch in aborted:
        if batch.last_offset < begin or batch.base_offset > acquired.last:
            continue
        if batch.base_offset > begin:
            left.append(Acquired(begin, batch.base_offset - 1, acquired.deliveries))
        begin = batch.last_offset + 1
    if begin <= acquired.last:
        left.append(Acquired(begin, acquired.last, acquired.deliveries))
    return left
