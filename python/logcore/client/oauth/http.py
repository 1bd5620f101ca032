"""One POST over HTTP, off the loop, bounded in time and bytes.

Invariant: the wait ends in time whatever the server does, and the thread behind it soon after; what
is read is bounded. Nothing is followed to another place, for the request holds secrets.
Neighbours: `endpoint` asks for tokens with this.
"""

import asyncio
import contextlib
import socket
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final
from urllib.error import HTTPError, URLError

from logcore.client.oauth.thread import in_thread
from logcore.common.errors import TokenUnavailableError
from logcore.common.types import override

BYTES_MAX: Final = 1 << 18
CONNECT_KEY: Final = "sasl.login.connect.timeout.ms"
READ_KEY: Final = "sasl.login.read.timeout.ms"


@dataclass(frozen=True, slots=True)
class Post:
    """What is sent.

    Attributes:
        url: Where to.
        headers: Its headers, which may hold secrets.
        body: A form.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long it may take, and whom to trust.

    Attributes:
        connect_s: How long to connect.
        read_s: How long the answer may take, all of it.
        context: Makes connections with TLS.
    """

    connect_s: float
    read_s: float
    context: ssl.SSLContext


async def post(what: Post, limits: Limits) -> tuple[int, bytes]:
    """Send, and return the status and body of the answer.

    Raises:
        TokenUnavailableError: If there is no answer in time, or too much of it.
    """
    call = _Call(what, limits)
    try:
        async with asyncio.timeout(limits.connect_s + limits.read_s):
            return await in_thread(call.run)
    except TimeoutError:
        late = f"{READ_KEY} bounds the answer" if call.socket else f"{CONNECT_KEY} bounds the wait"
        raise _unavailable(what, f"it took too long; {late}") from None
    except URLError as error:
        raise _unavailable(what, _reason(error.reason)) from None
    except (OSError, HTTPException, ValueError) as error:
        raise _unavailable(what, _reason(error)) from None
    finally:
        call.abort()


def _unavailable(what: Post, reason: str) -> TokenUnavailableError:
    return TokenUnavailableError(f"no token from {what.url}: {reason}")


def _reason(error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted: {error.verify_message}; "
            "ssl.truststore.location adds to what the system trusts"
        )
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    if isinstance(error, TimeoutError):
        return f"no connection in time; {CONNECT_KEY} bounds the wait"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, HTTPException):
        return f"it does not speak HTTP ({type(error).__name__})"
    return str(error)


class _Call:
    """One call, which another thread may end."""

    def __init__(self, what: Post, limits: Limits) -> None:
        self._what = what
        self._limits = limits
        self.socket: socket.socket | None = None

    def run(self) -> tuple[int, bytes]:
        """Do it; blocks."""
        what = self._what
        request = urllib.request.Request(  # noqa: S310 - the settings allow HTTP and HTTPS only
            what.url, what.body, dict(what.headers), method="POST"
        )
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            _Handler(self, self._limits),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
        ):
            opener.add_handler(handler)
        try:
            with opener.open(request, timeout=self._limits.connect_s) as answer:
                return answer.status, _body(answer)
        except HTTPError as refusal:
            with refusal:
                return refusal.code, _body(refusal)

    def connected(self, opened: socket.socket) -> None:
        """Take note of the socket, which from now on waits for an answer."""
        self.socket = opened
        opened.settimeout(self._limits.read_s)

    def abort(self) -> None:
        """Wake the thread, if it still waits."""
        if self.socket is not None:
            # The socket's own shutdown: that of TLS would meddle with what the thread uses.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


def _body(answer: Any) -> bytes:  # noqa: ANN401 - an answer, or an error that is one
    data: bytes = answer.read(BYTES_MAX + 1)
    if len(data) > BYTES_MAX:
        raise ValueError(f"its answer has more than {BYTES_MAX} bytes")
    if getattr(answer, "length", None):
        raise ValueError("its answer was cut off")
    return data


class _Handler(urllib.request.HTTPSHandler, urllib.request.HTTPHandler):
    """Opens connections that the call knows of."""

    def __init__(self, call: _Call, limits: Limits) -> None:
        super().__init__(context=limits.context)
        self._call = call
        self._tls = limits.context

    @override
    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        """Open a plain one."""
        return self.do_open(self._plain, req)  # type: ignore[arg-type]  # what makes one will do

    @override
    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        """Open one with TLS."""
        return self.do_open(self._secured, req)  # type: ignore[arg-type]

    def _plain(self, host: str, timeout: float) -> HTTPConnection:
        return _known(HTTPConnection(host, timeout=timeout), self._call)

    def _secured(self, host: str, timeout: float) -> HTTPConnection:
        return _known(HTTPSConnection(host, timeout=timeout, context=self._tls), self._call)


def _known(connection: HTTPConnection, call: _Call) -> HTTPConnection:
    """Have a call told when a connection is made."""
    connect = connection.connect

    def connect_and_tell() -> None:
        connect()
        call.connected(connection.sock)

    connection.connect = connect_and_tell  # type: ignore[method-assign]
    return connection
