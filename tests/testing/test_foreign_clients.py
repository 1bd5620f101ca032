"""Tests of a service need no client of ours: brokers, faults and time are the same to others' own.

Invariant: a client that is not installed is skipped, as its users' tests would not ask for it.
"""

import asyncio
from collections.abc import Callable

import pytest

from logcore.common.errors import NotLeaderOrFollowerError
from logcore.testing.local_broker import LocalBroker

RoundTrip = Callable[[str, str, list[bytes]], list[bytes]]
"""Sends values to a topic of a broker, and returns what a reader in a group finds there."""


def by_confluent_kafka(servers: str, topic: str, values: list[bytes]) -> list[bytes]:
    confluent_kafka = pytest.importorskip("confluent_kafka")
    settings = {"bootstrap.servers": servers, "retry.backoff.ms": 10, "log_level": 0}
    producer = confluent_kafka.Producer(settings | {"enable.idempotence": True})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(20) == 0
    group = {"group.id": "readers", "auto.offset.reset": "earliest"}
    consumer = confluent_kafka.Consumer(settings | group)
    consumer.subscribe([topic])
    found = consumer.consume(len(values), timeout=20)
    consumer.close()
    return [message.value() for message in found]


def by_aiokafka(servers: str, topic: str, values: list[bytes]) -> list[bytes]:
    aiokafka = pytest.importorskip("aiokafka")

    async def run() -> list[bytes]:
        settings = {"bootstrap_servers": servers, "retry_backoff_ms": 10}
        async with aiokafka.AIOKafkaProducer(**settings, enable_idempotence=True) as producer:
            for value in values:
                await producer.send_and_wait(topic, value)
        group = {"group_id": "readers", "auto_offset_reset": "earliest"}
        async with aiokafka.AIOKafkaConsumer(topic, **settings, **group) as consumer:
            return [(await consumer.getone()).value for _ in values]

    return asyncio.run(asyncio.wait_for(run(), 20))


def by_kafka_python(servers: str, topic: str, values: list[bytes]) -> list[bytes]:
    kafka = pytest.importorskip("kafka")
    settings = {"bootstrap_servers": servers, "retry_backoff_ms": 10}
    producer = kafka.KafkaProducer(**settings, enable_idempotence=True)
    for value in values:
        producer.send(topic, value)
    producer.flush(20)
    producer.close()
    group = {"group_id": "readers", "auto_offset_reset": "earliest"}
    consumer = kafka.KafkaConsumer(topic, **settings, **group, consumer_timeout_ms=20_000)
    found = [next(consumer).value for _ in values]
    consumer.close()
    return found


CLIENTS = pytest.mark.parametrize(
    "round_trip", [by_confluent_kafka, by_aiokafka, by_kafka_python], ids=lambda of: of.__name__[3:]
)


@CLIENTS
def test_a_round_trip(logcore_fresh_broker: LocalBroker, round_trip: RoundTrip) -> None:
    broker = logcore_fresh_broker
    values = [b"one", b"two", b"three"]
    assert round_trip(broker.bootstrap_servers, broker.create_topic(), values) == values


@CLIENTS
def test_faults(logcore_fresh_broker: LocalBroker, round_trip: RoundTrip) -> None:
    """The leader moves away for two requests, and then an answer is lost: nothing is doubled."""
    broker = logcore_fresh_broker
    topic = broker.create_topic()
    broker.faults.fail("Produce", NotLeaderOrFollowerError, times=2)
    broker.faults.drop("Produce", is_served=True)
    broker.faults.fail("JoinGroup", 15)  # COORDINATOR_NOT_AVAILABLE
    assert round_trip(broker.bootstrap_servers, topic, [b"one", b"two"]) == [b"one", b"two"]
    assert broker.faults.struck_count == 4
