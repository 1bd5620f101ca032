"""A listener and clients on one loop, for tests that send it whatever they like."""

import asyncio
import contextlib
import functools
import inspect
import socket
import struct
from collections.abc import AsyncIterator, Callable
from typing import Any

import uvloop

from logcore.common.clock import LoopScheduler
from logcore.common.deferred import Deferred
from logcore.network.connection import Connection
from logcore.network.limits import ConnectionLimits
from logcore.network.listener import Listener
from logcore.network.service import NetworkService, NetworkSettings


def on_loop(test: Callable[..., Any]) -> Callable[..., None]:
    """Run an asynchronous test on a loop of its own, and not for ever."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(60):
                await test(*args, **kwargs)

        uvloop.run(bounded())

    run.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]  # for fixtures
    return run


class Answering:
    """Answers each request with what a function makes of it."""

    def __init__(self, answer: Callable[[memoryview], Any]) -> None:
        self.answer = answer
        self.frames = 0

    def handle(self, connection: Connection, frame: memoryview) -> Any:  # noqa: ARG002 - a protocol
        self.frames += 1
        return self.answer(frame)


class Echo(Answering):
    """Answers each request with itself."""

    def __init__(self) -> None:
        super().__init__(lambda frame: [bytes(frame)])


class Parking:
    """Answers nothing by itself; tests complete what is parked."""

    def __init__(self) -> None:
        self.parked: list[tuple[bytes, Deferred[Any]]] = []
        self.connections: list[Connection] = []

    def handle(self, connection: Connection, frame: memoryview) -> Any:
        self.connections.append(connection)
        answer: Deferred[Any] = Deferred()
        self.parked.append((bytes(frame), answer))
        return answer


class Client:
    """A connection that speaks in frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    def send(self, *bodies: bytes) -> None:
        self.writer.write(b"".join(framed(body) for body in bodies))

    async def receive(self) -> bytes:
        (length,) = struct.unpack(">i", await self.reader.readexactly(4))
        return await self.reader.readexactly(length)

    async def is_closed(self) -> bool:
        """Wait for the other side to close, and say whether it sent nothing before."""
        with contextlib.suppress(ConnectionError):
            return await self.reader.read() == b""
        return True

    def close(self) -> None:
        self.writer.close()


def framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


def service_of(*, limits: ConnectionLimits | None = None, **settings: Any) -> NetworkService:
    loop = asyncio.get_running_loop()
    return NetworkService(loop, LoopScheduler(loop), NetworkSettings(**settings), limits)


@contextlib.asynccontextmanager
async def listening(
    handler: Any, service: NetworkService | None = None, **rest: Any
) -> AsyncIterator[Listener]:
    """Listen until the block ends, and see that nothing is left then."""
    tls = rest.pop("tls", None)
    service = service or service_of(**rest)
    listener = Listener("PLAINTEXT", "127.0.0.1", 0, handler, service, tls)
    listener.start()
    try:
        yield listener
    finally:
        await listener.stop(0)
        assert not listener.connections
        assert service.limits.count == 0


@contextlib.asynccontextmanager
async def connected(listener: Listener, **rest: Any) -> AsyncIterator[Client]:
    """Connect until the block ends."""
    client = Client(*await asyncio.open_connection("127.0.0.1", listener.port, **rest))
    try:
        yield client
    finally:
        client.close()


def blocking_socket(listener: Listener) -> socket.socket:
    """Connect without a loop; reading and writing it must not wait."""
    return socket.create_connection(("127.0.0.1", listener.port))


async def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Let the loop turn until something is so."""
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < end, "it does not happen"
        await asyncio.sleep(0.002)
