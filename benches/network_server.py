"""Servers that the network bench asks, each in a process of its own: ours, and the least there is.

All answer alike: requests with API key 1 get a mebibyte of a mapped file, all others 64 bytes. What
differs is who moves the bytes, so the distance to *bare protocol* is what `logcore.network` costs.
`python -m benches.network_server NAME` prints the port, and serves until its input ends.
"""

import asyncio
import mmap
import struct
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import uvloop

from logcore.common.clock import LoopScheduler
from logcore.network.listener import Listener
from logcore.network.service import NetworkService

LENGTH = struct.Struct(">i")
HEADER = struct.Struct(">hhi")
MEBIBYTE = 1 << 20
MAPPED_BYTES = 64 * MEBIBYTE
LARGE_KEY = 1
ANSWER_BYTES = 64


class Handler:
    """What every server answers."""

    def __init__(self) -> None:
        with tempfile.TemporaryFile() as file:
            file.truncate(MAPPED_BYTES)
            mapped = mmap.mmap(file.fileno(), MAPPED_BYTES, prot=mmap.PROT_READ)
        self.segment = memoryview(mapped)
        assert not any(self.segment[:: mmap.PAGESIZE]), "all pages are there"
        self.body = bytes(ANSWER_BYTES - 4)

    def handle(self, _: Any, frame: memoryview) -> list[Any]:
        api_key, _version, correlation_id = HEADER.unpack_from(frame)
        head = correlation_id.to_bytes(4, "big")
        if api_key != LARGE_KEY:
            return [head + self.body]
        begin = correlation_id % 60 * MEBIBYTE
        return [head, self.segment[begin : begin + MEBIBYTE]]


class BareProtocol(asyncio.BufferedProtocol):
    """The least that a server can do on uvloop: one fixed buffer, no limits, no order to keep."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.buffer = bytearray(4 * MEBIBYTE)
        self.end = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - a protocol
        return memoryview(self.buffer)[self.end :]

    def buffer_updated(self, nbytes: int) -> None:
        self.end += nbytes
        start, written, view = 0, [], memoryview(self.buffer)
        while self.end - start >= LENGTH.size:
            body = start + LENGTH.size
            (length,) = LENGTH.unpack_from(view, start)
            if self.end < body + length:
                break
            answer = self.handler.handle(None, view[body : body + length])
            written += [LENGTH.pack(sum(map(len, answer))), *answer]
            start = body + length
        if written and max(map(len, written)) < MEBIBYTE:
            self.transport.write(b"".join(written))
        elif written:
            self.transport.writelines(written)
        if start:
            view[: self.end - start] = view[start : self.end]
            self.end -= start


async def serve_bare() -> int:
    handler = Handler()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: BareProtocol(handler), "127.0.0.1", 0)
    return int(server.sockets[0].getsockname()[1])


async def serve_streams() -> int:
    handler = Handler()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                frame = await reader.readexactly(length)
                answer = handler.handle(None, memoryview(frame))
                writer.writelines([LENGTH.pack(sum(map(len, answer))), *answer])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=4 * MEBIBYTE)
    return int(server.sockets[0].getsockname()[1])


async def serve_logcore() -> int:
    loop = asyncio.get_running_loop()
    service = NetworkService(loop, LoopScheduler(loop))
    listener = Listener("PLAINTEXT", "127.0.0.1", 0, Handler(), service)
    listener.start()
    return listener.port


SERVERS: dict[str, Callable[[], Any]] = {
    "logcore": serve_logcore,
    "bare protocol": serve_bare,
    "streams": serve_streams,
}


async def main(name: str) -> None:
    print(await SERVERS[name](), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
