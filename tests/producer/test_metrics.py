"""What a producer tells of itself is what it did, against our broker and Apache Kafka."""

import asyncio
import os
from math import isnan

import pytest

from logcore.common.errors import (
    ClientClosedError,
    ClientTimeoutError,
    MessageTooLargeError,
    NotLeaderOrFollowerError,
    WrongThreadError,
)
from logcore.producer.async_producer import AsyncProducer
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker


def test_what_was_sent_is_counted_once(cluster):
    topics = [cluster.topic(), cluster.topic()]
    with Producer(bootstrap_servers=cluster.bootstrap, compression_type="zstd") as producer:
        for topic, count in zip(topics, (300, 5), strict=True):
            assert producer.send_many(topic, [b"x" * 100] * count).result(20) == count
        found = producer.metrics()
        assert found["record-send-total"] == 305
        assert found["record-error-total"] == found["record-retry-total"] == 0
        assert found["record-send-rate"] > 0
        assert found.of(topic=topics[1])["record-send-total"] == 5
        assert 0 < found.of(topic=topics[0])["byte-total"] < 30_000
        assert 0 < found["compression-rate-avg"] < 1
        assert found["record-size-avg"] > 100
        assert found["batch-size-max"] >= found["batch-size-avg"] > 0
        assert found["record-queue-time-avg"] >= 0
        assert found["records-per-request-avg"] >= 1
        assert found["produce-throttle-time-max"] == 0
        assert found["requests-in-flight"] == 0
        assert found["buffer-available-bytes"] == found["buffer-total-bytes"] > 0
        assert 0 <= found["metadata-age"] < 60
        assert found["connection-count"] >= 1
        assert found["request-total"] >= found["response-total"] >= 3
        assert found["request-latency-max"] >= found["request-latency-avg"] > 0
        assert found.of(node_id="node-1")["outgoing-byte-total"] > 500
        assert all(metric.tags["client-id"] == "" for metric in found.all)


def test_waiting_and_giving_up_are_counted():
    with LocalBroker() as broker:
        topic = broker.create_topic()
        with Producer(
            bootstrap_servers=broker.bootstrap_servers,
            delivery_timeout_ms=1500,
            request_timeout_ms=1000,
            linger_ms=0,
        ) as producer:
            broker.faults.fail("Produce", NotLeaderOrFollowerError, times=2)
            assert producer.send(topic, b"x").result(20).offset == 0
            assert producer.metrics()["record-retry-total"] == 2
            broker.stop()
            producer.send_many(topic, [b"x"] * 3)
            with pytest.raises(ClientTimeoutError, match="not acknowledged"):
                producer.send(topic, b"x").result(20)
            found = producer.metrics()
            assert found["record-error-total"] == 4
            assert found.of(topic=topic)["record-error-total"] == 4


def test_batches_that_are_halved():
    with LocalBroker() as broker:
        topic = broker.create_topic(max_message_bytes=10_000)
        with Producer(bootstrap_servers=broker.bootstrap_servers, batch_size=100_000) as producer:
            assert producer.send_many(topic, [os.urandom(1000)] * 30).result(20) == 30
            with pytest.raises(MessageTooLargeError):
                producer.send(topic, os.urandom(20_000)).result(20)
            found = producer.metrics()
            assert found["batch-split-total"] >= 3
            assert found["record-error-total"] == 1


def test_a_producer_that_did_nothing(our_cluster):
    with Producer(bootstrap_servers=our_cluster.bootstrap, client_id="me") as producer:
        found = producer.metrics()
        assert found["record-send-total"] == 0
        assert isnan(found["batch-size-avg"])
        assert {metric.tags["client-id"] for metric in found.all} == {"me"}
    with pytest.raises(ClientClosedError):
        producer.metrics()


def test_it_is_asked_on_its_loop(our_cluster):
    async def main():
        async with AsyncProducer(bootstrap_servers=our_cluster.bootstrap) as producer:
            assert producer.metrics()["record-send-total"] == 0
            return producer

    producer = asyncio.run(main())
    with pytest.raises(WrongThreadError):
        producer.metrics()
