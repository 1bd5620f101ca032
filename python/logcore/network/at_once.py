"""Writing to a socket now, where its transport would wait for the end of the loop's turn.

So the peer goes on while we do; and other threads have the interpreter while the system writes and
wakes the peer, which a transport would not allow. Invariant: bytes leave in order: while anything
is with the transport, it gets what comes after too, and what the socket does not take.
Neighbours: `outbox` writes a broker's answers so, `logcore.client.connection` a client's requests.
"""

import asyncio
import os


def plain_descriptor(transport: asyncio.Transport) -> int | None:
    """Return the socket of a transport, if it takes the bytes as they are: None under TLS."""
    if transport.get_extra_info("ssl_object") is not None:
        return None
    plain = transport.get_extra_info("socket")
    return None if plain is None else int(plain.fileno())


def write_at_once(
    transport: asyncio.Transport, descriptor: int | None, data: bytes | memoryview
) -> None:
    """Write to a socket, or leave it to its transport.

    Args:
        transport: Its transport, which meets whatever goes wrong.
        descriptor: The socket, None where only the transport can write.
        data: What to write.
    """
    if descriptor is None or transport.get_write_buffer_size():
        transport.write(data)
        return
    try:
        sent = os.write(descriptor, data)
    except OSError:
        sent = 0
    if sent < len(data):
        transport.write(memoryview(data)[sent:] if sent else data)
