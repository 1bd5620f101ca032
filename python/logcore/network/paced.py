"""Writing to a TLS transport in pieces, because it encrypts all that it is given at once.

A fetched segment is megabytes of a map, which cost nothing until they are encrypted; a peer that
reads slowly must not make us hold all of that in memory.
Invariant: pieces leave in order, and none while the transport is paused.
Neighbours: `connection` uses one for TLS, and writes to the transport itself without.
"""

import asyncio
from collections import deque
from typing import Any, Final

PIECE_BYTES: Final = 128 * 1024


class PacedWriter:
    """Writes in pieces.

    Args:
        transport: Where they go.

    Attributes:
        is_paused: Whether the transport wants no more for now.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.is_paused = False
        self._transport = transport
        self._pieces: deque[Any] = deque()
        self._is_closing = False

    def writelines(self, buffers: list[Any]) -> None:
        """Write buffers of bytes, now or when the transport takes them."""
        for buffer in buffers:
            if len(buffer) <= PIECE_BYTES:
                self._pieces.append(buffer)
            else:
                view = memoryview(buffer)
                for begin in range(0, len(view), PIECE_BYTES):
                    self._pieces.append(view[begin : begin + PIECE_BYTES])
        self._write()

    def resume(self) -> bool:
        """Go on after a pause; return whether all is with the transport now."""
        self.is_paused = False
        self._write()
        return not self._pieces

    def close(self) -> None:
        """Close the transport once everything has been written."""
        self._is_closing = True
        self._write()

    def _write(self) -> None:
        while self._pieces and not self.is_paused:
            self._transport.write(self._pieces.popleft())
        if self._is_closing and not self._pieces:
            self._transport.close()
