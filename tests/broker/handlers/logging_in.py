"""A broker that has clients log in, and clients that do, for tests of what comes after."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from logcore.common.scram import MECHANISMS
from logcore.protocol.messages.sasl_authenticate import SaslAuthenticateRequest
from logcore.protocol.messages.sasl_handshake import SaslHandshakeRequest
from tests.broker.running import Running, running_broker
from tests.broker.security.scram_client import ScramClient
from tests.broker.wire import Wire

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
USERS = 'user_alice="secret" user_bob="secret" user_admin="secret"'
SETTINGS = {
    "listeners": "LOGIN://127.0.0.1:0,OPEN://127.0.0.1:0",
    "listener.security.protocol.map": "LOGIN:SASL_PLAINTEXT,OPEN:PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    "listener.name.login.plain.sasl.jaas.config": f"{PLAIN} {USERS};",
    "connection.failed.authentication.delay.ms": "20",
    "delegation.token.secret.key": "key of tokens",
}


@contextlib.contextmanager
def login_broker(path: Path, **settings: str) -> Iterator[Running]:
    """A broker with a listener for logins, whose port is the first, and an open one."""
    dotted = {key.replace("_", "."): value for key, value in settings.items()}
    with running_broker(path, **SETTINGS | dotted) as running:
        yield running


def open_port(running: Running) -> int:
    port: int = running.call(lambda: running.broker.parts.endpoints.bound["OPEN"].port)
    return port


def handshake(wire: Wire, mechanism: str, version: int = 1) -> Any:
    return wire.ask(SaslHandshakeRequest(mechanism=mechanism), version)


def authenticate(wire: Wire, token: bytes, version: int = 2) -> Any:
    return wire.ask(SaslAuthenticateRequest(auth_bytes=token), version)


def logged_in(running: Running, user: str = "alice", password: str = "secret") -> Wire:
    """A connection on which a user has logged in by PLAIN."""
    wire = running.wire()
    assert handshake(wire, "PLAIN").error_code == 0
    assert authenticate(wire, f"\0{user}\0{password}".encode()).error_code == 0
    return wire


def scram_login(
    wire: Wire, user: str, password: str, mechanism: str = "SCRAM-SHA-256", extensions: bytes = b""
) -> Any:
    """Log in by SCRAM; return the last answer."""
    client = ScramClient(MECHANISMS[mechanism], user, password)
    client.extensions = extensions
    assert handshake(wire, mechanism).error_code == 0
    answer = authenticate(wire, client.first())
    if answer.error_code:
        return answer
    return authenticate(wire, client.last(bytes(answer.auth_bytes)))
