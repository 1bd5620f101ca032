"""`SharePartition`: what becomes of each record that a share group reads from one partition.

Pure: the time comes in, changes to keep go out. Invariant: a record is held by one member at a
time and handed out no more often than the limit says; a change that a client asked for is under way
until `commit` or `roll_back` ends it, and nothing happens to its records meanwhile.
Neighbours: `live` keeps the changes and tells how that went; `acquiring` hands records out.
Source: KIP-932, and Apache Kafka 4.3.1's `SharePartition` for which error meets which range.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from logcore.broker.share.acquiring import Acquired, Acquisition, Wish
from logcore.broker.share.log_batches import LogBatches
from logcore.broker.share.persister import ShareState
from logcore.broker.share.record_states import AFTER, TERMINAL, AcknowledgeType, RecordState
from logcore.broker.share.settings import ShareSettings
from logcore.broker.share.window import NOBODY, Run, Transition, Window, joined
from logcore.common.errors import InvalidRecordStateError, InvalidRequestError, UnknownServerError
from logcore.coordinator.share.batches import StateBatch


class Acknowledgement(Protocol):
    """A range of a request, as both APIs have it."""

    @property
    def first_offset(self) -> int:
        """The first record."""

    @property
    def last_offset(self) -> int:
        """The last record."""

    @property
    def acknowledge_types(self) -> list[int]:
        """One type for all, or one for each."""


class SharePartition:
    """The records in flight of one group in one partition.

    Args:
        start_offset: The first record that is not done with.
        state_epoch: The epoch of what was kept.
        leader_epoch: The partition's leader epoch.

    Attributes:
        window: The records in flight.
        state_epoch: The epoch of what was kept.
        leader_epoch: The partition's leader epoch.
    """

    __slots__ = ("leader_epoch", "state_epoch", "window")

    def __init__(self, start_offset: int, state_epoch: int, leader_epoch: int) -> None:
        self.window = Window(start_offset)
        self.state_epoch = state_epoch
        self.leader_epoch = leader_epoch

    @staticmethod
    def of(state: ShareState, start_offset: int, leader_epoch: int) -> "SharePartition":
        """Take up what was kept; records that it does not tell of are free.

        Raises:
            UnknownServerError: If it makes no sense.
        """
        made = SharePartition(start_offset, state.state_epoch, leader_epoch)
        window = made.window
        for first, last, number, count in state.batches:
            if not window.next_offset <= first <= last:
                raise UnknownServerError(f"the kept state has {first} to {last} out of order")
            if first > window.next_offset:
                _append_kept(window, window.next_offset, first - 1, RecordState.AVAILABLE, 0)
            _append_kept(window, first, last, _kept_state(number), count)
        window.note_free()
        window.advance()
        return made

    # ------------------------------------------------------------ handing out

    def can_acquire(self, settings: ShareSettings) -> bool:
        """Whether a fetch may get something: a free record, or room for new ones."""
        window = self.window
        if window.first_free() != window.next_offset:
            return True
        return window.in_flight < settings.record_locks

    def acquire(
        self, wish: Wish, batches: LogBatches, aborted: Sequence[tuple[int, int]] = ()
    ) -> list[Acquired]:
        """Hand out records that were read from the log at `window.first_free()`.

        Args:
            wish: Who asks, and for how much.
            batches: What was read.
            aborted: The transactions among it that aborted, if only committed records are read.
        """
        return Acquisition(self.window, wish, batches).make(aborted)

    def move_log_start(self, offset: int) -> None:
        """Take notice that the log begins at an offset now."""
        self.window.drop_before(offset)

    # ------------------------------------------------------------ taking back

    def acknowledge(
        self,
        member: str,
        acknowledgements: Sequence[Acknowledgement],
        settings: ShareSettings,
        now_ms: int,
    ) -> Transition:
        """Take a member's word for what became of its records: all of it, or nothing.

        The ranges are in order and sound in themselves (see `acknowledging.problem`).

        Raises:
            InvalidRecordStateError: If a record is not the member's now, or no renewal is allowed.
            InvalidRequestError: If a range goes past what is in flight.
        """
        transition = Transition()
        try:
            for each in acknowledgements:
                self._acknowledge(member, each, transition, settings, now_ms)
        except (InvalidRecordStateError, InvalidRequestError):
            self.roll_back(transition, settings, now_ms)
            raise
        return transition

    def _acknowledge(
        self,
        member: str,
        each: Acknowledgement,
        transition: Transition,
        settings: ShareSettings,
        now_ms: int,
    ) -> None:
        window = self.window
        first, last = each.first_offset, each.last_offset
        if last < window.start_offset:
            return  # done with meanwhile
        self._check_range(first, last)
        first = max(first, window.start_offset)
        for run in window.overlapping(first, last):
            _check_held(run, member)
        for begin, end, kind in _by_type(each):
            if end < first:
                continue
            for run in window.exactly(max(begin, first), end):
                if kind is AcknowledgeType.RENEW:
                    if not settings.renews:
                        raise InvalidRecordStateError("locks of this group cannot be renewed")
                    run.due_ms = now_ms + settings.lock_ms
                else:
                    run.begin(transition, _state_after(run, AFTER[kind], settings))

    def _check_range(self, first: int, last: int) -> None:
        window = self.window
        if not window.runs:
            raise InvalidRecordStateError("no such records are in flight")
        if first >= window.next_offset or last >= window.next_offset:
            raise InvalidRequestError(f"records {first} to {last} go past those in flight")

    def release(self, member: str, settings: ShareSettings) -> Transition:
        """Take back all that a member holds, because it has gone."""
        transition = Transition()
        for run in self.window.runs:
            if run.state is RecordState.ACQUIRED and run.member == member:
                run.begin(transition, _state_after(run, RecordState.AVAILABLE, settings))
        return transition

    def expire(self, settings: ShareSettings, now_ms: int) -> tuple[StateBatch, ...]:
        """Take back what has been held for too long; return what is to be kept of that.

        The start stays; `window.advance` moves it once that is on its way.
        """
        late = [
            run
            for run in self.window.runs
            if run.state is RecordState.ACQUIRED and run.due_ms <= now_ms
        ]
        for run in late:
            run.state = _state_after(run, RecordState.AVAILABLE, settings)
            run.member = NOBODY
        if late:
            self.window.note_free()
        return joined(late)

    def next_due_ms(self) -> int | None:
        """Return when the next lock is over; None if nothing is held."""
        held = (run.due_ms for run in self.window.runs if run.state is RecordState.ACQUIRED)
        return min(held, default=None)

    # ------------------------------------------------------------ the end of a change

    def commit(self, transition: Transition) -> None:
        """Let a change hold: it has been kept."""
        for run in transition.runs:
            run.transition = None
            if run.state is RecordState.AVAILABLE:
                self.window.note_free()
        self.window.advance()

    def roll_back(self, transition: Transition, settings: ShareSettings, now_ms: int) -> None:
        """Take a change back: it could not be kept. What is held for too long by now is free."""
        for run in transition.runs:
            run.transition = None
            run.state, run.member = run.before
            if run.due_ms <= now_ms:
                run.state = _state_after(run, RecordState.AVAILABLE, settings)
                run.member = NOBODY
            if run.state is RecordState.AVAILABLE:
                self.window.note_free()
        self.window.advance()


def _append_kept(window: Window, first: int, last: int, state: RecordState, count: int) -> None:
    window.append(Run(first, last, state, count, (first, last)))


def _kept_state(number: int) -> RecordState:
    """Read a state; one that somebody held when the broker ended is free again."""
    try:
        state = RecordState(number)
    except ValueError:
        raise UnknownServerError(f"the kept state has records in state {number}") from None
    return state if state in TERMINAL else RecordState.AVAILABLE


def _state_after(run: Run, wanted: RecordState, settings: ShareSettings) -> RecordState:
    """Return the state that records come to: what has been handed out too often is archived."""
    if wanted is RecordState.AVAILABLE and run.count >= settings.delivery_count_limit:
        return RecordState.ARCHIVED
    return wanted


def _check_held(run: Run, member: str) -> None:
    if run.transition is not None:
        raise InvalidRecordStateError(f"records {run.first} to {run.last} are being acknowledged")
    if run.state is not RecordState.ACQUIRED:
        raise InvalidRecordStateError(f"records {run.first} to {run.last} are not acquired")
    if run.member != member:
        raise InvalidRecordStateError(f"records {run.first} to {run.last} are another member's")


def _by_type(each: Acknowledgement) -> Iterator[tuple[int, int, AcknowledgeType]]:
    """Yield the parts of a range that have one type."""
    types, first = each.acknowledge_types, each.first_offset
    if len(types) == 1:
        yield first, each.last_offset, AcknowledgeType(types[0])
        return
    begin = 0
    for at in range(1, len(types) + 1):
        if at == len(types) or types[at] != types[begin]:
            yield first + begin, first + at - 1, AcknowledgeType(types[begin])
            begin = at
