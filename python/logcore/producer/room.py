"""How much room a record takes in a batch, before it is there. Pure.

Invariant: never less than it will take. Whoever waits for less room than a record needs would be
told that there is some, over and over.
Neighbours: `placing` and `producer` wait for so much room.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from typing_extensions import Buffer

Headers: TypeAlias = Mapping[str, bytes | None] | Sequence[tuple[str, bytes | None]]
"""Headers of a record: pairs, whose keys may repeat, or a mapping."""

RECORD_BYTES: Final = 64
"""What a record takes besides its fields, at most."""
HEADER_BYTES: Final = 16


def room_for(value: bytes | None, key: bytes | None = None, headers: Headers | None = None) -> int:
    """Return how many bytes a record takes in a batch, at most.

    Raises:
        TypeError: If a header is not text and bytes.

    Example:
        >>> room_for(b"value", b"key")
        72
    """
    size = RECORD_BYTES + len(value or b"") + len(key or b"")
    if headers:
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        size += sum(_header_room(pair[0], pair[1]) for pair in pairs)
    return size


def _header_room(name: object, value: object) -> int:
    if not isinstance(name, str):
        raise TypeError(f"a header's name must be text, not {type(name).__name__}")
    if value is not None and not isinstance(value, bytes):
        raise TypeError(f"a header's value must be bytes or None, not {type(value).__name__}")
    return HEADER_BYTES + len(name.encode()) + len(value or b"")


class Sizes:
    """How much room records in columns take.

    Args:
        lengths: Bytes of each value.
        key_lengths: Bytes of each key, if there are keys.
    """

    def __init__(
        self, lengths: "Buffer | Sequence[int]", key_lengths: "Buffer | Sequence[int] | None"
    ) -> None:
        self._columns = [_numbers(lengths)]
        if key_lengths is not None:
            self._columns.append(_numbers(key_lengths))

    def __len__(self) -> int:
        return len(self._columns[0])

    def room_at(self, at: int) -> int:
        """Return how much room a record takes, at most."""
        return RECORD_BYTES + sum(max(column[at], 0) for column in self._columns)


def _numbers(lengths: "Buffer | Sequence[int]") -> "Sequence[int] | memoryview[int]":
    return lengths if isinstance(lengths, Sequence) else memoryview(lengths)
