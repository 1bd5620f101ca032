"""PLAIN and SCRAM as a client speaks them: exchanges of bytes. Pure.

Invariant: with SCRAM the broker must prove that it knows the password too; a password is in no
message of an error.
Neighbours: `logins` begins these; `authentication` sends what they yield.
"""

import base64
import hmac
from collections.abc import Generator
from typing import Final

from logcore.common.errors import SaslAuthenticationFailedError
from logcore.common.scram import (
    ScramMechanism,
    client_proof,
    credential_of,
    salted_password,
    server_signature,
)

_ITERATIONS_MAX: Final = 1_000_000

Exchange = Generator[bytes, bytes, None]
"""Yields what to send, takes what came, and ends when the broker has proven itself."""


def plain(user: str, password: str) -> Exchange:
    """Send user and password as they are."""
    yield b"\x00" + user.encode() + b"\x00" + password.encode()


def scram(
    mechanism: ScramMechanism, user: str, password: str, nonce: str, *, is_token: bool = False
) -> Exchange:
    """Prove that we know the password without sending it (RFC 5802).

    Args:
        mechanism: Which of SCRAM's mechanisms.
        user: The user.
        password: The password.
        nonce: Random text that nobody used before.
        is_token: Whether user and password are those of a delegation token (KIP-48).

    Raises:
        SaslAuthenticationFailedError: If the broker makes no sense, or its proof is wrong.
    """
    escaped = user.replace("=", "=3D").replace(",", "=2C")
    bare = f"n={escaped},r={nonce}{',tokenauth=true' if is_token else ''}"
    first = yield b"n,," + bare.encode()
    fields = _fields(first)
    combined, salt_text, count_text = (fields.get(name, "") for name in "rsi")
    if not combined.startswith(nonce) or len(combined) == len(nonce):
        raise SaslAuthenticationFailedError("the broker did not keep our nonce")
    if not count_text.isdecimal() or not 0 < int(count_text) <= _ITERATIONS_MAX:
        raise SaslAuthenticationFailedError(f"the broker asks for {count_text or 'no'} iterations")
    try:
        salt = base64.b64decode(salt_text, validate=True)
    except ValueError:
        raise SaslAuthenticationFailedError("the broker's salt is not base64") from None
    salted = salted_password(mechanism, password, salt, int(count_text))
    without_proof = f"c=biws,r={combined}"
    message = b",".join([bare.encode(), first, without_proof.encode()])
    proof = client_proof(mechanism, salted, message)
    last = yield f"{without_proof},p={base64.b64encode(proof).decode()}".encode()
    fields = _fields(last)
    if "e" in fields:
        raise SaslAuthenticationFailedError(f"the broker says: {fields['e']}")
    credential = credential_of(mechanism, salted, salt, int(count_text))
    expected = base64.b64encode(server_signature(mechanism, credential, message)).decode()
    if not hmac.compare_digest(expected, fields.get("v", "")):
        raise SaslAuthenticationFailedError(
            "the broker does not know the password: its proof is wrong"
        )


def _fields(message: bytes) -> dict[str, str]:
    """Return the fields of a message of SCRAM by their letters."""
    parts = message.decode("utf-8", "replace").split(",")
    return {part[:1]: part[2:] for part in parts if part[1:2] == "="}
