"""One connection: answers, deadlines, lost connections, and brokers that do not speak as such."""

import asyncio
import struct
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from logcore.client.api_ranges import ApiRanges
from logcore.client.connection import Connection
from logcore.client.metrics.network import NodeMeter
from logcore.client.metrics.sampled import Window
from logcore.common.clock import SystemClock
from logcore.common.errors import ClientTimeoutError, ConnectionLostError, UnsupportedVersionError
from logcore.network.memory import ReceiveMemory
from logcore.protocol.messages.fetch import FetchRequest
from logcore.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from tests.client.lying_broker import Answer, Asked, Behaviour, lying_broker

RANGES = ApiRanges({12: (0, 4)})
METER = NodeMeter(Window(2, 30_000, SystemClock().monotonic_ms))
HEARTBEAT = HeartbeatRequest(group_id="g")


def connected(behave: Behaviour, body: Callable[[Connection], Awaitable[None]]) -> None:
    """Run a body on a connection to a broker that behaves so."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with lying_broker(behave) as port:
            _, connection = await loop.create_connection(
                lambda: Connection(loop, "lying", "me", ReceiveMemory(), METER), "127.0.0.1", port
            )
            connection.ranges = RANGES
            await body(connection)
            connection.close()

    uvloop.run(main())


async def honest(asked: Asked) -> Answer:
    return asked.answer(HeartbeatResponse(error_code=27))


async def silent(_: Asked) -> Answer:
    await asyncio.sleep(60)
    return None


async def closing(_: Asked) -> Answer:
    return None


async def confused(asked: Asked) -> Answer:
    return asked.answer(HeartbeatResponse(), asked.correlation_id + 1)


async def chatting(asked: Asked) -> Answer:
    asked.writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await asked.writer.drain()
    await asyncio.sleep(60)
    return None


async def boasting(asked: Asked) -> Answer:
    asked.writer.write(struct.pack(">i", -5))
    await asked.writer.drain()
    await asyncio.sleep(60)
    return None


def test_answers_come_back() -> None:
    async def body(connection: Connection) -> None:
        answers = await asyncio.gather(*(connection.ask(HEARTBEAT) for _ in range(20)))
        assert [answer.error_code for answer in answers] == [27] * 20
        assert connection.in_flight == 0
        assert (METER.sent.count, METER.answered.count) == (20, 20)
        assert METER.sent.total > 0
        assert METER.received.total > 0

    connected(honest, body)


def test_too_late_ends_the_connection() -> None:
    async def body(connection: Connection) -> None:
        other, late = connection.ask(HEARTBEAT), connection.ask(HEARTBEAT, timeout_s=0.05)
        with pytest.raises(ClientTimeoutError, match=r"Heartbeat.*request\.timeout\.ms"):
            await late
        with pytest.raises(ConnectionLostError, match="given up"):
            await other
        assert not connection.is_open
        with pytest.raises(ConnectionLostError, match="no connection"):
            connection.ask(HEARTBEAT)

    connected(silent, body)


@pytest.mark.parametrize(
    ("behave", "told"),
    [(closing, "closed"), (confused, "does not speak"), (boasting, "does not speak")],
)
def test_a_broker_that_is_none(behave: Behaviour, told: str) -> None:
    async def body(connection: Connection) -> None:
        with pytest.raises(ConnectionLostError, match=told):
            await connection.ask(HEARTBEAT)
        await connection.closed

    connected(behave, body)


def test_a_web_server_allocates_nothing_large() -> None:
    async def body(connection: Connection) -> None:
        with pytest.raises((ConnectionLostError, ClientTimeoutError)):
            await connection.ask(HEARTBEAT, timeout_s=0.3)

    connected(chatting, body)


def test_closing_tells_whoever_waits() -> None:
    async def body(connection: Connection) -> None:
        waiting = connection.ask(HEARTBEAT)
        connection.close()
        with pytest.raises(ConnectionLostError, match="was closed"):
            await waiting
        connection.close()

    connected(silent, body)


def test_what_the_broker_does_not_know() -> None:
    async def body(connection: Connection) -> None:
        with pytest.raises(UnsupportedVersionError, match="no Fetch"):
            connection.ask(FetchRequest())

    connected(honest, body)
