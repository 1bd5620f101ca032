"""Handing records out: one by one, in lists, or in columns, from what was fetched.

Invariant: what is handed out of a partition follows what was handed out before; what a deserializer
fails on is told with its place, and reading goes on behind it.
Neighbours: `subscription` holds what was fetched; `async_consumer` and `consumer` wait for it.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, NamedTuple

from logcore.common.errors import SerializationError
from logcore.consumer.subscription import FetchBuffer, PartitionState
from logcore.record import ConsumerRecord
from logcore.record.decoding import Columns

Deserializer = Callable[[bytes], Any]


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
        key_deserializer: Makes something of the bytes of keys.
        value_deserializer: Makes something of the bytes of values.
    """

    def __init__(
        self,
        buffer: FetchBuffer,
        taken: Callable[[], object],
        slice_count: int,
        key_deserializer: Deserializer | None = None,
        value_deserializer: Deserializer | None = None,
    ) -> None:
        self._buffer = buffer
        self._taken = taken
        self._slice_count = slice_count
        self._key_deserializer = key_deserializer
        self._value_deserializer = value_deserializer
        self._deserializes = key_deserializer is not None or value_deserializer is not None
        self._current: PartitionState | None = None

    def next_chunk(self) -> PartitionState | None:
        """Return the partition whose `current` records come next, if there are any."""
        state = self._current
        if state is not None and state.current is not None and not state.is_paused:
            return state
        state = self._buffer.take()
        self._current = state
        if state is not None:
            self._taken()
        return state

    def slice_of(self, state: PartitionState) -> Iterable[ConsumerRecord]:
        """Return the next records of a partition, one by one, at most ``slice_count``."""
        chunk = state.current
        if chunk is None:
            return ()
        if chunk.next_offset >= chunk.end_offset:
            self._buffer.finish(state)
            return ()
        records = islice(chunk, self._slice_count)
        return map(self._deserialize, records) if self._deserializes else records

    def take_from(self, state: PartitionState, count: int) -> list[ConsumerRecord]:
        """Return the next records of a partition in a list."""
        chunk = state.current
        if chunk is None:
            return []
        records = chunk.take(count)
        if chunk.next_offset >= chunk.end_offset or len(records) < count:
            self._buffer.finish(state)
        return [self._deserialize(each) for each in records] if self._deserializes else records

    def columns_from(self, state: PartitionState) -> ColumnBatch:
        """Return the rest of what was fetched of a partition as columns."""
        chunk = state.current
        assert chunk is not None, "the caller looked"
        columns = chunk.columns()
        self._buffer.finish(state)
        return ColumnBatch(*state.place, columns)

    def _deserialize(self, record: ConsumerRecord) -> ConsumerRecord:
        key, value = record.key, record.value
        try:
            if self._key_deserializer is not None and key is not None:
                key = self._key_deserializer(key)
            if self._value_deserializer is not None and value is not None:
                value = self._value_deserializer(value)
        except Exception as error:
            place = f"{record.topic}-{record.partition} at offset {record.offset}"
            raise SerializationError(
                f"the deserializer failed on {place}: {error!r}; reading goes on behind it",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
            ) from error
        return record.with_key_and_value(key, value)
