"""A connection lends its socket only while nothing is under way, and takes it back as it was."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from logcore.network.connection import Connection
from tests.network.serving import (
    Answering,
    Client,
    Echo,
    Parking,
    blocking_socket,
    connected,
    framed,
    listening,
    on_loop,
    until,
)


class Borrower:
    """Borrows sockets, and notes what it is asked to give back."""

    def __init__(self) -> None:
        self.lent: dict[int, Connection] = {}
        self.given_back: list[int] = []

    def give_back(self, descriptor: int) -> None:
        self.given_back.append(descriptor)
        self.lent.pop(descriptor).take_back()

    def borrow(self, connection: Connection, handler) -> int | None:
        descriptor = connection.lend(self, handler)
        if descriptor is not None:
            self.lent[descriptor] = connection
        return descriptor


async def greeted(listener, client: Client) -> Connection:
    """Have a request answered, and return the other side of a client."""
    client.send(b"greeting")
    assert await client.receive() == b"greeting"
    connection: Connection = next(iter(listener.connections))
    return connection


@contextlib.asynccontextmanager
async def lending(**settings) -> AsyncIterator[tuple[Echo, Borrower, Client, Connection]]:
    """Have somebody who borrows, and both sides of a connection that has served a request."""
    echo, borrower = Echo(), Borrower()
    async with listening(echo, **settings) as listener, connected(listener) as client:
        yield echo, borrower, client, await greeted(listener, client)


@on_loop
async def test_bytes_wait_until_the_socket_is_back():
    async with lending() as (echo, borrower, client, connection):
        descriptor = borrower.borrow(connection, echo)
        assert descriptor is not None
        assert not connection.is_reading
        client.send(b"not yet.")
        await asyncio.sleep(0.02)
        assert echo.frames == 1
        borrower.lent.pop(descriptor).take_back()
        assert await client.receive() == b"not yet."
        assert connection.is_reading


@on_loop
async def test_what_was_received_is_served_first_and_what_was_unsent_leaves_first():
    async with lending() as (echo, borrower, client, connection):
        descriptor = borrower.borrow(connection, echo)
        assert descriptor is not None
        client.write(framed(b"the second")[6:] + framed(b"the third."))
        await asyncio.sleep(0.02)
        borrower.lent.pop(descriptor).take_back(framed(b"the second")[:6], framed(b"the first."))
        for expected in (b"the first.", b"the second", b"the third."):
            assert await client.receive() == expected


@on_loop
async def test_whoever_wants_anything_of_it_has_it_back_first():
    for wanted in (
        Connection.shut,
        Connection.abort,
        Connection.drain,
        lambda connection: connection.close("did nothing wrong"),
        lambda connection: connection.throttle(1),
    ):
        echo, borrower = Echo(), Borrower()
        async with listening(echo) as listener, connected(listener) as client:
            connection = await greeted(listener, client)
            descriptor = borrower.borrow(connection, echo)
            wanted(connection)
            assert borrower.given_back == [descriptor]
            if connection.is_closed:
                assert await client.is_closed()
            else:
                assert not connection.is_reading
                await greeted(listener, client)


@on_loop
async def test_is_not_lent_while_anything_is_under_way():
    parking, borrower = Parking(), Borrower()
    async with listening(parking) as listener, connected(listener) as client:
        client.send(b"parked..")
        await until(lambda: parking.parked)
        [connection] = listener.connections
        assert borrower.borrow(connection, parking) is None, "not answered"
        parking.parked[0][1].complete([b"answer"])
        assert await client.receive() == b"answer"
        client.write(framed(b"half of it")[:5])
        await until(lambda: connection._frames.pending_bytes)
        assert borrower.borrow(connection, parking) is None, "not whole"


@on_loop
async def test_is_not_lent_while_an_answer_is_not_taken():
    much, borrower = Answering(lambda _: [b"x" * 4_000_000]), Borrower()
    async with listening(much, send_buffer_bytes=4096) as listener:
        with blocking_socket(listener) as peer:
            peer.sendall(framed(b"give me!"))
            await until(lambda: much.frames)
            [connection] = listener.connections
            assert borrower.borrow(connection, much) is None


@on_loop
async def test_is_lent_in_the_place_of_its_own_handler_only():
    async with lending() as (echo, borrower, _, connection):
        assert borrower.borrow(connection, Echo()) is None
        connection.serve_by(Echo())
        assert borrower.borrow(connection, echo) is None


@on_loop
async def test_is_not_lent_twice():
    async with lending() as (echo, borrower, _, connection):
        assert borrower.borrow(connection, echo) is not None
        assert connection.lend(Borrower(), echo) is None
        connection.recall()
        connection.recall()
        assert len(borrower.given_back) == 1


@on_loop
async def test_the_look_for_idle_connections_has_it_back():
    async with lending(idle_max_ms=200) as (echo, borrower, client, connection):
        borrower.borrow(connection, echo)
        await until(lambda: borrower.given_back)
        assert await client.is_closed(), "it did nothing from then on"
