"""A server of HTTP that answers what a test tells it to, also nonsense, slowly, or not at all.

Invariant: each request gets the next answer of the script, the last one again and again; what was
asked is kept. When the block ends, no thread and no socket is left.
Neighbours: real answers come from `tests.peers.apicurio`.
"""

import json
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

HANG_UP = object()
"""An answer: the connection is closed without a word."""
STAY_SILENT = object()
"""An answer: nothing is said, ever."""


def said(value, status=200, headers=()):
    """Return an answer in JSON, as bytes."""
    return raw(json.dumps(value).encode(), status, headers)


def raw(body, status=200, headers=(), kind="application/json"):
    """Return an answer with some body, as bytes."""
    lines = [f"HTTP/1.1 {status} Told", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def refusal(status, code, message="no"):
    """Return a refusal as a registry words it."""
    return said({"error_code": code, "message": message}, status)


@dataclass
class Asked:
    """One request."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class LyingRegistry:
    """The server, for as long as a `with` block."""

    script: list[Any] = field(default_factory=lambda: [said([])])
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    def __enter__(self):
        self._done = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        self._open = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(10)

    def hang_up(self):
        """Close the connections there are, as a server does that has waited long enough."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while not self._done.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection):
        with suppress(OSError), connection:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            with connection, connection.makefile("rb") as stream:
                while line := stream.readline():
                    self._read(line, stream)
                    if not self._answer(connection):
                        return

    def _read(self, line, stream):
        headers = {}
        while (header := stream.readline().strip()) != b"":
            name, _, value = header.decode().partition(": ")
            headers[name] = value
        body = stream.read(int(headers.get("Content-Length", 0)))
        self.asked.append(Asked(line.decode().strip(), headers, body))

    def _answer(self, connection):
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if answer is HANG_UP:
            return False
        if answer is STAY_SILENT:
            self._done.wait()
            return False
        if isinstance(answer, bytes):
            connection.sendall(answer)
            return True
        for part in answer:  # slowly
            connection.sendall(part)
            if self._done.wait(0.05):
                return False
        return True
