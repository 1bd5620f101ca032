"""Fetching through faults: nothing is left out, nothing comes twice."""

import asyncio
from typing import Any

import pytest

from logcore.common.errors import (
    FetchSessionIdNotFoundError,
    NotLeaderOrFollowerError,
    TopicAuthorizationFailedError,
    UnknownServerError,
)
from logcore.consumer.async_consumer import AsyncConsumer
from logcore.consumer.consumer import Consumer
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker

COUNT = 3000


@pytest.fixture(scope="module")
def broker():
    with LocalBroker() as running:
        yield running


@pytest.fixture(scope="module")
def topic(broker):
    name = broker.create_topic(partitions=3)
    with Producer(bootstrap_servers=broker.bootstrap_servers, batch_size=600) as producer:
        for number in range(COUNT):
            producer.send(name, b"%d" % number, partition=number % 3)
    return name


def consumer_of(broker, topic, **settings):
    told: dict[str, Any] = {
        "auto_offset_reset": "earliest",
        "retry_backoff_ms": 5,
        "reconnect_backoff_ms": 5,
    }
    consumer = Consumer(bootstrap_servers=broker.bootstrap_servers, **told | settings)
    consumer.assign([(topic, number) for number in range(3)])
    return consumer


def values(consumer):
    read: list[int] = []
    while len(read) < COUNT:
        read += [int(record.value) for record in consumer.poll(5)]
    return read


FAULTS = {
    "resets": lambda faults: faults.drop("Fetch", times=5),
    "resets after the answer": lambda faults: faults.drop("Fetch", is_served=True, times=5),
    "forgotten sessions": lambda faults: faults.fail("Fetch", FetchSessionIdNotFoundError, times=5),
    "moving leaders": lambda faults: faults.fail("Fetch", NotLeaderOrFollowerError, times=5),
    "defects": lambda faults: faults.fail("Fetch", UnknownServerError, times=3),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_everything_is_read_once_and_in_order(broker, topic, fault):
    broker.faults.clear()
    with consumer_of(broker, topic, max_partition_fetch_bytes=2000) as consumer:
        first = consumer.poll(5)
        FAULTS[fault](broker.faults)
        read = [int(record.value) for record in first]
        while len(read) < COUNT:
            read += [int(record.value) for record in consumer.poll(5)]
    assert sorted(read) == list(range(COUNT))
    for partition in range(3):
        assert [each for each in read if each % 3 == partition] == list(range(partition, COUNT, 3))


def test_what_may_not_be_read_is_told_and_tried_again(broker, topic):
    broker.faults.clear()
    with consumer_of(broker, topic) as consumer:
        broker.faults.fail("Fetch", TopicAuthorizationFailedError)
        with pytest.raises(TopicAuthorizationFailedError):
            values(consumer)
        assert len(values(consumer)) == COUNT


def test_small_fetches_and_large_batches_get_on(broker):
    topic = broker.create_topic(partitions=1)
    with Producer(bootstrap_servers=broker.bootstrap_servers) as producer:
        producer.send_many(topic, [b"x" * 1000] * 500).result(20)
    settings: dict[str, Any] = {"max_partition_fetch_bytes": 10, "fetch_max_bytes": 10}
    with Consumer(
        bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest", **settings
    ) as consumer:
        consumer.assign([(topic, 0)])
        assert len(list(consumer.records(timeout=1))) == 500


def test_a_restart_of_the_broker_is_survived(broker, topic):
    broker.faults.clear()
    with consumer_of(broker, topic) as consumer:
        consumer.poll(5)
        broker.restart()
        consumer.seek_to_beginning()
        assert sorted(values(consumer)) == list(range(COUNT))


@pytest.mark.asyncio
async def test_what_was_to_be_asked_for_before_a_seek_is_dropped(broker, topic):
    """A seek right between the decision to fetch and the request."""
    broker.faults.clear()
    told: dict[str, Any] = {"fetch_max_wait_ms": 1, "max_partition_fetch_bytes": 700}
    async with AsyncConsumer(bootstrap_servers=broker.bootstrap_servers, **told) as consumer:
        consumer.assign([(topic, 0)])
        fetcher = consumer._fetcher
        for offset in range(900, 0, -50):
            async with asyncio.timeout(20):
                while not all(task.done() for task in fetcher._fetching.values()):  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            fetcher._turn()
            consumer.seek((topic, 0), offset)
            assert (await consumer.poll(10, 1))[0].offset == offset


@pytest.mark.asyncio
async def test_what_was_asked_for_before_a_partition_went_and_came_is_dropped(broker, topic):
    broker.faults.clear()
    told: dict[str, Any] = {"fetch_max_wait_ms": 200, "max_partition_fetch_bytes": 700}
    async with AsyncConsumer(bootstrap_servers=broker.bootstrap_servers, **told) as consumer:
        for offset in (500, 10):
            consumer.assign([(topic, 0)])
            consumer.seek((topic, 0), offset)
            broker.faults.delay("Fetch", 100)
            await asyncio.sleep(0.05)
            consumer.assign([])
            consumer.assign([(topic, 0)])
            consumer.seek((topic, 0), offset + 7)
            assert (await consumer.poll(10, 1))[0].offset == offset + 7
