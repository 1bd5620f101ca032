"""What a consumer reads: its partitions, and where it stands in each. Pure.

Records that were fetched wait per partition, in order; what is handed out knows how far it was
read.
Invariants: a position is past everything handed out, and at or before everything that waits; after
a seek, or when a partition is taken away, nothing that was fetched before is handed out. A pause
ends what is iterated over at once, and loses nothing of it.
Neighbours: `fetcher` fills this, `async_consumer` hands out from it, `membership` assigns.
"""

import re
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from logcore.client.positions import TopicPartition
from logcore.common.errors import IllegalStateError
from logcore.consumer.preparing import Prepared
from logcore.consumer.reset import ResetTo
from logcore.record import ConsumerRecord
from logcore.record.decoding import FetchedRecords

UNKNOWN: Final = -1
Done: TypeAlias = Callable[[TopicPartition, FetchedRecords], object]
"""Told what nothing more is handed out of."""


@dataclass(slots=True, eq=False)
class PartitionState:
    """One partition of the assignment.

    Attributes:
        place: Its topic and number.
        fetch_offset: Where to fetch next; None until it is known.
        reset_to: Where to look for a position; None unless one is to be looked for.
        is_paused: Whether nothing of it is handed out.
        version: Goes up when what was fetched is void.
        current: What is being handed out.
        unprepared: The records before `current` that hooks of the program were to make something
            of, and did not.
        held: What hooks have made of the records before those, until it is handed out.
        buffered_bytes: How much was fetched that is not being handed out.
        leader_epoch: Of the position, -1 if unknown.
        preferred: The replica that the leader said to read from, and until when, in seconds.
        not_before: When to fetch again after an error, in seconds.
        on_done: Told of what was fetched once nothing more of it is handed out.
    """

    place: TopicPartition
    fetch_offset: int | None = None
    reset_to: ResetTo | None = None
    is_paused: bool = False
    version: int = 0
    current: FetchedRecords | None = None
    unprepared: list[ConsumerRecord] = field(default_factory=list)
    held: deque[Prepared] = field(default_factory=deque)
    parked: deque[FetchedRecords] = field(default_factory=deque)
    buffered_bytes: int = 0
    buffered: int = 0
    first_buffered: int | None = None
    leader_epoch: int = -1
    high_watermark: int = UNKNOWN
    last_stable_offset: int = UNKNOWN
    log_start_offset: int = UNKNOWN
    preferred: tuple[int, float] | None = None
    not_before: float = 0.0
    on_done: Done | None = None

    @property
    def position(self) -> int | None:
        """The next offset to hand out; None until it is known."""
        if self.held:
            with suppress(IndexError):  # another thread may hand it out meanwhile
                return self.held[0].offset
        unprepared = self.unprepared  # another thread may replace it
        if unprepared:
            return unprepared[0].offset
        if self.current is not None:
            return self.current.next_offset
        if self.first_buffered is not None:
            return self.first_buffered
        return self.fetch_offset

    @property
    def is_in_hand(self) -> bool:
        """Whether something of it is being handed out."""
        return self.current is not None or self.is_ahead

    @property
    def is_ahead(self) -> bool:
        """Whether records were taken out of `current` and not handed out yet."""
        return bool(self.held or self.unprepared)

    def pause(self) -> None:
        """Hand out nothing; what is being iterated over ends, and goes on once that is over."""
        self.is_paused = True
        paused = self.current
        if paused is not None and paused.next_offset < paused.end_offset:
            self.current = paused.rest()

    def seek(self, offset: int | None, reset_to: ResetTo | None = None) -> None:
        """Read on elsewhere; what was fetched is void."""
        self.void()
        self.fetch_offset = offset
        self.reset_to = reset_to
        self.leader_epoch = -1

    def void(self) -> None:
        """Hand out nothing of what was fetched."""
        self.fetch_offset = self.position
        self.version += 1
        self.parked.clear()
        self.held.clear()
        self.unprepared = []
        self.buffered = self.buffered_bytes = 0
        self.first_buffered = None
        if self.current is not None:
            self.current.stop()
            self.end_current()

    def end_current(self) -> None:
        """Take note that nothing more is handed out of what was being handed out."""
        if self.current is not None and self.on_done is not None:
            self.on_done(self.place, self.current)
        self.current = None


class FetchBuffer:
    """What was fetched and not handed out yet, of all partitions, oldest first."""

    def __init__(self) -> None:
        self._ready: deque[tuple[PartitionState, int, FetchedRecords]] = deque()
        self._lock = threading.Lock()  # one thread fetches, another may hand out

    def put(self, state: PartitionState, records: FetchedRecords) -> None:
        """Add what was fetched of a partition, and fetch behind it from now on."""
        with self._lock:
            if state.buffered == 0 and state.current is None:
                state.first_buffered = records.next_offset
            state.buffered += 1
            state.buffered_bytes += records.size_bytes
            state.fetch_offset = records.end_offset
            self._ready.append((state, state.version, records))

    def take(self) -> PartitionState | None:
        """Return a partition whose `current` is to be handed out next; None if there is none."""
        with self._lock:
            while self._ready:
                state, version, records = self._ready.popleft()
                if version != state.version:
                    continue
                if state.is_paused:
                    state.parked.append(records)
                    continue
                state.buffered -= 1
                state.buffered_bytes -= records.size_bytes
                state.first_buffered = None
                state.current = records
                return state
        return None

    def finish(self, state: PartitionState) -> None:
        """Take note that what was being handed out of a partition is all handed out."""
        with self._lock:
            if state.current is not None:
                after = state.current.next_offset
                state.end_current()
                state.first_buffered = after if state.buffered else None

    def unpark(self, state: PartitionState) -> None:
        """Have handed out again what waited because its partition was paused."""
        with self._lock:
            for records in reversed(state.parked):
                self._ready.appendleft((state, state.version, records))
            state.parked.clear()

    def __len__(self) -> int:
        return len(self._ready)

    def __bool__(self) -> bool:
        with self._lock:
            return any(
                version == state.version and not state.is_paused
                for state, version, _ in self._ready
            )


class Subscription:
    """What is to be read, by subscription or by assignment.

    Attributes:
        topics: The topics subscribed to.
        pattern: The pattern subscribed to.
        partitions: The assignment.
        is_manual: Whether partitions are assigned by hand.
        on_done: What partitions tell of what was fetched; see `PartitionState`.
    """

    def __init__(self) -> None:
        self.topics: frozenset[str] = frozenset()
        self.pattern: re.Pattern[str] | None = None
        self.partitions: dict[TopicPartition, PartitionState] = {}
        self.is_manual = False
        self.on_done: Done | None = None

    @property
    def is_subscribed(self) -> bool:
        """Whether partitions come from a group."""
        return bool(self.topics) or self.pattern is not None

    def subscribe(self, topics: Iterable[str], pattern: re.Pattern[str] | None) -> None:
        """Subscribe.

        Raises:
            IllegalStateError: If partitions are assigned by hand.
        """
        if self.is_manual and self.partitions:
            raise IllegalStateError("partitions are assigned by hand: unsubscribe() comes first")
        self.is_manual = False
        self.topics = frozenset(topics)
        self.pattern = pattern

    def assign(self, places: Iterable[TopicPartition]) -> None:
        """Read certain partitions; those that stay keep their positions.

        Raises:
            IllegalStateError: If topics are subscribed to.
        """
        if self.is_subscribed:
            raise IllegalStateError("topics are subscribed to: unsubscribe() comes first")
        self.is_manual = True
        self.replace(places)

    def replace(self, places: Iterable[TopicPartition]) -> None:
        """Change the assignment; partitions that stay keep everything."""
        wanted = dict.fromkeys(places)
        for place in self.partitions.keys() - wanted.keys():
            self.partitions.pop(place).void()
        for place in wanted:
            if place not in self.partitions:
                self.partitions[place] = PartitionState(place, on_done=self.on_done)

    def clear(self) -> None:
        """Read nothing any more."""
        self.replace(())
        self.topics = frozenset()
        self.pattern = None
        self.is_manual = False

    def state(self, place: tuple[str, int]) -> PartitionState:
        """Return a partition of the assignment.

        Raises:
            IllegalStateError: If it is not assigned.
        """
        found = self.partitions.get(TopicPartition(*place))
        if found is None:
            topic, partition = place
            raise IllegalStateError(f"{topic}-{partition} is not assigned to this consumer")
        return found

    def positions(self) -> dict[TopicPartition, int]:
        """Return the positions that are known."""
        found = {place: state.position for place, state in self.partitions.items()}
        return {place: position for place, position in found.items() if position is not None}

    def without_position(self) -> list[PartitionState]:
        """Return the partitions whose position is to be found out."""
        return [state for state in self.partitions.values() if state.position is None]
