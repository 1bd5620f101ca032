"""Opening a connection: connect, greet, authenticate; then it is ready for requests.

Invariant: a connection that is handed out knows what its broker understands, and is authenticated
if the settings ask for it. Whatever goes wrong on the way closes it and is one error with its
reason.
Neighbours: `cluster` keeps what is opened here; `authentication` logs in.
"""

import asyncio
import contextlib
import socket
import ssl
from typing import TYPE_CHECKING, Final

from logcore.client.addresses import Address, resolve
from logcore.client.api_ranges import ApiRanges
from logcore.client.connection import Connection
from logcore.client.metrics.network import NetworkMeter, NodeMeter, unseen
from logcore.client.settings import Settings
from logcore.common.errors import (
    BrokerUnreachableError,
    KafkaError,
    LogcoreError,
    UnsupportedVersionError,
    error_for_code,
)
from logcore.common.version import VERSION
from logcore.network.memory import ReceiveMemory
from logcore.network.same_machine import do_not_pace
from logcore.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse

if TYPE_CHECKING:
    from logcore.client.authentication import Authenticator
    from logcore.client.sasl import Exchange

SOFTWARE: Final = "logcore"
API_VERSIONS_NEWEST: Final = 4
KEPT_BYTES_MAX: Final = 64 * 1024 * 1024
"""Enough for the answers of 8 MiB that a consumer goes through in turns: it hands out of one, up to
two wait and one arrives. With less, each answer had fresh memory, which the system clears first."""
_BUFFERS: Final = (
    ("send.buffer.bytes", socket.SO_SNDBUF),
    ("receive.buffer.bytes", socket.SO_RCVBUF),
)


class Opener:
    """Opens the connections of one client.

    Args:
        settings: Its settings.
        tls: The context of connections with TLS; None for plain ones.
        authenticator: Logs connections in; None where nobody logs in.
        network: What measures connections; nobody looks if None.

    Attributes:
        memory: What they receive into.
    """

    def __init__(
        self,
        settings: Settings,
        tls: ssl.SSLContext | None,
        authenticator: "Authenticator | None" = None,
        network: NetworkMeter | None = None,
    ) -> None:
        self._settings = settings
        self._tls = tls
        self._authenticator = authenticator
        self._network = network or unseen()
        self.memory = ReceiveMemory(KEPT_BYTES_MAX)
        self._software_version = VERSION

    async def open(self, address: Address, timeout_s: float, node_id: int = -1) -> Connection:
        """Open a connection that is ready for requests.

        Args:
            address: Where to.
            timeout_s: How long it may take.
            node_id: Which broker it is, for metrics.

        Raises:
            BrokerUnreachableError: If it cannot be opened in time, or is no broker's.
            SaslAuthenticationFailedError: If the broker refuses who we are.
            TokenUnavailableError, TokenRefusedError: If there is no token to log in with.
            UnsupportedVersionError: If the broker is too old to speak with.
        """
        authenticator = self._authenticator
        exchange = None if authenticator is None else await authenticator.prepared()
        try:
            async with asyncio.timeout(timeout_s):
                return await self._open(address, self._network.node(node_id), exchange)
        except TimeoutError:
            raise _unreachable(address, f"no connection in {timeout_s:g} s") from None
        except OSError as error:
            raise _unreachable(address, _reason(error)) from error

    async def _open(
        self, address: Address, meter: NodeMeter, exchange: "Exchange | None"
    ) -> Connection:
        connection = await self._connect(address, meter)
        self._network.created.record()
        connection.closed.add_done_callback(lambda _: self._network.closed.record())
        try:
            await self._greet(connection)
            if self._authenticator is not None and exchange is not None:
                await self._log_in(self._authenticator, connection, exchange)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _log_in(
        self, authenticator: "Authenticator", connection: Connection, exchange: "Exchange"
    ) -> None:
        try:
            await authenticator.show(connection, exchange)
        except KafkaError:
            self._network.refusals.record()
            raise
        self._network.logins.record()

    def close(self) -> None:
        """Open no more."""
        if self._authenticator is not None:
            self._authenticator.close()

    async def _connect(self, address: Address, meter: NodeMeter) -> Connection:
        loop = asyncio.get_running_loop()
        client_id = self._settings.text("client.id")
        error: OSError | None = None
        for candidate in await resolve(address):
            try:
                transport, connection = await loop.create_connection(
                    lambda: Connection(loop, str(address), client_id, self.memory, meter),
                    candidate.host,
                    candidate.port,
                    ssl=self._tls,
                    server_hostname=await self._name_of(address, candidate),
                )
            except OSError as failed:
                error = failed
            else:
                self._set_options(transport)
                return connection
        raise error or OSError("the name stands for no address")

    async def _name_of(self, address: Address, candidate: Address) -> str | None:
        """Return the name that a broker's certificate is to be for; None without TLS."""
        if self._tls is None:
            return None
        if self._settings.text("client.dns.lookup") == "use_all_dns_ips":
            return address.host
        loop = asyncio.get_running_loop()
        return (await loop.getnameinfo((candidate.host, candidate.port)))[0]

    def _set_options(self, transport: asyncio.BaseTransport) -> None:
        """Set what the system does with a connection: its buffers, where settings say how large."""
        opened = transport.get_extra_info("socket")
        if opened is None:
            return
        do_not_pace(opened)
        for name, option in _BUFFERS:
            size = self._settings.integer(name)
            if size >= 0:
                opened.setsockopt(socket.SOL_SOCKET, option, size)

    async def _greet(self, connection: Connection) -> None:
        """Ask which versions of what the broker understands."""
        request = ApiVersionsRequest(
            client_software_name=SOFTWARE, client_software_version=self._software_version
        )
        response: ApiVersionsResponse = await connection.ask(request, API_VERSIONS_NEWEST)
        if response.error_code == UnsupportedVersionError.code:
            listed = {api.api_key: api.max_version for api in response.api_keys}
            newest = min(listed.get(ApiVersionsRequest.API_KEY, 0), API_VERSIONS_NEWEST)
            response = await connection.ask(request, newest)
        if response.error_code:
            raise error_for_code(response.error_code)(f"{connection.address} refused the greeting")
        connection.ranges = ApiRanges.of(response)


def _unreachable(address: Address, reason: str) -> BrokerUnreachableError:
    return BrokerUnreachableError(
        f"cannot reach the broker at {address}: {reason}", attempts={str(address): reason}
    )


def _reason(error: OSError) -> str:
    if isinstance(error, LogcoreError):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    text = error.strerror or str(error)
    with contextlib.suppress(AttributeError):
        text = text.removeprefix("[Errno None] ")
    return text
