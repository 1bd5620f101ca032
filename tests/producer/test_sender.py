"""Sending through faults: what is acknowledged is in the log, and once."""

from typing import Any

import pytest

from logcore.common.errors import (
    ClientTimeoutError,
    NotLeaderOrFollowerError,
    OutOfOrderSequenceNumberError,
    TopicAuthorizationFailedError,
    UnknownProducerIdError,
)
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker
from tests.producer.reading import read_all


@pytest.fixture(scope="module")
def broker():
    with LocalBroker() as running:
        yield running


def numbers(records):
    return [int(record.value) for record in records]


@pytest.mark.parametrize("is_served", [False, True])
def test_connections_reset_in_the_middle_lose_and_double_nothing(broker, is_served):
    topic = broker.create_topic(partitions=3)
    settings: dict[str, Any] = {
        "batch_size": 500,
        "linger_ms": 0,
        "retry_backoff_ms": 5,
        "reconnect_backoff_ms": 5,
    }
    resets = 0
    with Producer(bootstrap_servers=broker.bootstrap_servers, **settings) as producer:
        deliveries = []
        for number in range(3000):
            if number % 100 == 50:
                broker.faults.drop("Produce", is_served=is_served)
                resets += 1
            deliveries.append(producer.send(topic, b"%d" % number, b"%d" % (number % 7)))
            if number % 100 == 99:
                producer.flush(30)
        acknowledged = sum(delivery.exception(30) is None for delivery in deliveries)
    assert broker.faults.struck_count >= resets
    broker.faults.clear()
    read = numbers(read_all(broker.bootstrap_servers, topic))
    assert acknowledged == 3000
    assert sorted(read) == list(range(3000))


def test_an_error_that_passes_is_retried(broker):
    topic = broker.create_topic()
    with Producer(bootstrap_servers=broker.bootstrap_servers, retry_backoff_ms=5) as producer:
        broker.faults.fail("Produce", NotLeaderOrFollowerError, times=3)
        assert producer.send(topic, b"1").result(20).offset == 0


def test_an_error_that_does_not_pass_fails_the_batch_and_not_the_next(broker):
    topic = broker.create_topic()
    with Producer(bootstrap_servers=broker.bootstrap_servers) as producer:
        broker.faults.fail("Produce", TopicAuthorizationFailedError)
        with pytest.raises(TopicAuthorizationFailedError, match=topic):
            producer.send(topic, b"1").result(20)
        assert producer.send(topic, b"2").result(20).offset == 0
    assert numbers(read_all(broker.bootstrap_servers, topic)) == [2]


@pytest.mark.parametrize("error", [OutOfOrderSequenceNumberError, UnknownProducerIdError])
def test_a_broker_that_forgot_the_producer_gets_the_batch_under_a_new_epoch(broker, error):
    topic = broker.create_topic()
    with Producer(bootstrap_servers=broker.bootstrap_servers, retry_backoff_ms=5) as producer:
        producer.send(topic, b"0").result(20)
        broker.faults.fail("Produce", error)
        deliveries = [producer.send(topic, b"%d" % number) for number in range(1, 50)]
        assert [delivery.result(20).offset for delivery in deliveries] == list(range(1, 50))
    assert numbers(read_all(broker.bootstrap_servers, topic)) == list(range(50))


def test_a_restart_of_the_broker_is_survived(broker):
    topic = broker.create_topic(partitions=2)
    with Producer(bootstrap_servers=broker.bootstrap_servers) as producer:
        producer.send_many(topic, [b"%d" % number for number in range(100)]).result(20)
        broker.restart()
        producer.send_many(topic, [b"%d" % number for number in range(100, 200)]).result(30)
    assert sorted(numbers(read_all(broker.bootstrap_servers, topic))) == list(range(200))


def test_what_takes_too_long_fails_in_time_and_what_follows_does_not(broker):
    topic = broker.create_topic()
    settings: dict[str, Any] = {
        "delivery_timeout_ms": 700,
        "request_timeout_ms": 400,
        "linger_ms": 0,
    }
    with Producer(bootstrap_servers=broker.bootstrap_servers, **settings) as producer:
        producer.send(topic, b"0").result(20)
        broker.faults.drop("Produce", times=None)
        with pytest.raises(ClientTimeoutError, match=r"delivery\.timeout\.ms"):
            producer.send(topic, b"1").result(20)
        broker.faults.clear()
        assert producer.send(topic, b"2").result(20).offset == 1
    assert numbers(read_all(broker.bootstrap_servers, topic)) == [0, 2]


def test_a_broker_that_does_not_answer_is_given_up(broker):
    topic = broker.create_topic()
    with Producer(bootstrap_servers=broker.bootstrap_servers, request_timeout_ms=300) as producer:
        producer.send(topic, b"0").result(20)
        broker.faults.delay("Produce", 2000)
        assert producer.send(topic, b"1").result(20).offset == 1
    assert numbers(read_all(broker.bootstrap_servers, topic)) == [0, 1]
