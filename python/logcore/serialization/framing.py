"""Confluent's frame around a key or value: which schema it was written with.

    0        1            5
    +--------+------------+-------------------------------+---------
    | 0      | id, 4 bytes| Protobuf: indexes of a message | data
    +--------+------------+-------------------------------+---------

With 1 in front, 16 bytes of a GUID stand in the place of the id. The indexes lead from the file to
the message, through the messages around it: a zigzag varint for how many there are, then each; the
first message of a file, the one index 0, is the single byte 0.
Invariant: bytes that are no frame are a `MalformedDataError` that says what they may be instead.
Neighbours: the serializers of the registry's three formats write and read it.
Source: Confluent's documentation, "Wire format" of the Schema Registry's serializers.
"""

import struct
import uuid
from typing import Final, NamedTuple

from logcore.common.errors import MalformedDataError

MAGIC: Final = 0
MAGIC_GUID: Final = 1
HEAD: Final = struct.Struct(">bi")
GUID_BYTES: Final = 16
VARINT_BYTES_MAX: Final = 5
LOW: Final = 0x7F
MORE: Final = 0x80
DEPTH_MAX: Final = 100
"""Messages inside each other: protoc itself takes no more."""


class Framed(NamedTuple):
    """A frame, taken apart.

    Attributes:
        id: The schema's id; or its GUID, as text.
        start: Where what follows the head begins.
    """

    id: int | str
    start: int


def head(schema_id: int) -> bytes:
    r"""Return what stands in front of data that was written with a schema.

    Example:
        >>> head(258)
        b'\x00\x00\x00\x01\x02'
    """
    return HEAD.pack(MAGIC, schema_id)


def framed(data: bytes, topic: str) -> Framed:
    """Take a frame apart.

    Raises:
        MalformedDataError: If it is none.
    """
    magic = data[0] if data else None
    if magic == MAGIC and len(data) >= HEAD.size:
        schema_id: int = HEAD.unpack_from(data)[1]
        if schema_id < 0:
            raise MalformedDataError(f"a schema cannot have the id {schema_id}", topic=topic)
        return Framed(schema_id, HEAD.size)
    if magic == MAGIC_GUID and len(data) > GUID_BYTES:
        return Framed(str(uuid.UUID(bytes=data[1 : 1 + GUID_BYTES])), 1 + GUID_BYTES)
    if magic in (MAGIC, MAGIC_GUID):
        message = f"the frame is cut off: it has {len(data)} bytes, too few for a schema's id"
    elif magic is None:
        message = "there are no bytes, not even a frame's"
    else:
        message = (
            f"it begins with {data[:1]!r}, and not with a schema's id: it was not written with a "
            "schema registry's serializer"
        )
    raise MalformedDataError(message, topic=topic)


def packed_indexes(indexes: tuple[int, ...]) -> bytes:
    r"""Return the way to a message as Protobuf's frames have it.

    Example:
        >>> packed_indexes((0,)), packed_indexes((1, 0))
        (b'\x00', b'\x04\x02\x00')
    """
    if indexes == (0,):
        return b"\x00"
    return b"".join(_varint(number << 1) for number in (len(indexes), *indexes))


def unpacked_indexes(data: bytes, start: int, topic: str) -> tuple[tuple[int, ...], int]:
    """Read the way to a message.

    Args:
        data: A frame.
        start: Where the way begins in it.
        topic: Where the frame comes from.

    Returns:
        The way, and where what follows it begins.

    Raises:
        MalformedDataError: If there is none.
    """
    count, position = _unzigzag(data, start, topic)
    if count == 0:
        return (0,), position
    if not 0 < count <= DEPTH_MAX:
        raise MalformedDataError(f"no message lies {count} messages deep", topic=topic)
    indexes = []
    for _ in range(count):
        index, position = _unzigzag(data, position, topic)
        if index < 0:
            raise MalformedDataError(f"a message cannot have the index {index}", topic=topic)
        indexes.append(index)
    return tuple(indexes), position


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > LOW:
        made.append(number & LOW | MORE)
        number >>= 7
    made.append(number)
    return bytes(made)


def _unzigzag(data: bytes, position: int, topic: str) -> tuple[int, int]:
    number = 0
    for place, byte in enumerate(data[position : position + VARINT_BYTES_MAX]):
        number |= (byte & LOW) << 7 * place
        if byte <= LOW:
            return (number >> 1) ^ -(number & 1), position + place + 1
    message = "the frame is cut off, or no Protobuf's: the indexes of its message do not end"
    raise MalformedDataError(message, topic=topic)
