"""The requests on one connection that wait for their answers, in order, sans-I/O.

Kafka answers in the order of the requests, so what is in flight is a queue.
Invariant: an answer that is not the next one's, or that is no message, is the broker's fault and
ends the connection; whatever was in flight learns of it.
Neighbours: `connection` moves the bytes and completes the futures.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logcore.protocol.errors import MalformedMessageError
from logcore.protocol.frame import LENGTH
from logcore.protocol.header import RequestHeader, decode_response_header, request_header
from logcore.protocol.schema import Message

if TYPE_CHECKING:
    from typing_extensions import Buffer

CORRELATION_ID_MAX: Final = 0x7FFF_FFFF


class Pending(NamedTuple):
    """A request that waits for its answer.

    Attributes:
        correlation_id: What the answer repeats.
        api_key: Which API.
        version: In which version.
        response: The class of the answer.
        future: What learns of it.
        deadline: When it is too late, in the loop's seconds.
        sent_ns: When it was sent, by the monotonic clock.
    """

    correlation_id: int
    api_key: int
    version: int
    response: type[Message]
    future: "asyncio.Future[Any]"
    deadline: float
    sent_ns: int = 0


class Pipeline:
    """What is in flight on one connection.

    Args:
        client_id: What the client calls itself.
    """

    __slots__ = ("_client_id", "_next_id", "pending")

    def __init__(self, client_id: str) -> None:
        self._client_id = client_id or None
        self._next_id = 0
        self.pending: deque[Pending] = deque()

    def encode(self, request: Message, version: int) -> "tuple[int, list[Buffer]]":
        """Write a request with its header and length.

        Returns:
            Its correlation id, and the buffers to send.

        Raises:
            UnencodableMessageError, UnsupportedVersionError: As messages do.
        """
        correlation_id = self._next_id
        self._next_id = 0 if correlation_id == CORRELATION_ID_MAX else correlation_id + 1
        header = RequestHeader(request.API_KEY, version, correlation_id, self._client_id)
        buffers = request.encode(version, request_header(header))
        size = sum(map(_size_of, buffers))
        buffers.insert(0, LENGTH.pack(size))
        return correlation_id, buffers

    def answer(self, frame: memoryview) -> tuple[Pending, Message]:
        """Match a frame to the oldest request in flight, and read it.

        Raises:
            MalformedMessageError: If it is not the answer to it.
        """
        if not self.pending:
            raise MalformedMessageError("sent an answer to no request")
        pending = self.pending[0]
        got, position = decode_response_header(frame, pending.api_key, pending.version)
        if got != pending.correlation_id:
            raise MalformedMessageError(
                f"answered request {got} where {pending.correlation_id} was the next"
            )
        message = _decode(pending, frame, position)
        self.pending.popleft()
        return pending, message

    def abandon(self) -> list[Pending]:
        """Forget all requests in flight, and return them."""
        pending = list(self.pending)
        self.pending.clear()
        return pending


def _size_of(buffer: "Buffer") -> int:
    return len(buffer) if isinstance(buffer, bytes) else memoryview(buffer).nbytes


def _decode(pending: Pending, frame: memoryview, position: int) -> Message:
    """Read a message; an answer to ApiVersions of a version the broker lacks comes in version 0."""
    if pending.api_key == _API_VERSIONS and bytes(frame[position : position + 2]) == _UNSUPPORTED:
        return pending.response.decode(frame, 0, position)
    return pending.response.decode(frame, pending.version, position)


_API_VERSIONS: Final = 18
_UNSUPPORTED: Final = b"\x00\x23"
