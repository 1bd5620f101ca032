"""What SCRAM's client says (RFC 5802), read strictly.

Invariant: what is read is exactly what the grammar allows and this server understands; everything
else is refused. Kept are the client's own bytes, because both sides sign those.
Neighbours: `scram` answers these.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from logcore.broker.security.exchange import LoginError

_NAME: Final = rb"((?:[\x01-\x2b\x2d-\x3c\x3e-\x7f\x80-\xff]|=2C|=3D)+)"
_PRINTABLE: Final = rb"([\x21-\x2b\x2d-\x7e]+)"
_EXTENSIONS: Final = rb"((?:,[A-Za-z]+=[\x01-\x2b\x2d-\x7f]+)*)"
_BASE64: Final = rb"([a-zA-Z0-9/+]*={0,2})"
_FIRST: Final = re.compile(
    rb"(n,(?:a=" + _NAME + rb")?,)(n=" + _NAME + rb",r=" + _PRINTABLE + _EXTENSIONS + rb")"
)
_LAST: Final = re.compile(
    rb"(c=" + _BASE64 + rb",r=" + _PRINTABLE + _EXTENSIONS + rb"),p=" + _BASE64
)
_IS_TOKEN: Final = b"tokenauth=true"


@dataclass(frozen=True, slots=True)
class ClientFirst:
    """The client's first message.

    Attributes:
        header: What it says of channels and of whom to be, as it stands.
        authorization_id: Whom it asks to be; empty for the user.
        bare: The rest, as it stands.
        user: The name in it.
        nonce: The client's half of the nonce.
        is_token: Whether the name is that of a delegation token.
    """

    header: bytes
    authorization_id: str
    bare: bytes
    user: str
    nonce: bytes
    is_token: bool


@dataclass(frozen=True, slots=True)
class ClientLast:
    """The client's last message.

    Attributes:
        without_proof: All of it but the proof, as it stands.
        channel_binding: The header of its first message, repeated.
        nonce: Both halves of the nonce.
        proof: What only who knows the password can compute.
    """

    without_proof: bytes
    channel_binding: bytes
    nonce: bytes
    proof: bytes


def read_first(token: bytes) -> ClientFirst:
    """Read the client's first message.

    Raises:
        LoginError: If it is none.
    """
    found = _FIRST.fullmatch(token)
    if found is None:
        raise LoginError("its first SCRAM message is malformed")
    return ClientFirst(
        header=found[1],
        authorization_id=_plain_name(found[2] or b""),
        bare=found[3],
        user=_plain_name(found[4]),
        nonce=found[5],
        is_token=_IS_TOKEN in found[6].lower().split(b","),
    )


def read_last(token: bytes) -> ClientLast:
    """Read the client's last message.

    Raises:
        LoginError: If it is none.
    """
    found = _LAST.fullmatch(token)
    if found is None:
        raise LoginError("its last SCRAM message is malformed")
    return ClientLast(found[1], _bytes(found[2]), found[3], _bytes(found[5]))


def _plain_name(escaped: bytes) -> str:
    try:
        return escaped.replace(b"=2C", b",").replace(b"=3D", b"=").decode()
    except UnicodeDecodeError:
        raise LoginError("a name in its first SCRAM message is not UTF-8") from None


def _bytes(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise LoginError("a value in its last SCRAM message is not base64") from None
