"""Brokers that take nothing for too long, and come back."""

import asyncio

import pytest

from logcore.producer.availability import Availability
from logcore.producer.partitioner import Partitions
from logcore.protocol.messages.metadata import MetadataResponsePartition
from tests.client.lying_broker import Answer, Asked, lying_broker
from tests.producer.test_lying_brokers import Liar, answer, producing

NOBODY: frozenset[int] = frozenset()


def test_a_broker_is_away_as_long_as_it_takes_nothing():
    brokers = Availability(100)
    brokers.refused(1, 0)
    brokers.refused(2, 50)
    brokers.refused(1, 90)
    assert (brokers.look(100), brokers.away) == (False, NOBODY)
    assert (brokers.look(101), brokers.away) == (True, frozenset([1]))
    assert (brokers.look(120), brokers.away) == (False, frozenset([1]))
    assert (brokers.look(151), brokers.away) == (True, frozenset([1, 2]))
    brokers.took(1)
    assert (brokers.look(152), brokers.away) == (True, frozenset([2]))
    brokers.took(2)
    assert (brokers.look(153), brokers.away) == (True, NOBODY)


def test_without_a_timeout_nobody_is_away():
    brokers = Availability(0)
    brokers.refused(1, 0)
    assert (brokers.look(1_000_000), brokers.away) == (False, NOBODY)


@pytest.mark.asyncio
async def test_what_has_no_key_goes_where_somebody_takes_it():
    stuck = asyncio.Event()

    async def silent(asked: Asked, _: int) -> Answer:
        await stuck.wait()
        return answer(asked, index=1)

    async def prompt(asked: Asked, _: int) -> Answer:
        return answer(asked)

    first, second = Liar(prompt), Liar(silent, node_id=2)
    first.more_partitions = [
        MetadataResponsePartition(partition_index=1, leader_id=2, leader_epoch=1)
    ]
    settings = {
        "max_in_flight_requests_per_connection": 1, "batch_size": 200, "enable_idempotence": False,
        "partitioner_availability_timeout_ms": 50,
    }  # fmt: skip
    async with lying_broker(second.behave) as second.port:
        first.others = [second]
        async with producing(first, **settings) as producer:

            async def until(*available: int) -> None:
                async with asyncio.timeout(20):
                    while producer.placing.partitions.get("topic") != Partitions(2, available):
                        producer.send("topic", b"x" * 100)
                        await asyncio.sleep(0.005)

            await until(0, 1)
            await until(0)
            before = second.produced_count
            assert {(await producer.send("topic", b"x" * 100)).partition for _ in range(20)} == {0}
            assert second.produced_count == before
            stuck.set()
            await until(0, 1)
            await producer.flush(20)


@pytest.mark.asyncio
async def test_if_all_are_away_all_are_chosen_from():
    async def produced(asked: Asked, _: int) -> Answer:
        return answer(asked)

    async with producing(Liar(produced), partitioner_availability_timeout_ms=50) as producer:
        await producer.partitions_for("topic")
        producer._sender.availability.away = frozenset([1])
        producer.placing.spread(producer._cluster.view)
        assert producer.placing.partitions["topic"].available == (0,)
