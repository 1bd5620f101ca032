"""What a handler knows of a request besides its body: who asks, from where, in which version.

Invariant: a context never changes; its principal is what the listener established, never what the
request says of itself.
Neighbours: `dispatch` makes one per request; handlers and `authorizer` read it.
"""

from typing import Any, Protocol

from logcore.common.principal import ANONYMOUS, Principal
from logcore.network.connection import Connection
from logcore.protocol.api_keys import ApiKey

__all__ = ["ANONYMOUS", "Principal", "RequestContext"]


class Meter(Protocol):
    """Charges one request to its client's quotas."""

    def pause(self) -> None:
        """Count the time until now, and none from now on."""

    def settle(self, response: Any) -> None:  # noqa: ANN401 - a message, or None
        """Charge the request, and say so in the response where its client must wait."""


class RequestContext:
    """One request's surroundings.

    Attributes:
        api_key: The API that is asked for.
        version: In which version.
        correlation_id: The client's number of the request.
        client_id: What the client calls itself; None if it does not say.
        connection: Where it came in.
        principal: Who sent it.
        meter: What charges the request to quotas; None where there are none.
    """

    __slots__ = (
        "api_key",
        "client_id",
        "connection",
        "correlation_id",
        "meter",
        "principal",
        "version",
    )

    def __init__(
        self,
        api_key: ApiKey,
        version: int,
        correlation_id: int,
        client_id: str | None,
        connection: Connection,
        principal: Principal = ANONYMOUS,
    ) -> None:
        self.api_key = api_key
        self.version = version
        self.correlation_id = correlation_id
        self.client_id = client_id
        self.connection = connection
        self.principal = principal
        self.meter: Meter | None = None

    @property
    def client_host(self) -> str:
        """The client's address, as groups and quotas record it."""
        return f"/{self.connection.peer_host}"

    @property
    def listener_name(self) -> str:
        """The listener that it came in by."""
        return self.connection.listener_name
