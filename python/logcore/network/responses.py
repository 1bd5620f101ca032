"""Answers as the socket wants them: small buffers joined, large ones as they are.

Invariant: the bytes of a large buffer, such as a view of a mapped segment, are never copied here.
Neighbours: `connection` writes what comes out.
"""

from typing import Any, Final

JOINED_BYTES_MAX: Final = 16 * 1024


def assemble(buffers: list[Any]) -> list[Any]:
    """Return buffers to write for buffers of bytes, in order and never none of them.

    Example:
        >>> assemble([b"length", b"head", bytes(100_000), b"tail"])[::2]
        [b'lengthhead', b'tail']
    """
    if max(map(len, buffers)) <= JOINED_BYTES_MAX:
        return [b"".join(buffers)]
    ready: list[Any] = []
    small: list[Any] = []
    for buffer in buffers:
        if len(buffer) <= JOINED_BYTES_MAX:
            small.append(buffer)
        else:
            if small:
                ready.append(b"".join(small))
                small = []
            ready.append(buffer)
    if small:
        ready.append(b"".join(small))
    return ready
