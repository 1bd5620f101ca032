"""A client of one connection for tests of handlers: sends any request in any version.

It speaks with our own codec, so it proves what handlers do and not what bytes they mean; that is
what tests/interop and tests/protocol are for.
"""

import importlib
import socket
import struct
from typing import Any, Self

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.schema import Message


def api_key_of(request: Message) -> ApiKey:
    name = type(request).__name__.removesuffix("Request")
    return next(key for key in ApiKey if camel(key) == name)


def camel(key: ApiKey) -> str:
    return "".join(word.capitalize() for word in key.name.split("_"))


class Wire:
    """One connection to a broker."""

    def __init__(self, port: int, client_id: str = "test", host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client_id = client_id
        self.correlation_id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, request: Message, version: int) -> int:
        """Send a request and do not wait; return its correlation id."""
        key = api_key_of(request)
        self.correlation_id += 1
        client_id = self.client_id.encode()
        header = struct.pack(">hhih", key, version, self.correlation_id, len(client_id)) + client_id
        if is_flexible(type(request), version):
            header += b"\0"
        body = b"".join(bytes(part) for part in request.encode(version))
        self.socket.sendall(struct.pack(">i", len(header) + len(body)) + header + body)
        return self.correlation_id

    def receive(self, key: ApiKey, version: int) -> Any:
        """Wait for the next response, which must be the one that is due."""
        frame = self.receive_frame()
        module = importlib.import_module(f"logcore.protocol.messages.{key.name.lower()}")
        response_class = getattr(module, camel(key) + "Response")
        position = 4
        if is_flexible(response_class, version) and key is not ApiKey.API_VERSIONS:
            position = 5
        return response_class.decode(memoryview(frame)[position:], version)

    def receive_frame(self) -> bytes:
        (length,) = struct.unpack(">i", self.exactly(4))
        return self.exactly(length)

    def exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise ConnectionError("the broker closed the connection")
            data += more
        return data

    def ask(self, request: Message, version: int) -> Any:
        """Send a request and wait for its response."""
        self.send(request, version)
        return self.receive(api_key_of(request), version)


def is_flexible(message_class: type[Message], version: int) -> bool:
    return version >= message_class.FLEXIBLE
