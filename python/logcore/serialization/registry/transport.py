"""Asks a schema registry over HTTP: kept connections, several addresses, a second try.

Invariant: only what may succeed later is tried again: no connection, none any more, a status of
5xx, or 429. Whatever a server does, a request ends within the set times, and no answer takes more
memory than `ANSWER_BYTES_MAX`. Safe for threads; the child of a fork makes its own connections.
Neighbours: `answers` says what comes back means; `credentials` who we are; `registry` asks.
"""

import functools
import http.client
import io
import itertools
import json
import os
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast
from urllib.parse import urlencode

from logcore.common.clock import Clock, SystemClock
from logcore.common.config import ConfigError
from logcore.common.errors import (
    ClientClosedError,
    SchemaRegistryAnswerError,
    SchemaRegistryAuthError,
    SchemaRegistryUnreachableError,
)
from logcore.common.types import override
from logcore.serialization.registry.answers import Answer, error_of, value_of
from logcore.serialization.registry.config import URL, Read
from logcore.serialization.registry.credentials import (
    Credentials,
    Endpoint,
    endpoint_of,
    tls_context,
)

ANSWER_BYTES_MAX: Final = 64 << 20
CHUNK: Final = 1 << 16
KIND: Final = "application/vnd.schemaregistry.v1+json"
JITTER: Final = 0.2
GONE: Final = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
"""What a connection that was kept says when the server has ended it meanwhile."""


class _Timed(io.RawIOBase):
    """What a socket receives, until a deadline.

    http.client's own timeout is one for each receive, which a server that sends a byte now and then
    never runs into.
    """

    def __init__(self, connection: socket.socket, left_s: Callable[[], float]) -> None:
        self._socket = connection
        self._raw = connection.makefile("rb", buffering=0)
        self._left_s = left_s

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - any buffer
        left_s = self._left_s()
        if left_s <= 0:
            raise TimeoutError
        self._socket.settimeout(left_s)
        read: int | None = self._raw.readinto(buffer)
        return read

    @override
    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedSocket:
    """As much of a socket as a response asks for."""

    def __init__(self, connection: socket.socket, left_s: Callable[[], float]) -> None:
        self._made = _Timed(connection, left_s)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what reads from it."""
        return io.BufferedReader(self._made)


def _response(
    left_s: Callable[[], float],
    connection: socket.socket,
    *told: Any,  # noqa: ANN401 - http.client's
    **named: Any,  # noqa: ANN401 - http.client's
) -> http.client.HTTPResponse:
    timed = cast(socket.socket, _TimedSocket(connection, left_s))
    return http.client.HTTPResponse(timed, *told, **named)


class Transport:
    """The way to a registry.

    Args:
        settings: Where it is, how to log in, how long to wait.
        token: Gives a bearer token for each request.
        clock: What time it is.

    Raises:
        ConfigError: If no address is given, or a setting makes no sense.
    """

    def __init__(
        self,
        settings: Read,
        token: Callable[[], str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        if URL not in settings:
            raise ConfigError(f"{URL}: say where the registry is, such as localhost:8081", key=URL)
        self.endpoints = tuple(endpoint_of(each) for each in settings(URL, tuple))
        if not self.endpoints:
            raise ConfigError(f"{URL}: the list is empty", key=URL)
        self._credentials = Credentials(settings, token)
        is_secured = any(each.scheme == "https" for each in self.endpoints)
        self._tls = tls_context(settings) if is_secured else None
        self._connect_ms = settings("http.connect.timeout.ms", int)
        self._read_ms = settings("http.read.timeout.ms", int)
        self._tries = settings("max.retries", int) + 1
        self._wait_ms = settings("retries.wait.ms", int)
        self._wait_max_ms = max(settings("retries.max.wait.ms", int), self._wait_ms)
        self._clock = clock or SystemClock()
        self._chance = random.Random()  # noqa: S311 - jitter, no secret
        self._closed = threading.Event()
        self._first = 0
        self._idle: dict[Endpoint, list[http.client.HTTPConnection]] = {}
        self._forget()

    def _forget(self) -> None:
        """Begin without connections, as in the child of a fork: the parent goes on with its own."""
        self._pid = os.getpid()
        self._lock = threading.Lock()
        idle, self._idle = self._idle, {}
        for connection in itertools.chain(*idle.values()):
            connection.close()

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """Ask something, and return the answer's JSON.

        Raises:
            SchemaRegistryError: If nobody answered, or the answer is a refusal.
            ClientClosedError: After `close`.
        """
        told = {name: _shown(value) for name, value in (query or {}).items() if value is not None}
        target = f"/{path}?{urlencode(told)}" if told else f"/{path}"
        data = None if body is None else json.dumps(body).encode()
        reasons: dict[str, str] = {}
        busy: Answer | None = None
        for tried in range(self._tries):
            if tried:
                self._pause(tried - 1)
            for position, endpoint in self._in_order():
                try:
                    answer = self._exchange(endpoint, method, target, data)
                except (OSError, http.client.HTTPException) as error:
                    reasons[str(endpoint)] = self._reason(error)
                    continue
                if answer.is_busy:
                    busy = answer
                    continue
                self._first = position
                return value_of(answer)
        if busy is not None:
            raise error_of(busy)
        told_reasons = "; ".join(f"{place}: {reason}" for place, reason in reasons.items())
        message = f"no schema registry answers, {self._tries} tries each: {told_reasons}"
        raise SchemaRegistryUnreachableError(message, attempts=reasons)

    def close(self) -> None:
        """End the connections; twice is no error."""
        self._closed.set()
        with self._lock:
            idle, self._idle = self._idle, {}
        for connection in itertools.chain(*idle.values()):
            connection.close()

    def _in_order(self) -> Iterator[tuple[int, Endpoint]]:
        """Yield the addresses, beginning with the one that answered last."""
        count, first = len(self.endpoints), self._first
        for step in range(count):
            position = (first + step) % count
            yield position, self.endpoints[position]

    def _pause(self, failures: int) -> None:
        wait_ms = min(self._wait_ms * 2 ** min(failures, 32), self._wait_max_ms)
        spread = self._chance.uniform(1 - JITTER, 1 + JITTER)
        if self._closed.wait(wait_ms * spread / 1000):
            raise ClientClosedError("the registry's client was closed meanwhile")

    def _exchange(self, endpoint: Endpoint, method: str, target: str, data: bytes | None) -> Answer:
        connection, is_kept = self._take(endpoint)
        try:
            return self._over(connection, endpoint, method, target, data)
        except GONE:
            if not is_kept:
                raise
        except ssl.SSLCertVerificationError as error:
            message = (
                f"the certificate of {endpoint} is not trusted: {error.verify_message}: see "
                "schema.registry.ssl.truststore.location"
            )
            raise SchemaRegistryAuthError(message, url=str(endpoint)) from error
        fresh = self._made(endpoint)
        return self._over(fresh, endpoint, method, target, data)

    def _over(
        self,
        connection: http.client.HTTPConnection,
        endpoint: Endpoint,
        method: str,
        target: str,
        data: bytes | None,
    ) -> Answer:
        """Ask over a connection, and keep it if it can be used again."""
        headers = {"Accept": f"{KIND}, application/json", **self._credentials.headers(endpoint)}
        if data is not None:
            headers["Content-Type"] = KIND
        try:
            if connection.sock is None:
                connection.connect()
            connection.sock.settimeout(self._read_ms / 1000)
            deadline_ms = self._clock.monotonic_ms() + self._read_ms

            def left_s() -> float:
                return (deadline_ms - self._clock.monotonic_ms()) / 1000

            connection.response_class = functools.partial(_response, left_s)  # type: ignore[assignment]
            connection.request(method, endpoint.path + target, data, headers)
            response = connection.getresponse()
            url = f"{endpoint}{target}"
            content = _content(response, url)
        except BaseException:
            connection.close()
            raise
        kind, location = response.headers.get_content_type(), response.headers.get("Location")
        if response.will_close or not self._put(endpoint, connection):
            connection.close()
        return Answer(response.status, kind, content, url, location)

    def _take(self, endpoint: Endpoint) -> tuple[http.client.HTTPConnection, bool]:
        """Return a connection, and whether it was kept from an earlier request."""
        if os.getpid() != self._pid:
            self._forget()
        if self._closed.is_set():
            raise ClientClosedError("the registry's client is closed")
        with self._lock:
            idle = self._idle.get(endpoint)
            if idle:
                return idle.pop(), True
        return self._made(endpoint), False

    def _made(self, endpoint: Endpoint) -> http.client.HTTPConnection:
        timeout_s = self._connect_ms / 1000
        if endpoint.scheme == "https":
            return http.client.HTTPSConnection(
                endpoint.host, endpoint.port, timeout=timeout_s, context=self._tls
            )
        return http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=timeout_s)

    def _put(self, endpoint: Endpoint, connection: http.client.HTTPConnection) -> bool:
        """Keep a connection; False if there is no more use for it."""
        with self._lock:
            if not self._closed.is_set():
                self._idle.setdefault(endpoint, []).append(connection)
        return not self._closed.is_set()

    def _reason(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return (
                f"no answer within http.connect.timeout.ms={self._connect_ms} and "
                f"http.read.timeout.ms={self._read_ms}"
            )
        if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
            return f"what answers does not speak HTTP ({type(error).__name__})"
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return str(text)


def _content(response: http.client.HTTPResponse, url: str) -> bytes:
    """Read an answer whole.

    Raises:
        SchemaRegistryAnswerError: If it is larger than any answer may be.
    """
    parts, size = [], 0
    while part := response.read(CHUNK):
        parts.append(part)
        size += len(part)
        if size > ANSWER_BYTES_MAX:
            message = f"{url} answers more than {ANSWER_BYTES_MAX} bytes: is it a registry?"
            raise SchemaRegistryAnswerError(message, status=response.status, url=url)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(parts)


def _shown(value: object) -> str:
    """Return a value as a query has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
