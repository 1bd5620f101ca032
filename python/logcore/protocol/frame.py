"""What frames a message on a connection: a length of four bytes, then header and message.

Invariant: memory that somebody still looks into is never written again; `is_looked_at` tells.
Neighbours: `header` reads what is inside; `logcore.network.frames` cuts received bytes into frames.
"""

import struct
from typing import Final

LENGTH: Final = struct.Struct(">i")
LENGTH_BYTES: Final = LENGTH.size


def is_looked_at(memory: bytearray) -> bool:
    """Whether there are views of a bytearray, which forbid to resize it.

    Example:
        >>> memory = bytearray(8)
        >>> view = memoryview(memory)
        >>> is_looked_at(memory)
        True
    """
    try:
        memory.append(memory.pop())
    except BufferError:
        return True
    return False
