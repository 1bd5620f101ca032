"""Authentication of a client: PLAIN and SCRAM, as exchanges of bytes.

Invariant: with SCRAM the broker must prove that it knows the password too; a password is in no
message of an error.
Neighbours: `opening` authenticates before anything else is sent.
"""

import base64
import hmac
import os
import re
from collections.abc import Generator
from typing import TYPE_CHECKING, Final

from logcore.client.settings import Settings
from logcore.common.config import ConfigError
from logcore.common.errors import SaslAuthenticationFailedError, error_for_code
from logcore.common.scram import (
    MECHANISMS,
    ScramMechanism,
    client_proof,
    credential_of,
    salted_password,
    server_signature,
)
from logcore.protocol.messages.sasl_authenticate import (
    SaslAuthenticateRequest,
    SaslAuthenticateResponse,
)
from logcore.protocol.messages.sasl_handshake import SaslHandshakeRequest, SaslHandshakeResponse

if TYPE_CHECKING:
    from logcore.client.connection import Connection

_ITERATIONS_MAX: Final = 1_000_000
_JAAS_OPTION: Final = re.compile(r'(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"')

Exchange = Generator[bytes, bytes, None]
"""Yields what to send, takes what came, and ends when the broker has proven itself."""


async def authenticate(connection: "Connection", settings: Settings, host: str) -> None:
    """Prove to a broker who we are.

    Raises:
        SaslAuthenticationFailedError: If the broker refuses, or cannot prove itself.
        ConfigError: If the mechanism is unknown, or user or password are missing.
    """
    del host
    mechanism = settings.text("sasl.mechanism")
    exchange = _exchange(mechanism, *_credentials(settings))
    handshake: SaslHandshakeResponse = await connection.ask(
        SaslHandshakeRequest(mechanism=mechanism)
    )
    if handshake.error_code:
        offered = ", ".join(handshake.mechanisms) or "none"
        raise error_for_code(handshake.error_code)(
            f"{connection.address} does not offer {mechanism}: it offers {offered}"
        )
    to_send = next(exchange)
    while True:
        answer: SaslAuthenticateResponse = await connection.ask(
            SaslAuthenticateRequest(auth_bytes=to_send)
        )
        if answer.error_code:
            reason = answer.error_message or "no reason given"
            raise error_for_code(answer.error_code)(f"{connection.address}: {reason}")
        try:
            to_send = exchange.send(bytes(answer.auth_bytes))
        except StopIteration:
            return


def _credentials(settings: Settings) -> tuple[str, str]:
    user, password = settings.optional("sasl.username"), settings.optional("sasl.password")
    jaas = settings.optional("sasl.jaas.config")
    if jaas and user is None:
        options = dict(_JAAS_OPTION.findall(jaas))
        user, password = options.get("username"), options.get("password")
    if user is None or password is None:
        key = "sasl.username" if user is None else "sasl.password"
        raise ConfigError(f"{key}: user and password must both be given for SASL", key=key)
    return user, password


def _exchange(mechanism: str, user: str, password: str) -> Exchange:
    if mechanism == "PLAIN":
        return plain(user, password)
    if mechanism in MECHANISMS:
        nonce = base64.b64encode(os.urandom(24)).decode()
        return scram(MECHANISMS[mechanism], user, password, nonce)
    known = ", ".join(["PLAIN", *MECHANISMS])
    raise ConfigError(f"sasl.mechanism: {mechanism} is not one of {known}", key="sasl.mechanism")


def plain(user: str, password: str) -> Exchange:
    """Send user and password as they are."""
    yield b"\x00" + user.encode() + b"\x00" + password.encode()


def scram(mechanism: ScramMechanism, user: str, password: str, nonce: str) -> Exchange:
    """Prove that we know the password without sending it (RFC 5802).

    Args:
        mechanism: Which of SCRAM's mechanisms.
        user: The user.
        password: The password.
        nonce: Random text that nobody used before.

    Raises:
        SaslAuthenticationFailedError: If the broker makes no sense, or its proof is wrong.
    """
    escaped = user.replace("=", "=3D").replace(",", "=2C")
    bare = f"n={escaped},r={nonce}"
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
