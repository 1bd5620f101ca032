"""Connections over TLS for tests of logins, and who is connected by name.

Neighbours: `tests.network.test_tls` makes the keys.
"""

import ssl
from pathlib import Path
from typing import Any

from tests.broker.running import Running
from tests.broker.wire import Wire


def principals(running: Running) -> set[str]:
    listeners: Any = running.broker._listeners
    found: set[str] = running.call(
        lambda: {
            str(connection.principal)
            for listener in listeners._listeners
            for connection in listener.connections
        }
    )
    return found


class TlsWire(Wire):
    """A connection over TLS, perhaps with a certificate."""

    def __init__(self, port: int, folder: Path, name: str | None = None) -> None:
        super().__init__(port)
        context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        if name:
            context.load_cert_chain(folder / f"{name}.crt", folder / f"{name}.key")
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")


def tls_settings(folder: Path) -> dict[str, str]:
    return {
        "listeners": "TLS://127.0.0.1:0",
        "listener.security.protocol.map": "TLS:SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "server.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.crt"),
    }
