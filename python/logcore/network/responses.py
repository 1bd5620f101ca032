"""Answers as the socket wants them: a length in front, small buffers joined, large ones kept.

Invariant: the bytes of a large buffer, such as a view of a mapped segment, are never copied here.
Neighbours: `connection` writes what comes out.
"""

from typing import Any, Final

from logcore.protocol.frame import LENGTH

JOINED_BYTES_MAX: Final = 16 * 1024
_pack_length = LENGTH.pack


def assemble(answers: list[list[Any]]) -> list[Any]:
    """Return the buffers to write for some answers, in order.

    Args:
        answers: Each a list of buffers of bytes.
    """
    ready: list[Any] = []
    small: list[Any] = []
    for buffers in answers:
        small.append(_pack_length(sum(map(len, buffers))))
        for buffer in buffers:
            if len(buffer) <= JOINED_BYTES_MAX:
                small.append(buffer)
            else:
                ready.append(b"".join(small))
                ready.append(buffer)
                small = []
    if small:
        ready.append(b"".join(small))
    return ready
