"""A tiny HTTP/1.1 server: probes and metrics, nothing else.

It reads GET and HEAD without bodies, answers from memory, and closes whoever takes too long or
says too much.
Invariant: a connection holds at most `HEAD_BYTES_MAX` of request, and is closed when it has been
quiet for `IDLE_SECONDS`; no more than `CONNECTIONS_MAX` are open.
Neighbours: `broker.health` has the routes; `binding` gives the socket.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from logcore.common.types import override
from logcore.network.binding import listening_sockets

logger = logging.getLogger(__name__)

HEAD_BYTES_MAX: Final = 8 * 1024
IDLE_SECONDS: Final = 30.0
CONNECTIONS_MAX: Final = 256
_BACKLOG: Final = 64
_END: Final = b"\r\n\r\n"
_PARTS_OF_REQUEST_LINE: Final = 3


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What is answered.

    Attributes:
        status: The status code.
        body: The body.
        content_type: What the body is.
    """

    status: HTTPStatus = HTTPStatus.OK
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"

    @classmethod
    def of_json(cls, status: HTTPStatus, facts: Mapping[str, object]) -> "HttpResponse":
        """Answer with facts."""
        body = json.dumps(facts).encode() + b"\n"
        return cls(status, body, "application/json")


Routes = Mapping[str, Callable[[], HttpResponse]]
"""What answers which path."""


class HttpServer:
    """Serves routes on one address.

    Args:
        host: Name or address; empty for every interface.
        port: The port; 0 for one that the system picks.
        routes: What answers which path.

    Attributes:
        port: The port that is listened on, once it is.
    """

    def __init__(self, host: str, port: int, routes: Routes) -> None:
        self.host = host
        self.port = port
        self.routes = routes
        self.connections: set[_HttpConnection] = set()
        self._servers: list[asyncio.Server] = []

    async def start(self) -> None:
        """Listen and serve.

        Raises:
            ListenError: If the address cannot be listened on.
        """
        loop = asyncio.get_running_loop()
        for listening in listening_sockets(self.host, self.port, _BACKLOG):
            self.port = listening.getsockname()[1]
            server = await loop.create_server(lambda: _HttpConnection(self, loop), sock=listening)
            self._servers.append(server)

    async def stop(self) -> None:
        """Close everything."""
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.abort()
        for server in self._servers:
            await server.wait_closed()
        self._servers = []

    def answer(self, head: bytes) -> tuple[HttpResponse, bool, bool]:
        """Answer a request by its head: the response, whether its body is sent, and keep-alive."""
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != _PARTS_OF_REQUEST_LINE or not parts[2].startswith("HTTP/1."):
            return _plain(HTTPStatus.BAD_REQUEST), True, False
        method, target, version = parts
        if method not in {"GET", "HEAD"}:
            return _plain(HTTPStatus.METHOD_NOT_ALLOWED), True, False
        headers = _headers(lines[1:])
        if "content-length" in headers or "transfer-encoding" in headers:
            return _plain(HTTPStatus.BAD_REQUEST), True, False
        asked = headers.get("connection", "").lower()
        is_kept = "keep-alive" in asked if version == "HTTP/1.0" else "close" not in asked
        route = self.routes.get(target.partition("?")[0])
        response = self._call(route) if route else _plain(HTTPStatus.NOT_FOUND)
        return response, method == "GET", is_kept

    def _call(self, route: Callable[[], HttpResponse]) -> HttpResponse:
        try:
            return route()
        except Exception:
            logger.exception("a request for a probe or for metrics failed")
            return _plain(HTTPStatus.INTERNAL_SERVER_ERROR)


class _HttpConnection(asyncio.Protocol):
    """One connection: heads in, answers out."""

    def __init__(self, server: HttpServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's is not derived
        if len(self._server.connections) >= CONNECTIONS_MAX:
            self.abort()
            return
        self._server.connections.add(self)
        self._deadline = self._loop.call_later(IDLE_SECONDS, self.abort)

    @override
    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - a protocol
        self._server.connections.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    @override
    def pause_writing(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    @override
    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    @override
    def data_received(self, data: bytes) -> None:
        assert self._transport is not None, "connected"
        self._received += data
        while _END in self._received and not self._transport.is_closing():
            head, _, self._received = self._received.partition(_END)
            self._reply(*self._server.answer(head))
        if len(self._received) > HEAD_BYTES_MAX and not self._transport.is_closing():
            self._reply(_plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE), True, False)

    def _reply(self, response: HttpResponse, is_body_sent: bool, is_kept: bool) -> None:
        assert self._transport is not None, "connected"
        status = response.status
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            f"Content-Type: {response.content_type}\r\n"
            f"Content-Length: {len(response.body)}\r\n"
            f"Cache-Control: no-store\r\n"
            f"Connection: {'keep-alive' if is_kept else 'close'}\r\n\r\n"
        )
        self._transport.write(head.encode("latin-1") + (response.body if is_body_sent else b""))
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self._loop.call_later(IDLE_SECONDS, self.abort)
        if not is_kept:
            self._transport.close()


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _plain(status: HTTPStatus) -> HttpResponse:
    return HttpResponse(status, f"{status.phrase}\n".encode())
