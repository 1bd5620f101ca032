"""Ids of 16 bytes, as Kafka makes and spells them.

Invariant: the zero id means "none" and is never given to anything; a fresh id never begins with a
dash in text, so that no command line takes it for an option.
Neighbours: topics, directories, members and clusters carry these; `logcore.protocol` moves them as
raw bytes.
"""

import binascii
import os
from typing import Final

UUID_BYTES: Final = 16
TEXT_LENGTH: Final = 22
ZERO_UUID: Final = bytes(UUID_BYTES)
"""What stands where there is no id."""
RESERVED: Final = {ZERO_UUID, bytes(15) + b"\x01"}
"""Ids that Kafka keeps for itself: none, and the metadata topic's."""

_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_+/", b"+/!!")


def random_uuid() -> bytes:
    """Make a fresh random id (version 4): never a reserved one, never beginning with a dash.

    Example:
        >>> len(random_uuid())
        16
    """
    while True:
        raw = bytearray(os.urandom(UUID_BYTES))
        raw[6] = raw[6] & 0x0F | 0x40
        raw[8] = raw[8] & 0x3F | 0x80
        made = bytes(raw)
        if made not in RESERVED and not uuid_text(made).startswith("-"):
            return made


def uuid_text(value: bytes) -> str:
    """Spell an id as Kafka does: base64 of the url-safe alphabet, without padding.

    Example:
        >>> uuid_text(ZERO_UUID)
        'AAAAAAAAAAAAAAAAAAAAAA'
    """
    assert len(value) == UUID_BYTES, "an id has 16 bytes"
    return binascii.b2a_base64(value).translate(_TO_URL)[:TEXT_LENGTH].decode("ascii")


def parse_uuid(text: str) -> bytes:
    """Read an id that `uuid_text` wrote.

    Args:
        text: The 22 characters; padding, if somebody kept it, is accepted.

    Returns:
        The 16 bytes.

    Raises:
        ValueError: If the text is no id.

    Example:
        >>> parse_uuid("AAAAAAAAAAAAAAAAAAAAAQ")[-1]
        1
    """
    bare = text.rstrip("=")
    if len(bare) != TEXT_LENGTH:
        raise ValueError(f"{text!r} is not an id: it has {len(bare)} characters, not {TEXT_LENGTH}")
    try:
        raw = bare.encode("ascii").translate(_FROM_URL) + b"=="
        return binascii.a2b_base64(raw, strict_mode=True)
    except ValueError:
        raise ValueError(f"{text!r} is not an id: not in the url-safe base64 alphabet") from None
