"""Writing past a transport keeps the order, and leaves to it what the socket does not take."""

import asyncio
import os
import socket

from logcore.network.at_once import plain_descriptor, write_at_once
from tests.network.serving import Echo, listening, on_loop


class Memory(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self, extra=None):
        super().__init__(extra)
        self.written = b""

    def get_write_buffer_size(self):
        return len(self.written)

    def write(self, data):
        self.written += data


def pair():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    return ours, theirs


def test_writes_to_the_socket_and_not_to_the_transport():
    ours, theirs = pair()
    with ours, theirs:
        transport = Memory()
        write_at_once(transport, ours.fileno(), b"at once")
        assert (theirs.recv(100), transport.written) == (b"at once", b"")


def test_what_waits_goes_first():
    ours, theirs = pair()
    with ours, theirs:
        transport = Memory()
        transport.write(b"first, ")
        write_at_once(transport, ours.fileno(), memoryview(b"second"))
        assert transport.written == b"first, second"


def test_what_the_socket_does_not_take_is_left_to_the_transport():
    ours, theirs = pair()
    with ours, theirs:
        transport, much = Memory(), os.urandom(4_000_000)
        write_at_once(transport, ours.fileno(), much)
        taken = theirs.recv(4_000_000)
        assert 0 < len(taken) < len(much)
        write_at_once(transport, ours.fileno(), b"more")
        rest = much[len(taken) :]
        received = b""
        while len(received) + len(transport.written) < len(rest) + 4:
            received += theirs.recv(4_000_000)
        assert received + transport.written == rest + b"more"


def test_an_error_is_left_to_the_transport():
    ours, theirs = pair()
    with ours:
        theirs.close()
        transport = Memory()
        write_at_once(transport, ours.fileno(), b"to nobody")
        assert transport.written == b"to nobody"


def test_without_a_socket_the_transport_writes():
    transport = Memory()
    write_at_once(transport, None, b"through it")
    assert transport.written == b"through it"


def test_an_encrypted_transport_has_no_plain_socket():
    ours, theirs = pair()
    with ours, theirs:
        assert plain_descriptor(Memory({"socket": ours})) == ours.fileno()
        assert plain_descriptor(Memory({"socket": ours, "ssl_object": object()})) is None
        assert plain_descriptor(Memory()) is None


@on_loop
async def test_the_loop_tells_its_socket():
    async with listening(Echo()) as listener:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, "127.0.0.1", listener.port)
        assert plain_descriptor(transport) is not None
        transport.close()
