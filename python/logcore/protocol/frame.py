"""Frames on a connection: a length of four bytes, then a message with its header.

Sans-I/O: whoever has a socket asks for memory to receive into and says how much came; complete
frames come out, as views of that memory.
Invariant: a declared length makes no allocation beyond twice the largest frame that the peer has
already sent in full, or twice what has arrived of this one; and memory that somebody still looks
into is never written again.
Neighbours: `header` reads what is inside; `logcore.network` has the sockets.
"""

import struct
from typing import TYPE_CHECKING, Final

from logcore.protocol.errors import FrameSizeError

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from logcore.protocol.schema import Message

LENGTH: Final = struct.Struct(">i")
LENGTH_BYTES: Final = LENGTH.size
CAPACITY_MIN: Final = 16 * 1024
APPETITE_MAX: Final = 256 * 1024
ROOM_MIN: Final = 2 * 1024
_ROOM_FOR_LENGTH: Final = bytes(LENGTH_BYTES)


class FrameBuffer:
    """Receives bytes and hands out the frames in them.

    Attributes:
        limit: The largest frame accepted, in bytes, its length not counted.

    Example:
        >>> buffer = FrameBuffer(limit=100)
        >>> buffer.writable()[:7] = bytes([0, 0, 0, 2]) + b"hi!"
        >>> [bytes(frame) for frame in buffer.received(7)]
        [b'hi']
        >>> buffer.pending_bytes
        1
    """

    __slots__ = (
        "_appetite",
        "_end",
        "_largest",
        "_memory",
        "_needed",
        "_start",
        "_view",
        "limit",
    )

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        self._memory = bytearray(CAPACITY_MIN)
        self._view = memoryview(self._memory)
        self._start = 0  # of the first frame not handed out
        self._end = 0  # of what has arrived
        self._needed = 0  # bytes of the frame at _start, its length included; 0 while unknown
        self._largest = CAPACITY_MIN // 2  # of the complete frames, in bytes
        self._appetite = CAPACITY_MIN  # how much memory recent traffic makes use of

    @property
    def pending_bytes(self) -> int:
        """Bytes that have arrived and belong to no complete frame yet."""
        return self._end - self._start

    @property
    def capacity(self) -> int:
        """Bytes of memory held."""
        return len(self._view)

    def writable(self) -> memoryview:
        """Return memory to receive into: as much as is there, and never none."""
        room = len(self._view) - self._end
        pending = self._end - self._start
        if not pending:
            if 2 * room < len(self._view):
                self._begin_again()
        else:
            missing = self._needed - pending if self._needed else ROOM_MIN
            if room < missing:
                capacity = self._capacity(pending)
                if room < ROOM_MIN or capacity - pending >= missing:
                    self._move(capacity)
        return self._view[self._end :]

    def received(self, count: int) -> list[memoryview]:
        """Take note of bytes that were received into `writable()`.

        Args:
            count: How many they are.

        Returns:
            The frames that are complete now, in order, without their lengths.

        Raises:
            FrameSizeError: If a frame declares a negative length or one above the limit.
        """
        room = len(self._view) - self._end
        assert 0 <= count <= room, "more than there was room for"
        if count == room and self._appetite < APPETITE_MAX:
            self._appetite *= 2
        self._end += count
        frames: list[memoryview] = []
        start, end = self._start, self._end
        while end - start >= LENGTH_BYTES:
            (length,) = LENGTH.unpack_from(self._view, start)
            if not 0 <= length <= self.limit:
                raise FrameSizeError(f"a frame of {length} bytes, the limit is {self.limit}")
            needed = LENGTH_BYTES + length
            if end - start < needed:
                self._needed = needed
                break
            frames.append(self._view[start + LENGTH_BYTES : start + needed])
            start += needed
            self._needed = 0
            self._largest = max(self._largest, needed)
            self._appetite = max(self._appetite, needed)
        self._start = start
        return frames

    def _begin_again(self) -> None:
        """Reuse the memory from its beginning, unless a frame in it is still looked at."""
        self._view.release()
        if len(self._memory) > 2 * self._appetite or is_looked_at(self._memory):
            self._memory = bytearray(self._appetite)
        self._view = memoryview(self._memory)
        self._start = self._end = 0
        self._appetite = max(CAPACITY_MIN, self._appetite * 3 // 4)

    def _move(self, capacity: int) -> None:
        """Take the beginning of an incomplete frame to larger or fresh memory."""
        pending = self.pending_bytes
        memory = bytearray(capacity)
        memory[:pending] = self._view[self._start : self._end]
        self._view.release()
        self._memory, self._view = memory, memoryview(memory)
        self._start, self._end = 0, pending

    def _capacity(self, pending: int) -> int:
        """Return how much memory the incomplete frame may have."""
        justified = 2 * max(self._largest, pending)
        return max(self._appetite, min(self._needed or justified, justified))


def is_looked_at(memory: bytearray) -> bool:
    """Whether there are views of a bytearray, which forbid to resize it."""
    try:
        memory.append(memory.pop())
    except BufferError:
        return True
    return False


def encode_frame(header: bytes, message: "Message", version: int) -> "list[Buffer]":
    """Write a message with its length and header, as buffers for the socket.

    Args:
        header: What `request_header` or `response_header` made.
        message: The message.
        version: Its version.

    Returns:
        The buffers, in order. Large records are buffers of their own, never copied.

    Raises:
        UnencodableMessageError: As `Message.encode`.
        UnsupportedVersionError: As `Message.encode`.
    """
    buffers = message.encode(version, _ROOM_FOR_LENGTH + header)
    first = buffers[0]
    assert isinstance(first, bytearray), "a writer begins with the prefix"
    size = sum(map(len, buffers)) - LENGTH_BYTES  # type: ignore[arg-type]  # buffers of bytes
    LENGTH.pack_into(first, 0, size)
    return buffers
