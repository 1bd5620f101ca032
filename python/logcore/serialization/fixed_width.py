"""Numbers and truth values, as Kafka's own serializers write them: big-endian, of one width each.

Invariant: bytes of another length, and numbers beyond the width, are errors, never cut.
Neighbours: `text` has what is written as text; `serializer` says what these are.
Source: Apache Kafka 4.3.1, `org.apache.kafka.common.serialization`, for the bytes.
"""

import struct
from typing import ClassVar, Final

from logcore.common.errors import MalformedDataError, UnfitValueError
from logcore.common.types import override
from logcore.serialization.serializer import Deserializer, Serializer

SHORT: Final = struct.Struct(">h")
INTEGER: Final = struct.Struct(">i")
LONG: Final = struct.Struct(">q")
FLOAT: Final = struct.Struct(">f")
DOUBLE: Final = struct.Struct(">d")
KINDS: Final = {
    SHORT: "a short",
    INTEGER: "an integer",
    LONG: "a long",
    FLOAT: "a float",
    DOUBLE: "a double",
}


class _NumberSerializer(Serializer[float]):
    layout: ClassVar[struct.Struct]
    takes: ClassVar[type | tuple[type, ...]] = int

    @override
    def serialize(self, topic: str, value: float | None) -> bytes | None:
        """Return the bytes of a number.

        Raises:
            UnfitValueError: If it is no such number, or too large for the width.
        """
        if value is None:
            return None
        what = KINDS[self.layout]
        if isinstance(value, bool) or not isinstance(value, self.takes):
            message = f"{value!r} is not {what}, but of type {type(value).__name__}"
            raise UnfitValueError(message, topic=topic)
        try:
            return self.layout.pack(value)
        except (struct.error, OverflowError) as error:
            raise UnfitValueError(f"{value!r} is not {what}: {error}", topic=topic) from None


class ShortSerializer(_NumberSerializer):
    """Writes an int of 2 bytes."""

    layout = SHORT


class IntegerSerializer(_NumberSerializer):
    r"""Writes an int of 4 bytes.

    Example:
        >>> IntegerSerializer().serialize("orders", 7)
        b'\x00\x00\x00\x07'
    """

    layout = INTEGER


class LongSerializer(_NumberSerializer):
    """Writes an int of 8 bytes."""

    layout = LONG


class FloatSerializer(_NumberSerializer):
    """Writes a float of 4 bytes (IEEE 754)."""

    layout = FLOAT
    takes = (float, int)


class DoubleSerializer(_NumberSerializer):
    """Writes a float of 8 bytes (IEEE 754), the precision that Python has."""

    layout = DOUBLE
    takes = (float, int)


def _number(layout: struct.Struct, topic: str, data: bytes) -> int | float:
    if len(data) != layout.size:
        message = f"{KINDS[layout]} has {layout.size} bytes, and there are {len(data)}"
        raise MalformedDataError(message, topic=topic)
    number: int | float = layout.unpack(data)[0]
    return number


class _IntDeserializer(Deserializer[int]):
    layout: ClassVar[struct.Struct]

    @override
    def deserialize(self, topic: str, data: bytes | None) -> int | None:
        """Return the number that some bytes are.

        Raises:
            MalformedDataError: If there are more or fewer bytes than it has.
        """
        return None if data is None else int(_number(self.layout, topic, data))


class _FloatDeserializer(Deserializer[float]):
    layout: ClassVar[struct.Struct]

    @override
    def deserialize(self, topic: str, data: bytes | None) -> float | None:
        """Return the number that some bytes are.

        Raises:
            MalformedDataError: If there are more or fewer bytes than it has.
        """
        return None if data is None else _number(self.layout, topic, data)


class ShortDeserializer(_IntDeserializer):
    """Reads an int of 2 bytes."""

    layout = SHORT


class IntegerDeserializer(_IntDeserializer):
    """Reads an int of 4 bytes."""

    layout = INTEGER


class LongDeserializer(_IntDeserializer):
    """Reads an int of 8 bytes."""

    layout = LONG


class FloatDeserializer(_FloatDeserializer):
    """Reads a float of 4 bytes (IEEE 754)."""

    layout = FLOAT


class DoubleDeserializer(_FloatDeserializer):
    """Reads a float of 8 bytes (IEEE 754)."""

    layout = DOUBLE


class BooleanSerializer(Serializer[bool]):
    """Writes a truth value as one byte, 1 or 0."""

    @override
    def serialize(self, topic: str, value: bool | None) -> bytes | None:
        """Return the byte of a truth value.

        Raises:
            UnfitValueError: If it is none.
        """
        if value is None:
            return None
        if not isinstance(value, bool):
            raise UnfitValueError(f"{value!r} is neither True nor False", topic=topic)
        return b"\x01" if value else b"\x00"


class BooleanDeserializer(Deserializer[bool]):
    """Reads one byte as a truth value."""

    @override
    def deserialize(self, topic: str, data: bytes | None) -> bool | None:
        """Return the truth value that a byte is.

        Raises:
            MalformedDataError: If it is neither 0 nor 1, or there are more.
        """
        if data is None:
            return None
        if data not in (b"\x00", b"\x01"):
            shown = f"byte {data[0]}" if len(data) == 1 else f"{len(data)} bytes"
            raise MalformedDataError(f"a boolean is a byte 0 or 1, not {shown}", topic=topic)
        return data == b"\x01"
