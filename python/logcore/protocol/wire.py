"""The bytes under the messages: sizes of primitives, varints, tagged sections, packers by count.

These are the few things that compiled codecs call instead of spelling out.
Invariant: what reads raises `MalformedMessageError`, `IndexError` or `struct.error` on bad bytes
and nothing else, and allocates nothing whose size the bytes merely declare.
Neighbours: `reading` and `writing` make source text that calls these; `header` uses them too.
"""

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NoReturn

from logcore.common.errors import UnsupportedVersionError
from logcore.protocol.errors import MalformedMessageError, UnencodableMessageError

if TYPE_CHECKING:
    from typing_extensions import Buffer

FORMATS: Final = {
    "bool": "?",
    "int8": "b",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "float64": "d",
    "uuid": "16s",
}
"""The letter by which `struct` knows each primitive of a fixed size."""

SIZES: Final = {kind: struct.calcsize(f">{letter}") for kind, letter in FORMATS.items()}

CALLED_BY_READERS: Final = (
    "cut_short",
    "malformed",
    "more_string_length",
    "more_varint",
    "read_varint",
    "skip_tags",
    "too_many",
)
CALLED_BY_WRITERS: Final = ("lacking", "string_varint", "unencodable", "varint")

STRING_BYTES_MAX: Final = 0x7FFF
VARINT_ONE_BYTE_MAX: Final = 0x7F
VARINT_SHIFT_MAX: Final = 28
INT32_MAX: Final = 0x7FFF_FFFF
PACKERS_MAX: Final = 512
FEW: Final = 9


def more_varint(first: int, data: "Buffer", position: int) -> tuple[int, int]:
    """Read the rest of an unsigned varint whose first byte has its high bit set.

    Args:
        first: That byte.
        data: The message.
        position: Where its second byte is.

    Returns:
        The value, and the position behind it.

    Raises:
        MalformedMessageError: If it does not fit 32 bits.
        IndexError: If the bytes end before it does.
    """
    value = first & VARINT_ONE_BYTE_MAX
    shift = 7
    while True:
        byte = data[position]  # type: ignore[index]  # bytes or a memoryview
        position += 1
        value |= (byte & VARINT_ONE_BYTE_MAX) << shift
        if byte <= VARINT_ONE_BYTE_MAX:
            break
        shift += 7
        if shift > VARINT_SHIFT_MAX:
            raise MalformedMessageError(f"a varint at {position} is longer than 5 bytes")
    if value > INT32_MAX:
        raise MalformedMessageError(f"a varint before {position} says {value}: no length is that")
    return value, position


def read_varint(data: "Buffer", position: int) -> tuple[int, int]:
    """Read an unsigned varint; returns and raises as `more_varint`."""
    first: int = data[position]  # type: ignore[index]  # bytes or a memoryview
    if first <= VARINT_ONE_BYTE_MAX:
        return first, position + 1
    return more_varint(first, data, position + 1)


def more_string_length(first: int, data: "Buffer", position: int) -> tuple[int, int]:
    """Read a long string's length plus one, as `more_varint`, and bound it as Kafka does."""
    length, position = more_varint(first, data, position)
    if length > STRING_BYTES_MAX + 1:
        raise MalformedMessageError(f"a string before {position} claims {length - 1} bytes")
    return length, position


def skip_tags(data: "Buffer", position: int, size: int, count: int) -> int:
    """Skip tagged fields, none of which this version of the message knows.

    Args:
        data: The message.
        position: Where the first tag is.
        size: Where the message ends.
        count: How many fields there are; its first byte only, if it is longer.

    Returns:
        The position behind the last field.
    """
    if count > VARINT_ONE_BYTE_MAX:
        count, position = more_varint(count, data, position)
    for _ in range(count):
        _, position = read_varint(data, position)
        length, position = read_varint(data, position)
        position += length
        if position > size:
            cut_short("a tagged field", position - length, length, size)
    return position


def cut_short(what: str, position: int, length: int, size: int) -> NoReturn:
    """Refuse a length or a count that the bytes left do not bear out.

    Raises:
        MalformedMessageError: Always.
    """
    raise MalformedMessageError(f"{what} at {position} declares {length}, in {size} bytes in all")


def too_many(what: str, most: int) -> NoReturn:
    """Refuse a request that would become far more memory than it has bytes.

    Raises:
        MalformedMessageError: Always.
    """
    raise MalformedMessageError(f"{what}: a request with more than {most} elements of arrays")


def malformed(what: str, error: Exception) -> MalformedMessageError:
    """Make the error for bytes that end early or hold no text."""
    return MalformedMessageError(f"{what}: {error}")


def varint(value: int) -> bytes:
    """Write an unsigned varint.

    Example:
        >>> varint(300).hex()
        'ac02'
    """
    written = bytearray()
    while value > VARINT_ONE_BYTE_MAX:
        written.append(value & VARINT_ONE_BYTE_MAX | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def string_varint(value: int) -> bytes:
    """Write a string's length plus one, bounded as Kafka does."""
    if value > STRING_BYTES_MAX + 1:
        raise UnencodableMessageError(f"a string of {value - 1} bytes is too long")
    return varint(value)


def unencodable(what: str, version: int, error: Exception) -> UnencodableMessageError:
    """Make the error for a value that does not fit its field."""
    return UnencodableMessageError(f"{what}, version {version}: {error}")


def lacking(what: str, version: int) -> NoReturn:
    """Refuse to drop a value that somebody set, in a version without its field.

    Raises:
        UnsupportedVersionError: Always.
    """
    raise UnsupportedVersionError(f"version {version} has no {what}, and it is not the default")


class Packers(dict[Any, Callable[..., bytes]]):
    """Packs fixed fields with arrays of numbers between them, one packer per lengths of the arrays.

    Attributes:
        parts: The formats around the arrays, the arrays' own letters between them.
    """

    def __init__(self, parts: tuple[str, ...]) -> None:
        super().__init__()
        self.parts = parts

    def __missing__(self, key: int | tuple[int, ...]) -> Callable[..., bytes]:
        counts = key if isinstance(key, tuple) else (key,)
        form = ">" + self.parts[0]
        for count, letter, fixed in zip(counts, self.parts[1::2], self.parts[2::2], strict=True):
            form += f"{count}{letter}{fixed}"
        if len(self) >= PACKERS_MAX:
            self.clear()
        packer = self[key] = struct.Struct(form).pack
        return packer


class Unpackers(dict[int, Callable[..., tuple[Any, ...]]]):
    """Unpacks arrays of numbers, one unpacker per length.

    Attributes:
        letter: The numbers' format.
    """

    def __init__(self, letter: str) -> None:
        super().__init__()
        self.letter = letter

    def __missing__(self, count: int) -> Callable[..., tuple[Any, ...]]:
        if len(self) >= PACKERS_MAX:
            self.clear()
        unpacker = self[count] = struct.Struct(f">{count}{self.letter}").unpack_from
        return unpacker


UNPACKERS: Final = {kind: Unpackers(letter) for kind, letter in FORMATS.items() if kind != "uuid"}
"""By the kind of the numbers: unpackers of arrays of any length."""

UNPACKERS_OF_FEW: Final = {
    kind: tuple(struct.Struct(f">{count}{letter}").unpack_from for count in range(FEW))
    for kind, letter in FORMATS.items()
    if kind != "uuid"
}
"""By the kind of the numbers: unpackers of arrays of few, by their count."""
