"""A server that answers as a test wants, for clients to be careful with.

Invariant: it speaks Kafka's framing and headers; what it answers, or does instead, is the test's.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.header import decode_request_header, response_header
from logcore.protocol.messages.api_versions import ApiVersion, ApiVersionsResponse

Answer = bytes | None
Behaviour = Callable[["Asked"], Awaitable[Answer]]


class Asked:
    """A request that came, and ways to answer it."""

    def __init__(self, frame: bytes, writer: asyncio.StreamWriter) -> None:
        header, self.position = decode_request_header(memoryview(frame))
        self.api = ApiKey(header.api_key)
        self.version = header.version
        self.correlation_id = header.correlation_id
        self.client_id = header.client_id
        self.frame = frame
        self.writer = writer

    def answer(self, message: Any, correlation_id: int | None = None) -> bytes:
        """Return a response as bytes."""
        given = self.correlation_id if correlation_id is None else correlation_id
        body: bytes = message.encode_bytes(self.version)
        return response_header(self.api, self.version, given) + body


def greeting(**ranges: tuple[int, int]) -> ApiVersionsResponse:
    """Return what a broker of these APIs understands; keys are names of `ApiKey`."""
    told = {"API_VERSIONS": (0, 4), "METADATA": (0, 13)} | ranges
    return ApiVersionsResponse(
        api_keys=[
            ApiVersion(api_key=ApiKey[name], min_version=low, max_version=high)
            for name, (low, high) in told.items()
        ]
    )


@asynccontextmanager
async def lying_broker(behave: Behaviour) -> AsyncIterator[int]:
    """Serve on a free port; yield it.

    What ``behave`` returns is the answer; None closes the connection, and no bytes are silence.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                asked = Asked(await reader.readexactly(size), writer)
                answer = await behave(asked)
                if answer is None:
                    break
                if answer:
                    writer.write(struct.pack(">i", len(answer)) + answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
