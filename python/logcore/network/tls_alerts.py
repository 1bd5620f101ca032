"""TLS contexts whose failed handshakes can be told to the peer.

When a handshake fails, OpenSSL has an alert ready that says why, such as that a certificate is
missing; the event loop drops it with the connection, and the peer sees it closed for no reason and
tries for ever. Here the alert is attached to the error, for whoever still holds the socket.
Invariant: an error of the handshake that has an alert carries it, and is otherwise unchanged.
Neighbours: `tls` makes these contexts; `listener` sends the alert.
"""

import ssl
from typing import Final

from logcore.common.types import override

_ATTRIBUTE: Final = "logcore_alert"


class _AlertingObject(ssl.SSLObject):
    """A side of a connection that remembers where its bytes go."""

    outgoing: ssl.MemoryBIO

    @override
    def do_handshake(self) -> None:
        """Go on with the handshake; its failure has the alert with it."""
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            setattr(error, _ATTRIBUTE, self.outgoing.read())
            raise


class AlertingContext(ssl.SSLContext):
    """A context that attaches alerts to errors of handshakes."""

    sslobject_class = _AlertingObject

    @override
    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Return one side of a connection, which knows where its bytes go."""
        made = super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)
        assert isinstance(made, _AlertingObject), "of this context's class"
        made.outgoing = outgoing
        return made


def alert_of(error: BaseException | None) -> bytes:
    """Return the alert that goes with an error; empty if there is none."""
    alert: bytes = getattr(error, _ATTRIBUTE, b"")
    return alert
