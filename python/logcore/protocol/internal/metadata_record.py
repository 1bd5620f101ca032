"""Frames the records of the metadata log: frame version, type and version as varints, the record.

Invariant: there is one frame version so far, 1; a record of another is not looked into.
Neighbours: `metadata` declares the records; the controller writes and replays them.
"""

from typing import TYPE_CHECKING, Final

from logcore.protocol.errors import MalformedMessageError, UnknownRecordTypeError
from logcore.protocol.internal import metadata
from logcore.protocol.schema import Message
from logcore.protocol.wire import read_varint, varint

if TYPE_CHECKING:
    from typing_extensions import Buffer

FRAME_VERSION: Final = 1
CLASS_BY_TYPE: Final[dict[int, type[Message]]] = {
    each.API_KEY: each
    for each in vars(metadata).values()
    if isinstance(each, type) and issubclass(each, Message) and each is not Message
}
"""The records of the metadata log, by the number of their type."""


def encode(record: Message, version: int) -> bytes:
    """Write a record in its frame; raises as `Message.encode`."""
    frame = varint(FRAME_VERSION) + varint(record.API_KEY) + varint(version)
    return b"".join(record.encode(version, frame))


def decode(data: "Buffer") -> Message:
    """Read a record in its frame.

    Raises:
        MalformedMessageError: If the bytes are no such record.
        UnknownRecordTypeError: If the frame's version or the record's type is unknown.
        UnsupportedVersionError: If the record is of a version that we do not know.
    """
    view = memoryview(data)
    try:
        frame_version, position = read_varint(view, 0)
        record_type, position = read_varint(view, position)
        version, position = read_varint(view, position)
    except IndexError:
        raise MalformedMessageError("a metadata record ends inside of its frame") from None
    if frame_version != FRAME_VERSION:
        raise UnknownRecordTypeError(f"frame version {frame_version} of a metadata record")
    if record_type not in CLASS_BY_TYPE:
        raise UnknownRecordTypeError(f"no metadata record has type {record_type}")
    return CLASS_BY_TYPE[record_type].decode(view, version, position)
