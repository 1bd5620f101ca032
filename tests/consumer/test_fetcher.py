"""Fetching through faults: nothing is left out, nothing comes twice."""

from typing import Any

import pytest

from logcore.common.errors import (
    FetchSessionIdNotFoundError,
    NotLeaderOrFollowerError,
    TopicAuthorizationFailedError,
    UnknownServerError,
)
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
