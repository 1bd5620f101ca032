"""The window of records in flight of one share partition, as runs of equal state.

Invariant: runs lie end to end from `start_offset` to `next_offset`; each is whole in one state and
belongs to one delivery. A run under a transition is neither handed out nor passed by the start. So
memory goes with the number of different states, not of records.
Neighbours: `share_partition` moves states, `acquiring` hands records out.
"""

from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import Final

from logcore.broker.share.record_states import TERMINAL, RecordState
from logcore.coordinator.share.batches import StateBatch

NOBODY: Final = ""
"""The member that holds a record which no member holds."""

_first: Final = attrgetter("first")


class Transition:
    """Changes of state that hold once they are kept, or are taken back together.

    Attributes:
        runs: What changes; a run that is split meanwhile is here in both its parts.
    """

    __slots__ = ("runs",)

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def batches(self) -> tuple[StateBatch, ...]:
        """Return what is to be kept, in order, neighbours of one state together."""
        return joined(self.runs)


class Run:
    """Records that lie side by side and have one state.

    Attributes:
        first: The first offset.
        last: The last offset.
        state: What has become of them.
        count: How often they have been handed out.
        member: Who holds them, empty if nobody does.
        due_ms: When their lock is over, while somebody holds them.
        delivery: First and last offset of what they were first handed out with.
        transition: The change they are under, if any.
        before: The state and the member that they return to if it fails.
    """

    __slots__ = (
        "before",
        "count",
        "delivery",
        "due_ms",
        "first",
        "last",
        "member",
        "state",
        "transition",
    )

    def __init__(
        self, first: int, last: int, state: RecordState, count: int, delivery: tuple[int, int]
    ) -> None:
        self.first = first
        self.last = last
        self.state = state
        self.count = count
        self.member = NOBODY
        self.due_ms = 0
        self.delivery = delivery
        self.transition: Transition | None = None
        self.before = (state, NOBODY)

    @property
    def is_free(self) -> bool:
        """Whether it can be handed out."""
        return self.state is RecordState.AVAILABLE and self.transition is None

    @property
    def is_over(self) -> bool:
        """Whether nothing becomes of it any more."""
        return self.state in TERMINAL and self.transition is None

    def cut(self, offset: int) -> "Run":
        """Give up the records from an offset on, as a run of its own."""
        assert self.first < offset <= self.last, "a cut lies inside"
        later = Run(offset, self.last, self.state, self.count, self.delivery)
        later.member, later.due_ms, later.before = self.member, self.due_ms, self.before
        self.last = offset - 1
        if self.transition is not None:
            later.transition = self.transition
            self.transition.runs.append(later)
        return later

    def begin(self, transition: Transition, state: RecordState) -> None:
        """Change the state for the time being."""
        assert self.transition is None, "one change at a time"
        self.before = (self.state, self.member)
        self.state, self.member, self.transition = state, NOBODY, transition
        transition.runs.append(self)


class Window:
    """The records in flight.

    Args:
        start_offset: The first record that is not done with.

    Attributes:
        start_offset: The first record that is not done with.
        next_offset: The first record that was never handed out.
        runs: What lies between, in order.
    """

    __slots__ = ("_has_free", "next_offset", "runs", "start_offset")

    def __init__(self, start_offset: int) -> None:
        self.start_offset = start_offset
        self.next_offset = start_offset
        self.runs: list[Run] = []
        self._has_free = False

    @property
    def in_flight(self) -> int:
        """How many offsets it covers."""
        return self.next_offset - self.start_offset

    @property
    def complete_count(self) -> int:
        """How many of them are done with, changes under way counted."""
        return sum(run.last - run.first + 1 for run in self.runs if run.state in TERMINAL)

    def note_free(self) -> None:
        """Say that records may have become free."""
        self._has_free = True

    def first_free(self) -> int:
        """Return the first offset to hand out: of a record in flight, else the next new one."""
        if self._has_free:
            for run in self.runs:
                if run.is_free:
                    return run.first
            self._has_free = False
        return self.next_offset

    def overlapping(self, first: int, last: int) -> Iterator[Run]:
        """Yield the runs that hold offsets from `first` to `last`."""
        runs = self.runs
        at = max(0, bisect_right(runs, first, key=_first) - 1)
        while at < len(runs) and runs[at].first <= last:
            if runs[at].last >= first:
                yield runs[at]
            at += 1

    def exactly(self, first: int, last: int) -> list[Run]:
        """Return the runs from `first` to `last`, which lie inside, cut to fit."""
        assert self.start_offset <= first <= last < self.next_offset, "only what is in flight"
        begin = self._cut_at(first)
        end = len(self.runs) if last + 1 == self.next_offset else self._cut_at(last + 1)
        return self.runs[begin:end]

    def _cut_at(self, offset: int) -> int:
        """Let a run begin at an offset; return its place."""
        at = bisect_right(self.runs, offset, key=_first) - 1
        if self.runs[at].first == offset:
            return at
        self.runs.insert(at + 1, self.runs[at].cut(offset))
        return at + 1

    def append(self, run: Run) -> None:
        """Take new records in, behind the others."""
        if not self.runs:
            self.start_offset = run.first
        else:
            assert run.first == self.next_offset, "runs lie end to end"
        self.runs.append(run)
        self.next_offset = run.last + 1

    def advance(self) -> bool:
        """Move the start past what is done with; tell whether it moved."""
        done = 0
        for run in self.runs:
            if not run.is_over:
                break
            done += 1
        if not done:
            return False
        del self.runs[:done]
        self.start_offset = self.runs[0].first if self.runs else self.next_offset
        return True

    def drop_before(self, offset: int) -> None:
        """Forget what lies before an offset: the log has let go of it."""
        if offset <= self.start_offset:
            return
        if offset >= self.next_offset:
            self.runs.clear()
            self.start_offset = self.next_offset = offset
            return
        del self.runs[: self._cut_at(offset)]
        self.start_offset = offset
        self.advance()

    def archive_free(self, first: int, last: int) -> None:
        """Be done with free records among some offsets: the log has them no more."""
        last = min(last, self.next_offset - 1)
        first = max(first, self.start_offset)
        if first <= last:
            for run in self.exactly(first, last):
                if run.is_free:
                    run.state = RecordState.ARCHIVED
            self.advance()


def joined(runs: list[Run]) -> tuple[StateBatch, ...]:
    """Return runs as batches to keep, in order, neighbours of one state and count together."""
    found: list[StateBatch] = []
    for run in sorted(runs, key=_first) if len(runs) > 1 else runs:
        batch = StateBatch(run.first, run.last, run.state, run.count)
        last = found[-1] if found else None
        if last is not None and (last.last_offset + 1, *last[2:]) == (run.first, *batch[2:]):
            found[-1] = batch._replace(first_offset=last.first_offset)
        else:
            found.append(batch)
    return tuple(found)
