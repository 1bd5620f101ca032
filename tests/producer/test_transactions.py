"""Transactions, of both generations of the protocol, against our broker and Apache Kafka."""

from typing import Any

import pytest

from logcore.client.positions import OffsetAndMetadata, TopicPartition
from logcore.common.errors import (
    InvalidProducerEpochError,
    KafkaError,
    ProducerFencedError,
    TopicAuthorizationFailedError,
)
from logcore.consumer.consumer import Consumer
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker
from tests.producer.reading import read_all


def committed(bootstrap, topic):
    records = read_all(bootstrap, topic, **{"isolation.level": "read_committed"})
    return [record.value for record in records]


@pytest.fixture(params=["newest", "first"])
def generation(request, monkeypatch):
    """Both generations; a producer of the first takes no notice of the feature."""
    if request.param == "first":
        monkeypatch.setattr("logcore.producer.transactions.SECOND_VERSION", 99)
    return request.param


def test_what_is_committed_is_read_and_what_is_aborted_is_not(cluster, generation):
    topic = cluster.topic(2)
    name = f"{topic}-{generation}"
    with Producer(bootstrap_servers=cluster.bootstrap, transactional_id=name) as producer:
        with producer.transaction():
            producer.send_many(topic, [b"1", b"2"])
        with pytest.raises(ValueError, match="on purpose"), producer.transaction():  # noqa: PT012
            producer.send(topic, b"3").result(20)
            raise ValueError("on purpose")
        with producer.transaction():
            pass
        with producer.transaction():
            producer.send(topic, b"4")
    assert sorted(committed(cluster.bootstrap, topic)) == [b"1", b"2", b"4"]
    assert len(read_all(cluster.bootstrap, topic)) == 4


def test_offsets_are_committed_with_the_transaction(cluster, generation):
    topic, group = cluster.topic(), f"{cluster.group()}-{generation}"
    name = f"{topic}-{generation}"
    settings = {"bootstrap_servers": cluster.bootstrap}
    with Producer(**settings, transactional_id=name) as producer:
        with producer.transaction():
            producer.send(topic, b"1")
            producer.send_offsets_to_transaction({(topic, 0): 7}, group)
        producer.begin_transaction()
        producer.send_offsets_to_transaction({(topic, 0): 9}, group)
        producer.abort_transaction()
    with Consumer(**settings, group_id=group) as consumer:
        assert consumer.committed((topic, 0)) == {TopicPartition(topic, 0): OffsetAndMetadata(7)}


def test_a_negative_offset_is_refused_and_the_transaction_goes_on(cluster, generation):
    topic, group = cluster.topic(), f"{cluster.group()}-{generation}"
    settings = {"bootstrap_servers": cluster.bootstrap}
    with Producer(**settings, transactional_id=f"{topic}-{generation}") as producer:
        with producer.transaction():
            producer.send_offsets_to_transaction({(topic, 0): 7}, group)
        with producer.transaction():
            producer.send(topic, b"1")
            with pytest.raises(ValueError, match=f"{topic}-0: offset -1 is negative"):
                producer.send_offsets_to_transaction({(topic, 0): -1}, group)
    with Consumer(**settings, group_id=group) as consumer:
        assert consumer.committed((topic, 0)) == {TopicPartition(topic, 0): OffsetAndMetadata(7)}
    assert committed(cluster.bootstrap, topic) == [b"1"]


def test_reading_processing_and_writing_is_once(cluster):
    source, target, group = cluster.topic(2), cluster.topic(), cluster.group()
    settings = {"bootstrap_servers": cluster.bootstrap}
    with Producer(**settings) as producer:
        producer.send_many(source, [b"%d" % number for number in range(100)])
    done = 0
    with (
        Producer(**settings, transactional_id=group) as producer,
        Consumer(
            source,
            **settings,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        ) as consumer,
    ):
        while done < 100:
            records = consumer.poll(1, 30)
            with producer.transaction():
                for record in records:
                    producer.send(target, record.value)
                offsets = {(r.topic, r.partition): r.offset + 1 for r in records}
                producer.send_offsets_to_transaction(offsets, consumer.group_facts())
            done += len(records)
    assert sorted(map(int, committed(cluster.bootstrap, target))) == list(range(100))


def test_the_newer_producer_fences_the_older_one(cluster):
    topic = cluster.topic()
    settings = {"bootstrap_servers": cluster.bootstrap, "transactional_id": topic}
    with Producer(**settings) as old, Producer(**settings) as new:
        old.begin_transaction()
        old.send(topic, b"old").result(20)
        with new.transaction():
            new.send(topic, b"new")
        with pytest.raises((ProducerFencedError, InvalidProducerEpochError)):
            old.commit_transaction()
        with pytest.raises(KafkaError):
            old.send(topic, b"still there?")
    assert committed(cluster.bootstrap, topic) == [b"new"]


def test_after_an_error_a_transaction_can_only_be_aborted(generation):
    with LocalBroker() as broker:
        topic = broker.create_topic()
        settings = {"bootstrap_servers": broker.bootstrap_servers, "transactional_id": generation}
        with Producer(**settings) as producer:
            producer.begin_transaction()
            producer.send(topic, b"1").result(20)
            broker.faults.fail("Produce", TopicAuthorizationFailedError)
            with pytest.raises(TopicAuthorizationFailedError):
                producer.send(topic, b"2").result(20)
            with pytest.raises(TopicAuthorizationFailedError):
                producer.commit_transaction()
            producer.abort_transaction()
            with producer.transaction():
                producer.send_many(topic, [b"3"] * 10)
        assert committed(broker.bootstrap_servers, topic) == [b"3"] * 10


def test_a_coordinator_that_is_slow_to_load_is_asked_again():
    with LocalBroker() as broker:
        topic = broker.create_topic()
        settings: dict[str, Any] = {"bootstrap_servers": broker.bootstrap_servers}
        with Producer(**settings, transactional_id="t", retry_backoff_ms=5) as producer:
            broker.faults.drop("InitProducerId")
            broker.faults.drop("EndTxn", is_served=True)
            with producer.transaction():
                producer.send(topic, b"1")
        assert committed(broker.bootstrap_servers, topic) == [b"1"]
