"""Threads that wait for a topic or for room: as long as is said, and told why it was in vain."""

import threading
from typing import Any

import pytest

from logcore.common.clock import SystemClock
from logcore.common.errors import (
    BufferExhaustedError,
    ClientClosedError,
    UnknownTopicOrPartitionError,
)
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker
from tests.producer.reading import read_all

LARGE = b"x" * 400_000
SETTINGS: dict[str, Any] = {"buffer_memory": 1_000_000, "linger_ms": 60_000}


@pytest.fixture(scope="module")
def broker():
    with LocalBroker() as running:
        yield running


def test_a_full_buffer_blocks_for_max_block_ms_whatever_the_record_looks_like(broker):
    topic = broker.create_topic()
    settings = {**SETTINGS, "max_block_ms": 300}
    now_ms = SystemClock().monotonic_ms
    with Producer(bootstrap_servers=broker.bootstrap_servers, **settings) as producer:
        producer.send(topic, b"first")
        producer.flush(30)
        broker.faults.delay("Produce", 3000)
        producer.send(topic, LARGE)
        producer.send(topic, LARGE)
        for record in ((LARGE, None), (None, LARGE)):
            began_ms = now_ms()
            with pytest.raises(BufferExhaustedError, match=r"max\.block\.ms"):
                producer.send(topic, *record)
            assert 250 <= now_ms() - began_ms < 2500
        began_ms = now_ms()
        with pytest.raises(BufferExhaustedError, match=r"max\.block\.ms"):
            producer.send(topic, b"", headers={"h": LARGE})
        with pytest.raises(BufferExhaustedError, match=r"max\.block\.ms"):
            producer.send_many(topic, [LARGE])
        assert 500 <= now_ms() - began_ms < 2500
        producer.flush(30)
    assert len(read_all(broker.bootstrap_servers, topic)) == 3


def test_who_waits_for_room_when_it_closes_is_told(broker):
    topic = broker.create_topic()
    producer = Producer(bootstrap_servers=broker.bootstrap_servers, **SETTINGS)
    producer.partitions_for(topic)
    broker.faults.delay("Produce", 1000)
    errors: list[Exception] = []

    def send() -> None:
        try:
            while True:
                producer.send(topic, LARGE)
        except ClientClosedError as error:
            errors.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    while producer.core.accumulator.used_bytes < 800_000:
        pass
    producer.close(0.1)
    thread.join(20)
    assert len(errors) == 1
    broker.faults.clear()


def test_a_topic_that_is_not_there_is_told_after_max_block_ms():
    with (
        LocalBroker(auto_create_topics_enable=False) as broker,
        Producer(bootstrap_servers=broker.bootstrap_servers, max_block_ms=300) as producer,
    ):
        with pytest.raises(UnknownTopicOrPartitionError, match="create it first"):
            producer.send("not-there", b"x")
        with pytest.raises(UnknownTopicOrPartitionError, match="create it first"):
            producer.send_many("not-there", [b"x"])
        broker.create_topic("not-there")
        assert producer.send("not-there", b"x").result(20).offset == 0


def test_a_partitioner_is_asked_once_however_long_its_record_waits(broker):
    topic, asked = broker.create_topic(partitions=2), []

    def partitioner(*given):
        asked.append(given[1])
        return 1

    settings: dict[str, Any] = {**SETTINGS, "linger_ms": 0, "partitioner": partitioner}
    with Producer(bootstrap_servers=broker.bootstrap_servers, **settings) as producer:
        for number in range(6):
            producer.send(topic, LARGE, b"%d" % number)
    assert asked == [b"%d" % number for number in range(6)]
    assert {record.partition for record in read_all(broker.bootstrap_servers, topic)} == {1}
