"""A message behind its version of 16 bits: how coordinators' values and consumers' metadata begin.

Invariant: a version is written as it is read, so what `encode` wrote, `decode` reads.
Neighbours: `coordinator_record` uses it for values; groups use it for `consumer_protocol`.
"""

import struct
from typing import TYPE_CHECKING, Final, TypeVar

from logcore.protocol.errors import MalformedMessageError
from logcore.protocol.schema import Message

if TYPE_CHECKING:
    from typing_extensions import Buffer

M = TypeVar("M", bound=Message)

_VERSION: Final = struct.Struct(">h")


def encode(message: Message, version: int) -> bytes:
    """Write a version and the message in it; raises as `Message.encode`."""
    return b"".join(message.encode(version, _VERSION.pack(version)))


def version_of(data: "Buffer") -> int:
    """Read the version in front of a message.

    Raises:
        MalformedMessageError: If there are no two bytes, or the version is negative.
    """
    try:
        (version,) = _VERSION.unpack_from(data)
    except struct.error as error:
        raise MalformedMessageError(f"version: {error}") from None
    if version < 0:
        raise MalformedMessageError(f"version {version} is negative")
    return int(version)


def decode(cls: type[M], data: "Buffer", *, newer_as_last: bool = False) -> M:
    """Read a message behind its version.

    Args:
        cls: The message's class.
        data: Version and message.
        newer_as_last: Whether a version newer than all known is read as the last known, whose
            fields it begins with; this is how consumers of different releases share a group.

    Raises:
        MalformedMessageError: If the bytes are no such message.
        UnsupportedVersionError: If there is no such version.
    """
    version = version_of(data)
    if newer_as_last:
        version = min(version, cls.VERSIONS[1])
    return cls.decode(data, version, _VERSION.size)
