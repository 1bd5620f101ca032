"""Which addresses clients are told to connect to, listener by listener.

Invariant: what is configured in ``advertised.listeners`` is told as it stands; without it, or for
an address that means every interface, a client is told the very address that it connected to, as
an IPv4 literal, so it never has to resolve a name to reach us again.
Neighbours: `network.listener` knows the accepted sockets; handlers of metadata ask here.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from logcore.network.connection import Connection

_EVERY_INTERFACE: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - recognised, not bound
_MAPPED: Final = "::ffff:"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address of a listener.

    Attributes:
        host: Name or address.
        port: TCP port.
    """

    host: str
    port: int


class Endpoints:
    """What each listener is advertised as.

    Args:
        bound: Where each listener listens, by its name.
        advertised: What is configured to be told, by listener name.
    """

    def __init__(
        self, bound: Mapping[str, Endpoint], advertised: Mapping[str, Endpoint] | None = None
    ) -> None:
        self.bound = dict(bound)
        self._advertised = dict(advertised or {})

    def of(self, listener: str, connection: Connection | None = None) -> Endpoint:
        """Return what a client of a listener is told.

        Args:
            listener: The listener's name.
            connection: Where the client is connected, if it is.
        """
        configured = self._advertised.get(listener)
        if configured is not None and configured.host not in _EVERY_INTERFACE:
            return configured
        bound = self.bound[listener]
        if connection is not None and connection.listener_name == listener:
            return Endpoint(literal(connection.local_host), bound.port)
        if bound.host in _EVERY_INTERFACE:
            return Endpoint("127.0.0.1", bound.port)
        return bound

    def advertised(self, listener: str, connection: Connection | None = None) -> tuple[str, int]:
        """Return host and port of what a client of a listener is told."""
        endpoint = self.of(listener, connection)
        return endpoint.host, endpoint.port


def literal(host: str) -> str:
    """Write an address as clients parse it: IPv4 where it is one, without a zone."""
    bare = host.partition("%")[0]
    if bare.lower().startswith(_MAPPED):
        return bare[len(_MAPPED) :]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return host
