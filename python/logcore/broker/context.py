"""What a handler knows of a request besides its body: who asks, from where, in which version.

Invariant: a context never changes; its principal is what the listener established, never what the
request says of itself.
Neighbours: `dispatch` makes one per request; handlers and `authorizer` read it.
"""

from logcore.common.principal import ANONYMOUS, Principal
from logcore.network.connection import Connection
from logcore.protocol.api_keys import ApiKey

__all__ = ["ANONYMOUS", "Principal", "RequestContext"]


class RequestContext:
    """One request's surroundings.

    Attributes:
        api_key: The API that is asked for.
        version: In which version.
        correlation_id: The client's number of the request.
        client_id: What the client calls itself; None if it does not say.
        connection: Where it came in.
        principal: Who sent it.
    """

    __slots__ = ("api_key", "client_id", "connection", "correlation_id", "principal", "version")

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

    @property
    def client_host(self) -> str:
        """The client's address, as groups and quotas record it."""
        return f"/{self.connection.peer_host}"

    @property
    def listener_name(self) -> str:
        """The listener that it came in by."""
        return self.connection.listener_name
