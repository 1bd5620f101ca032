"""Handing records out: one by one, in lists, or in columns, from what was fetched.

Records that hooks of the program see are prepared first, and held until they are handed out.
Invariants: what is handed out of a partition follows what was handed out before; what cannot be
handed out is told once what comes before it was, and reading goes on behind it, if that can be.
Where a hook is interrupted, as by Ctrl-C, what it worked on comes again, and so does what nobody
has got yet.
Neighbours: `subscription` holds what was fetched; `preparing` has the hooks; `async_consumer` and
`consumer` wait for it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from logcore.common.errors import CorruptMessageError, SerializationError
from logcore.consumer.preparing import Preparing
from logcore.consumer.subscription import FetchBuffer, PartitionState
from logcore.record import ConsumerRecord
from logcore.record.decoding import ArrowBatches, Columns


class ColumnBatch(NamedTuple):
    """Records of one partition as numpy arrays."""

    topic: str
    partition: int
    columns: Columns


class HandingOut:
    """Hands out what a buffer holds; for one thread at a time.

    Args:
        buffer: What was fetched.
        taken: Called when something was taken out of the buffer, so that more may be fetched.
        slice_count: How many records to hand out before looking whether something else is due.
        hooks: What is done to records before.

    Attributes:
        is_elsewhere: Whether records are prepared elsewhere, and only what is held is handed out.
    """

    def __init__(
        self,
        buffer: FetchBuffer,
        taken: Callable[[], object],
        slice_count: int,
        hooks: Preparing | None = None,
    ) -> None:
        self._buffer = buffer
        self._taken = taken
        self._slice_count = slice_count
        self._hooks = hooks
        self.is_elsewhere = False
        self._current: PartitionState | None = None
        self._left: deque[PartitionState] = deque()

    # ------------------------------------------------------------ partitions

    def next_chunk(self) -> PartitionState | None:
        """Return the partition whose records in hand come next, if there are any."""
        state = self._current
        if state is not None and state.is_in_hand:
            if not state.is_paused:
                return state
            if state not in self._left:
                self._left.append(state)
        self._current = state = self._resumed() or self._buffer.take()
        if state is not None:
            self._taken()
        return state

    def _resumed(self) -> PartitionState | None:
        """Return a partition that was paused while it was in hand, and is not any more."""
        for _ in range(len(self._left)):
            state = self._left.popleft()
            if state.is_in_hand and not state.is_paused:
                return state
            if state.is_in_hand:
                self._left.append(state)
        return None

    @property
    def has_resumed(self) -> bool:
        """Whether there is such a partition; from any thread."""
        return any(state.is_in_hand and not state.is_paused for state in tuple(self._left))

    # ------------------------------------------------------------ records

    def slice_of(self, state: PartitionState) -> Iterable[ConsumerRecord]:
        """Return the next records of a partition, one by one, at most ``slice_count``."""
        chunk = state.current
        hooks = self._hooks
        if state.is_ahead or (hooks is not None and (hooks.interceptors or self.is_elsewhere)):
            return self._held_of(state)
        if chunk is None:
            return ()
        if chunk.next_offset >= chunk.end_offset:
            self._buffer.finish(state)
            return ()
        records = islice(chunk, self._slice_count)
        return records if hooks is None else self._deserialized(state, records, hooks)

    def _deserialized(
        self, state: PartitionState, records: Iterator[ConsumerRecord], hooks: Preparing
    ) -> Iterator[ConsumerRecord]:
        version, deserialize = state.version, hooks.deserialize.__call__  # bound once
        for record in records:
            try:
                made = deserialize(record)
            except SerializationError:
                raise
            except BaseException:
                if state.version == version:
                    state.unprepared.append(record)
                raise
            yield made

    def _held_of(self, state: PartitionState) -> Iterator[ConsumerRecord]:
        self._hold(state, self._slice_count)
        while state.held and not state.is_paused:
            record = state.held.popleft()
            if not isinstance(record, ConsumerRecord):
                raise record
            yield record

    def take_from(self, state: PartitionState, count: int) -> list[ConsumerRecord]:
        """Return the next records of a partition in a list.

        Raises:
            SerializationError, CorruptMessageError: If the first of them cannot be handed out.
        """
        records = self._pop(state, count)
        if not records and state.held and not isinstance(error := state.held[0], ConsumerRecord):
            state.held.popleft()
            raise error
        return records

    def gather(self, state: PartitionState, count: int) -> list[ConsumerRecord]:
        """Return the next records of a partition, and of those that come after it, in a list.

        Raises:
            As `take_from`.
        """
        records, taken = list[ConsumerRecord](), list[tuple[PartitionState, int, int]]()
        following: PartitionState | None = state
        try:
            while following is not None:
                taken.append((following, following.version, len(records)))
                if not self.extend(records, following, count):
                    break
                following = self.next_chunk()
        except BaseException:
            for each, version, begin in reversed(taken):
                self._give_back(each, version, records[begin:])
                del records[begin:]
            raise
        return records

    def _give_back(
        self, state: PartitionState, version: int, records: list[ConsumerRecord]
    ) -> None:
        """Have records handed out again that nobody has got."""
        if records and state.version == version:
            state.held.extendleft(reversed(records))
            if state is not self._current and state not in self._left:
                self._left.append(state)

    def extend(self, records: list[ConsumerRecord], state: PartitionState, count: int) -> bool:
        """Add the next records of a partition to a list; whether more may be added.

        Raises:
            As `take_from`, if the list is empty.
        """
        if not records:
            records += self.take_from(state, count)
            return len(records) < count
        try:
            records += self._pop(state, count - len(records))
        except CorruptMessageError:
            return False  # it is told again
        return len(records) < count and not state.held

    def _pop(self, state: PartitionState, count: int) -> list[ConsumerRecord]:
        """Take the next records of a partition, up to one that cannot be handed out."""
        if self._hooks is None and not state.is_ahead:
            return self.take(state, count)
        self._hold(state, count)
        held, records = state.held, list[ConsumerRecord]()
        while held and len(records) < count and isinstance(held[0], ConsumerRecord):
            records.append(held[0])
            held.popleft()
        return records

    def take(self, state: PartitionState, count: int) -> list[ConsumerRecord]:
        """Return the next records as they were fetched.

        Raises:
            CorruptMessageError: If the first of them is damaged.
        """
        chunk = state.current
        if chunk is None:
            return []
        records = chunk.take(count)
        if chunk.next_offset >= chunk.end_offset:
            self._buffer.finish(state)
        return records

    def _hold(self, state: PartitionState, count: int) -> None:
        """Have the next records prepared, unless some are."""
        if state.held or self._hooks is None or self.is_elsewhere:
            return
        version = state.version
        if not state.unprepared:
            state.unprepared = self.take(state, count)
        prepared = self._hooks.intercepted(self._hooks.deserialized(state.unprepared))
        if state.version == version:
            state.held, state.unprepared = deque(prepared), []

    # ------------------------------------------------------------ columns

    def columns_from(self, state: PartitionState) -> ColumnBatch | None:
        """Return the rest of what was fetched of a partition as columns, if there is any."""
        chunk = state.current
        assert chunk is not None, "the caller looked"
        columns = chunk.columns()
        if chunk.next_offset >= chunk.end_offset:
            self._buffer.finish(state)
        return ColumnBatch(*state.place, columns) if len(columns) else None

    def arrow_from(self, state: PartitionState | None) -> ArrowBatches | None:
        """Return what was fetched so far of all partitions, this one first, if there is any.

        Raises:
            CorruptMessageError: If the first of it is damaged.
        """
        batches, left = ArrowBatches(), 1 + len(self._buffer)
        while left and state is not None and state.current is not None and not state.is_ahead:
            left -= 1
            try:
                batches.add(state.current)
            except CorruptMessageError:
                if not len(batches):
                    raise
                break  # it is told again
            if state.current.next_offset >= state.current.end_offset:
                self._buffer.finish(state)
            state = self.next_chunk()
        return batches if len(batches) else None
