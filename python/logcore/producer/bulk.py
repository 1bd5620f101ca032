"""Many records of one call, as lists or columns, appended piece by piece as room allows.

A column of Arrow's may be of any library: pyarrow, polars, duckdb; none is needed here.
Invariant: records are appended in order, each once; how much room the next one takes is known
before it is tried.
Neighbours: `placing` and `waiting` append these, for coroutines and for threads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from logcore.common.errors import InvalidArgumentError
from logcore.producer.room import RECORD_BYTES, Sizes, room_for
from logcore.record.encoding import ArrowColumn, RecordAccumulator

if TYPE_CHECKING:
    from typing_extensions import Buffer

_ARROW: Final = ("__arrow_c_stream__", "__arrow_c_array__")


class Bulk(Protocol):
    """Records of one topic."""

    @property
    def topic(self) -> str:
        """Where they go."""

    def __len__(self) -> int: ...

    def append(self, to: RecordAccumulator, start: int) -> tuple[int, list[Any]]:
        """Append from a record on; how many were taken, and the tickets of their batches."""

    def room_at(self, at: int) -> int:
        """Return how much room a record takes, at most."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Records as a list of values, and perhaps one of keys."""

    topic: str
    values: Sequence[bytes | None]
    keys: Sequence[bytes | None] | None
    partition: int | None
    timestamp: int | None

    def __len__(self) -> int:
        return len(self.values)

    def append(self, to: RecordAccumulator, start: int) -> tuple[int, list[Any]]:
        """Append from a record on."""
        return to.append_many(
            self.topic, self.values, self.keys, self.partition, self.timestamp, start
        )

    def room_at(self, at: int) -> int:
        """Return how much room a record takes."""
        return room_for(self.values[at], None if self.keys is None else self.keys[at])


@dataclass(slots=True)
class Buffers:
    """Records whose values lie back to back in one buffer, and keys perhaps in another.

    Attributes:
        values: The bytes of all values.
        lengths: Bytes of each value, -1 for null.
        keys: The bytes of all keys.
        key_lengths: Bytes of each key.
    """

    topic: str
    values: "Buffer"
    lengths: "Buffer | Sequence[int]"
    keys: "Buffer | None"
    key_lengths: "Buffer | Sequence[int] | None"
    partition: int | None
    timestamp: int | None
    _sizes: Sizes = field(init=False)

    def __post_init__(self) -> None:
        self._sizes = Sizes(self.lengths, self.key_lengths)

    def __len__(self) -> int:
        return len(self._sizes)

    def append(self, to: RecordAccumulator, start: int) -> tuple[int, list[Any]]:
        """Append from a record on."""
        return to.append_columns(
            self.topic,
            self.values,
            self.lengths,
            self.keys,
            self.key_lengths,
            self.partition,
            self.timestamp,
            start,
        )

    def room_at(self, at: int) -> int:
        """Return how much room a record takes."""
        return self._sizes.room_at(at)


@dataclass(frozen=True, slots=True)
class ArrowColumns:
    """Records whose values, and perhaps keys, are columns that another library holds."""

    topic: str
    values: ArrowColumn
    keys: ArrowColumn | None
    partition: int | None
    timestamp: int | None

    def __len__(self) -> int:
        return len(self.values)

    def append(self, to: RecordAccumulator, start: int) -> tuple[int, list[Any]]:
        """Append from a record on."""
        return to.append_arrow(
            self.topic, self.values, self.keys, self.partition, self.timestamp, start
        )

    def room_at(self, at: int) -> int:
        """Return how much room a record takes."""
        key_bytes = 0 if self.keys is None else self.keys.size_at(at)
        return RECORD_BYTES + self.values.size_at(at) + key_bytes


def columns(
    topic: str,
    values: "Buffer | object",
    lengths: "Buffer | Sequence[int] | None",
    keys: "Buffer | object | None",
    key_lengths: "Buffer | Sequence[int] | None",
    *rest: int | None,
) -> Bulk:
    """Return records in columns: buffers if there are lengths, Arrow's otherwise.

    Raises:
        InvalidArgumentError: If lengths and buffers do not agree.
        TypeError: If there are no lengths, and the columns are none of Arrow's.
    """
    partition, timestamp = rest
    if lengths is not None:
        return Buffers(topic, values, lengths, keys, key_lengths, partition, timestamp)  # type: ignore[arg-type]  # encoding looks
    if key_lengths is not None:
        raise InvalidArgumentError("key_lengths without lengths: Arrow's columns need neither")
    made = _arrow_column("values", values)
    made_keys = None if keys is None else _arrow_column("keys", keys)
    return ArrowColumns(topic, made, made_keys, partition, timestamp)


def _arrow_column(what: str, column: object) -> ArrowColumn:
    if not any(hasattr(column, name) for name in _ARROW):
        kind = type(column).__name__
        raise TypeError(f"{what} are {kind}, no column of Arrow's: say how long each is")
    return ArrowColumn(column)


def pairs(values: Sequence[Any], keys: Sequence[Any] | None) -> Iterator[tuple[Any, Any]]:
    """Return values with their keys, one by one.

    Raises:
        InvalidArgumentError: If there are not as many keys as values.
    """
    if keys is None:
        return ((value, None) for value in values)
    if len(keys) != len(values):
        raise InvalidArgumentError(f"there are {len(values)} values and {len(keys)} keys")
    return zip(values, keys, strict=True)
