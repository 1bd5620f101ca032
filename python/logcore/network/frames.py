"""From received bytes to frames, sans-I/O, with memory that follows what has really arrived.

Invariant: a declared length alone allocates nothing. A connection holds at most twice what it has
sent of the frame that is under way, or the size of the last frame that it has sent in full. A frame
that is handed out is either a copy, or a view of a buffer at most eight times its size, so whoever
keeps a frame keeps little else alive.
Neighbours: `memory` lends the buffers; `connection` moves the bytes.
"""

from typing import Final

from logcore.network.memory import SCRATCH_BYTES, SIZE_MIN, ReceiveMemory
from logcore.protocol.errors import FrameSizeError
from logcore.protocol.frame import LENGTH, LENGTH_BYTES

FRAME_BYTES_MIN: Final = 8  # API key, version and correlation id
_VIEW_SHARE: Final = 8
_SOLE_BYTES_MAX: Final = SCRATCH_BYTES // _VIEW_SHARE
_unpack_length = LENGTH.unpack_from


class FrameReader:
    """Cuts the bytes of one connection into frames.

    Args:
        memory: Where buffers come from.
        limit: The largest frame accepted, in bytes, its length not counted.

    Attributes:
        least: The smallest frame accepted.
        limit_key: The setting that the limit comes from.
    """

    __slots__ = (
        "_buffer",
        "_due",
        "_end",
        "_expected",
        "_is_scratch",
        "_memory",
        "_start",
        "least",
        "limit",
        "limit_key",
    )

    def __init__(self, memory: ReceiveMemory, limit: int) -> None:
        self.limit = limit
        self.limit_key = "socket.request.max.bytes"
        self.least = FRAME_BYTES_MIN
        self._memory = memory
        self._buffer: bytearray | None = None
        self._is_scratch = False
        self._start = 0  # of what has not been handed out
        self._end = 0  # of what has arrived
        self._due = 0  # size of the frame at _start with its length, as far as it is known
        self._expected = 0  # size of the last frame, if that was a large one

    @property
    def pending_bytes(self) -> int:
        """How many bytes have arrived that are not handed out."""
        return self._end - self._start

    @property
    def held_bytes(self) -> int:
        """How much memory it holds between two calls of the loop."""
        return 0 if self._buffer is None or self._is_scratch else len(self._buffer)

    def writable(self) -> bytearray | memoryview:
        """Return memory to receive into; good until `received`."""
        buffer = self._buffer
        if buffer is None or self._is_scratch:
            self._is_scratch = self._expected <= SCRATCH_BYTES
            memory = self._memory
            buffer = memory.scratch() if self._is_scratch else memory.take(self._expected)
            self._buffer = buffer
            return buffer
        if self._due > SCRATCH_BYTES:  # the next frame begins in memory of its own
            return memoryview(buffer)[self._end : self._start + self._due]
        return memoryview(buffer)[self._end :]

    def received(self, count: int) -> None:
        """Take note of bytes that were received into `writable()`."""
        self._end += count

    def next_frame(self) -> memoryview | None:
        """Return the next complete frame without its length, None if there is none.

        Raises:
            FrameSizeError: If a frame declares a length that no request has.
        """
        start = self._start
        body = start + LENGTH_BYTES
        buffer = self._buffer
        if body > self._end or buffer is None:
            self._due = 0
            return None
        (length,) = _unpack_length(buffer, start)
        if not self.least <= length <= self.limit:
            raise FrameSizeError(self._describe(length))
        end = body + length
        if end > self._end:
            if length >= _FOREIGN_FROM and (foreign := self._foreign_protocol()):
                raise FrameSizeError(foreign)
            self._due = end - start
            return None
        self._start = end
        size = end - start
        self._expected = size if size > SCRATCH_BYTES else 0
        if length * _VIEW_SHARE < len(buffer):
            return memoryview(buffer[body:end])
        return memoryview(buffer)[body:end]

    def sole_frame(self) -> memoryview | None:
        """Return the frame if one small one has arrived, whole and alone, and leave the buffer.

        None, with nothing changed, is for everything else: `next_frame` knows what.
        """
        buffer, end = self._buffer, self._end
        if not self._is_scratch or self._start or not LENGTH_BYTES < end <= _SOLE_BYTES_MAX:
            return None
        assert buffer is not None, "something has arrived"
        (length,) = _unpack_length(buffer)
        if length != end - LENGTH_BYTES or not self.least <= length <= self.limit:
            return None
        self._buffer, self._is_scratch = None, False
        self._end = self._due = self._expected = 0
        return memoryview(buffer[LENGTH_BYTES:end])

    def settle(self) -> int:
        """Leave the scratch buffer and make room; to be called when a turn is over.

        Returns:
            How much memory is held from now on.
        """
        buffer, pending = self._buffer, self._end - self._start
        if buffer is None:
            return 0
        if not pending:
            self.release()
            return 0
        if self._is_scratch or self._start + max(self._due, pending + 1) > len(buffer):
            self._move(buffer, pending)
        return self.held_bytes

    def release(self) -> None:
        """Give the memory back, and forget what is pending."""
        buffer, self._buffer = self._buffer, None
        if buffer is not None and not self._is_scratch:
            self._memory.give(buffer)
        self._is_scratch = False
        self._start = self._end = self._due = 0

    def _move(self, buffer: bytearray, pending: int) -> None:
        """Take what is pending to a buffer of its own, if there is none or it is too small."""
        if not self._is_scratch and self._start == 0 and pending < len(buffer):
            return  # there is room for as much as is justified; it grows when it is full
        justified = max(SIZE_MIN, 2 * pending, self._expected)
        fresh = self._memory.take(min(max(self._due, pending + 1), justified))
        fresh[:pending] = memoryview(buffer)[self._start : self._end]
        if not self._is_scratch:
            self._memory.give(buffer)
        self._buffer, self._is_scratch = fresh, False
        self._start, self._end = 0, pending

    def _describe(self, length: int) -> str:
        """Say what is wrong with a length."""
        announced = f"announced a request of {length} bytes"
        if length < self.least:
            return announced if length < 0 else f"{announced}, too few for a header"
        limit = f"{announced}; {self.limit_key} is {self.limit}"
        return self._foreign_protocol() or limit

    def _foreign_protocol(self) -> str | None:
        """Say what other protocol it is that a frame would be absurdly long in."""
        assert self._buffer is not None, "a length was read from it"
        head = bytes(self._buffer[self._start : min(self._start + _HEAD_BYTES, self._end)])
        if head[:LENGTH_BYTES] in _HTTP_METHODS:
            return "speaks HTTP, and this is a port for Kafka's protocol"
        if head[:2] == b"\x16\x03" and head[_HEAD_BYTES - 1 :] == b"\x01":
            return "speaks TLS, and this listener does not"
        return None


_HEAD_BYTES: Final = 6  # a TLS record's type, version and length, and the type of its handshake
_FOREIGN_FROM: Final = 0x16030000
_HTTP_METHODS: Final = frozenset(
    {b"GET ", b"HEAD", b"POST", b"PUT ", b"DELE", b"OPTI", b"PATC", b"CONN", b"TRAC", b"PRI "}
)
