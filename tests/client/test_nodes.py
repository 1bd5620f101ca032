"""There is one connection per broker and channel, and after a failure a wait."""

import asyncio
import random

import pytest
import uvloop

from logcore.client.addresses import Address, parse_address
from logcore.client.backoff import Backoff
from logcore.client.config import CLIENT_CONFIG
from logcore.client.nodes import Channel, Nodes
from logcore.client.opening import Opener
from logcore.client.settings import Settings
from logcore.common.errors import BrokerUnreachableError, ClientClosedError
from logcore.protocol.messages.metadata import MetadataRequest
from logcore.testing.local_broker import LocalBroker


def nodes(first_ms: float = 50, idle_s: float = 60, opener: Opener | None = None) -> Nodes:
    opener = opener or Opener(Settings(CLIENT_CONFIG, {}), None)
    chance = random.Random(7)
    return Nodes(opener, Backoff(first_ms, 1000, chance), Backoff(5000, 5000, chance), idle_s)


def test_one_connection_however_many_ask(logcore_broker: LocalBroker) -> None:
    address = parse_address(logcore_broker.bootstrap_servers)

    async def main() -> None:
        made = nodes()
        same = await asyncio.gather(*(made.connection(1, address) for _ in range(5)))
        assert len(set(map(id, same))) == 1
        other = await made.connection(1, address, Channel.FETCH)
        assert other is not same[0]
        assert made.connected(1) is same[0]
        assert made.connected(1, Channel.GROUP) is None
        assert made.least_busy() == 1
        assert made.known() == {1}
        assert set(made.open_connections()) == {same[0], other}
        made.forget(1)
        assert made.connected(1) is None
        assert not same[0].is_open
        made.close()
        with pytest.raises(ClientClosedError):
            await made.connection(1, address)

    uvloop.run(main())


def test_a_broker_that_moved_is_connected_to_anew(logcore_broker: LocalBroker) -> None:
    address = parse_address(logcore_broker.bootstrap_servers)

    async def main() -> None:
        made = nodes()
        first = await made.connection(1, address)
        second = await made.connection(1, Address("localhost", address.port))
        assert second is not first
        assert not first.is_open
        made.close()

    uvloop.run(main())


def test_after_a_failure_the_next_attempt_waits() -> None:
    nobody = Address("127.0.0.1", 1)

    async def main() -> None:
        made, loop = nodes(100), asyncio.get_running_loop()
        start = loop.time()
        for _ in range(2):
            with pytest.raises(BrokerUnreachableError):
                await made.connection(1, nobody)
            assert made.is_waiting(1)
        assert loop.time() - start >= 0.07
        assert made.least_busy() is None
        made.close()

    uvloop.run(main())


@pytest.mark.parametrize("idle_s", [0.02, -1])
def test_idle_connections_are_closed_and_memory_is_let_go_of(
    idle_s: float, logcore_broker: LocalBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logcore.client.nodes.SWEEP_S", 0.01)
    address = parse_address(logcore_broker.bootstrap_servers)

    async def main() -> None:
        opener = Opener(Settings(CLIENT_CONFIG, {}), None)
        made = nodes(idle_s=idle_s, opener=opener)
        connection = await made.connection(1, address)
        opener.memory.give(opener.memory.take(1_000_000))
        asked = connection.ask(MetadataRequest(topics=[]))
        assert opener.memory.kept_bytes
        await asked
        if idle_s > 0:
            await asyncio.wait_for(connection.closed, 5)
        else:
            await asyncio.sleep(0.1)
            assert connection.is_open
        assert not opener.memory.kept_bytes
        made.close()

    uvloop.run(main())


def test_who_waits_for_a_connection_is_told_of_the_close(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        made, loop = nodes(), asyncio.get_running_loop()

        async def refuse(*_: object) -> None:
            loop.call_soon(made.close)  # before who waits is told of the refusal
            raise BrokerUnreachableError("refused")

        monkeypatch.setattr(Opener, "open", refuse)
        with pytest.raises(ClientClosedError) as caught:
            await made.connection(1, Address("127.0.0.1", 1))
        assert isinstance(caught.value.__cause__, BrokerUnreachableError)

    uvloop.run(main())
