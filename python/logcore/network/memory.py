"""Memory to receive into, shared by all connections of a broker.

A connection between two requests owns no memory at all: bytes that just arrive go to one scratch
buffer, and only the beginning of a frame that is not complete yet moves to a buffer of its own.
Large buffers are kept for the next large frame, because fresh pages cost more than copying.
Invariant: a buffer that somebody still looks into is never handed out again.
Neighbours: `frames` takes and gives; `protocol.frame` knows how to see who looks.
"""

from collections import deque
from typing import Final

from logcore.protocol.frame import is_looked_at

SCRATCH_BYTES: Final = 128 * 1024
SIZE_MIN: Final = 4 * 1024
KEPT_BYTES_MAX: Final = 16 * 1024 * 1024
_STEPS_BITS: Final = 3  # eight sizes between one power of two and the next
_TRIES_MAX: Final = 4


def rounded(size: int) -> int:
    """Return the size of buffer that serves a need: at most an eighth is wasted."""
    step = 1 << max((size - 1).bit_length() - 1 - _STEPS_BITS, 0)
    return max(SIZE_MIN, -(-size // step) * step)


class ReceiveMemory:
    """Buffers to receive into.

    Args:
        kept_bytes_max: How much is kept at most for later use.

    Attributes:
        kept_bytes: How much is kept right now.
    """

    __slots__ = ("_kept", "_kept_bytes_max", "_scratch", "kept_bytes")

    def __init__(self, kept_bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._scratch = bytearray(SCRATCH_BYTES)
        self._kept: dict[int, deque[bytearray]] = {}
        self._kept_bytes_max = kept_bytes_max
        self.kept_bytes = 0

    def scratch(self) -> bytearray:
        """Return the buffer that is good until the next call of this."""
        if is_looked_at(self._scratch):
            self._scratch = bytearray(SCRATCH_BYTES)
        return self._scratch

    def take(self, size: int) -> bytearray:
        """Return a buffer of at least a size, with whatever is in it."""
        size = rounded(size)
        kept = self._kept.get(size)
        if kept:
            for _ in range(min(len(kept), _TRIES_MAX)):
                buffer = kept.popleft()
                if not is_looked_at(buffer):
                    self.kept_bytes -= size
                    return buffer
                kept.append(buffer)
        return bytearray(size)

    def give(self, buffer: bytearray) -> None:
        """Give a buffer back; others may still look into it."""
        size = len(buffer)
        if size <= SIZE_MIN or self.kept_bytes + size > self._kept_bytes_max:
            return
        self.kept_bytes += size
        self._kept.setdefault(size, deque()).append(buffer)

    def trim(self) -> None:
        """Let go of what is kept; to be called once in a while."""
        self._kept.clear()
        self.kept_bytes = 0
