"""Faults, counted: what was acknowledged is in the log once, in order, whatever goes wrong.

Each run of a random test prints its seed; set TEST_SEED to replay it.
"""

import random
from collections import Counter
from typing import Any

import pytest

from logcore.common.clock import SystemClock
from logcore.common.errors import (
    ClientTimeoutError,
    ConnectionLostError,
    CorruptMessageError,
    InvalidProducerEpochError,
    KafkaError,
    KafkaStorageError,
    LeaderNotAvailableError,
    MessageTooLargeError,
    NotEnoughReplicasAfterAppendError,
    NotLeaderOrFollowerError,
    OutOfOrderSequenceNumberError,
    RequestTimedOutError,
    UnknownProducerIdError,
    UnknownTopicOrPartitionError,
)
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker
from tests.producer.reading import read_all
from tests.seeds import seed

QUICK: dict[str, Any] = {
    "linger_ms": 0,
    "retry_backoff_ms": 2,
    "retry_backoff_max_ms": 10,
    "reconnect_backoff_ms": 2,
    "reconnect_backoff_max_ms": 10,
}
PASSING = [NotLeaderOrFollowerError, NotEnoughReplicasAfterAppendError, RequestTimedOutError]
FORGOTTEN = [OutOfOrderSequenceNumberError, UnknownProducerIdError, InvalidProducerEpochError]


@pytest.fixture(scope="module")
def broker():
    with LocalBroker() as running:
        yield running


@pytest.fixture(autouse=True)
def clear(broker):
    yield
    broker.faults.clear()


def strike(broker: LocalBroker, chance: random.Random, *, forgets: bool) -> None:
    """Have something go wrong; a broker that forgets refuses what it might have known."""
    kind = chance.randrange(6)
    times = chance.randint(1, 3)
    if kind == 0:
        broker.faults.drop("Produce", times=times)
    elif kind == 1 and forgets:
        broker.faults.fail("Produce", chance.choice(FORGOTTEN))
    elif kind == 1:
        broker.faults.drop("Produce", is_served=True, times=times)
    elif kind < 4:
        broker.faults.fail("Produce", chance.choice(PASSING), times=times)
    elif kind == 4:
        broker.faults.delay("Produce", chance.randint(1, 20), times=times)
    else:
        broker.faults.drop("Metadata", times=times)


def values(records: list[Any], partition: int) -> list[int]:
    return [int(record.value) for record in records if record.partition == partition]


@pytest.mark.parametrize("forgets", [False, True])
def test_a_storm_of_faults_loses_and_doubles_nothing_and_keeps_the_order(broker, forgets):
    chance = random.Random(seed())
    topic, struck = broker.create_topic(partitions=3), broker.faults.struck_count
    settings = {**QUICK, "batch_size": 400, "compression_type": chance.choice(["none", "lz4"])}
    expected: dict[int, list[int]] = {0: [], 1: [], 2: []}
    with Producer(bootstrap_servers=broker.bootstrap_servers, **settings) as producer:
        deliveries = []
        for number in range(6000):
            if chance.random() < 0.03:
                strike(broker, chance, forgets=forgets)
            partition = chance.randrange(3)
            expected[partition].append(number)
            deliveries.append(producer.send(topic, b"%d" % number, partition=partition))
            if chance.random() < 0.02:
                producer.flush(60)
        producer.flush(60)
        places = Counter((it.result(0).partition, it.result(0).offset) for it in deliveries)
        assert producer.core.accumulator.used_bytes == 0
    assert broker.faults.struck_count - struck > 50
    broker.faults.clear()
    records = read_all(broker.bootstrap_servers, topic)
    assert {partition: values(records, partition) for partition in expected} == expected
    assert set(places) == {(record.partition, record.offset) for record in records}
    assert set(places.values()) == {1}


def test_connections_reset_at_random_lose_and_double_nothing(cluster):
    """As above but from our side, so that it can be done to any broker."""
    chance = random.Random(seed())
    topic = cluster.topic(2)
    resets = 0
    with Producer(bootstrap_servers=cluster.bootstrap, **QUICK, batch_size=500) as producer:
        nodes = producer.core._cluster.nodes

        def reset() -> int:
            busy = [each for each in nodes.open_connections() if each.in_flight]
            for connection in busy:
                connection.close(ConnectionLostError("reset by the test"))
            return len(busy)

        for number in range(6000):
            producer.send(topic, b"%d" % number, partition=number % 2)
            if chance.random() < 0.05:
                resets += producer.runner.call(reset)
            if chance.random() < 0.005:
                producer.flush(60)
        producer.flush(60)
    assert resets >= 10
    records = read_all(cluster.bootstrap, topic)
    for partition in (0, 1):
        assert values(records, partition) == list(range(partition, 6000, 2))


def test_what_is_given_up_in_a_storm_is_in_the_log_once_at_most(broker):
    chance = random.Random(seed())
    topic = broker.create_topic(partitions=2)
    settings = {**QUICK, "batch_size": 300, "delivery_timeout_ms": 60, "request_timeout_ms": 40}
    sent: dict[int, tuple[int, Any]] = {}
    with Producer(bootstrap_servers=broker.bootstrap_servers, **settings) as producer:
        for number in range(1500):
            if chance.random() < 0.1:
                broker.faults.drop("Produce", is_served=chance.random() < 0.5, times=3)
            if chance.random() < 0.02:
                broker.faults.delay("Produce", 80)
            partition = chance.randrange(2)
            delivery = producer.send(topic, b"%d" % number, partition=partition)
            sent[number] = (partition, delivery)
            if chance.random() < 0.05:
                producer.flush(60)
        producer.flush(60)
        given_up = {number for number, (_, it) in sent.items() if it.exception(0) is not None}
        assert producer.core.accumulator.used_bytes == 0
    broker.faults.clear()
    records = read_all(broker.bootstrap_servers, topic)
    for partition in range(2):
        read = values(records, partition)
        assert read == sorted(set(read))
        acknowledged = {number for number, (at, _) in sent.items() if at == partition} - given_up
        assert acknowledged <= set(read)
    assert len(given_up) < len(sent)


ALWAYS_AGAIN = [
    CorruptMessageError, UnknownTopicOrPartitionError, LeaderNotAvailableError,
    NotLeaderOrFollowerError, RequestTimedOutError, KafkaStorageError,
    NotEnoughReplicasAfterAppendError,
]  # fmt: skip


@pytest.mark.parametrize("error", ALWAYS_AGAIN)
@pytest.mark.parametrize("settings", [{}, {"acks": "1"}])
def test_codes_that_pass_are_retried(broker, error, settings):
    topic = broker.create_topic()
    told = {**QUICK, **settings}
    with Producer(bootstrap_servers=broker.bootstrap_servers, **told) as producer:
        broker.faults.fail("Produce", error, times=2)
        assert producer.send(topic, b"1").result(20).offset == 0


@pytest.mark.parametrize("code", [-1, 17, 18, 21, 29, 32, 35, 42, 43, 53, 87, 12345])
def test_codes_that_do_not_pass_fail_the_batch_and_say_which_they_are(broker, code):
    topic = broker.create_topic()
    with Producer(bootstrap_servers=broker.bootstrap_servers, **QUICK) as producer:
        producer.send(topic, b"0").result(20)
        broker.faults.fail("Produce", code)
        error = producer.send(topic, b"1").exception(20)
        assert isinstance(error, KafkaError)
        assert error.code in {code, -1}
        assert f"{topic}-0" in str(error)
        assert producer.send(topic, b"2").result(20).offset == 1


def test_retries_are_counted_if_they_are_bounded(broker):
    topic = broker.create_topic()
    with Producer(bootstrap_servers=broker.bootstrap_servers, **QUICK, retries=2) as producer:
        broker.faults.fail("Produce", NotLeaderOrFollowerError, times=2)
        assert producer.send(topic, b"1").result(20).offset == 0
        broker.faults.fail("Produce", NotLeaderOrFollowerError, times=3)
        with pytest.raises(NotLeaderOrFollowerError):
            producer.send(topic, b"2").result(20)
        assert producer.send(topic, b"3").result(20).offset == 1


def test_a_batch_too_large_is_halved_down_to_its_records(broker):
    topic = broker.create_topic()
    with Producer(bootstrap_servers=broker.bootstrap_servers, linger_ms=200) as producer:
        producer.send(topic, b"first").result(20)
        broker.faults.fail("Produce", MessageTooLargeError, times=3)
        deliveries = [producer.send(topic, b"%d" % number) for number in range(9)]
        producer.flush(20)
        assert [delivery.result(0).offset for delivery in deliveries] == list(range(1, 10))
        assert producer.core.accumulator.used_bytes == 0
        broker.faults.fail("Produce", MessageTooLargeError, times=None)
        deliveries = [producer.send(topic, b"%d" % number) for number in range(3)]
        producer.flush(20)
        assert all(isinstance(it.exception(0), MessageTooLargeError) for it in deliveries)
        broker.faults.clear()
        assert producer.send(topic, b"last").result(20).offset == 10
        assert producer.core.accumulator.used_bytes == 0


@pytest.mark.parametrize("is_served", [False, True])
def test_without_idempotence_what_is_acknowledged_is_there(broker, is_served):
    topic = broker.create_topic()
    told = {**QUICK, "acks": "1", "batch_size": 200}
    with Producer(bootstrap_servers=broker.bootstrap_servers, **told) as producer:
        for number in range(300):
            if number % 30 == 7:
                broker.faults.drop("Produce", is_served=is_served)
            producer.send(topic, b"%d" % number)
            if number % 30 == 29:
                producer.flush(20)
    read = values(read_all(broker.bootstrap_servers, topic), 0)
    assert set(read) == set(range(300))
    assert (len(read) > 300) is is_served


def test_without_acknowledgements_nothing_is_waited_for(broker):
    topic = broker.create_topic()
    with Producer(bootstrap_servers=broker.bootstrap_servers, acks="0") as producer:
        deliveries = [producer.send(topic, b"%d" % number) for number in range(100)]
        producer.flush(20)
        assert {delivery.result(0).offset for delivery in deliveries} == {-1}
    assert values(read_all(broker.bootstrap_servers, topic), 0) == list(range(100))


def test_a_delivery_has_its_time_from_when_the_record_was_taken(broker):
    """The broker is slow: the second request is only begun when much of that is over."""
    topic = broker.create_topic()
    told: dict[str, Any] = {**QUICK, "delivery_timeout_ms": 1000, "request_timeout_ms": 900}
    told["max_in_flight_requests_per_connection"] = 1
    now_ms = SystemClock().monotonic_ms
    with Producer(bootstrap_servers=broker.bootstrap_servers, **told) as producer:
        producer.send(topic, b"0").result(20)
        broker.faults.delay("Produce", 700)
        struck = broker.faults.struck_count
        first = producer.send(topic, b"1")
        while broker.faults.struck_count == struck:
            pass
        broker.faults.drop("Produce", times=None)
        began_ms = now_ms()
        second = producer.send(topic, b"2")
        with pytest.raises(ClientTimeoutError, match=r"delivery\.timeout\.ms") as caught:
            second.result(20)
        assert now_ms() - began_ms < 1600
        assert isinstance(caught.value.__cause__, ConnectionLostError)
        assert first.result(20).offset == 1


def test_a_broker_that_is_gone_is_looked_for_without_hurry(broker):
    """A partition without a leader: metadata is asked for again and again, but with pauses."""
    topic = broker.create_topic()
    told = {**QUICK, "retry_backoff_ms": 100, "retry_backoff_max_ms": 100}
    told |= {"delivery_timeout_ms": 1000, "request_timeout_ms": 900}
    with Producer(bootstrap_servers=broker.bootstrap_servers, **told) as producer:
        producer.send(topic, b"0").result(20)
        broker.faults.fail("Metadata", LeaderNotAvailableError, times=None)
        broker.faults.fail("Produce", NotLeaderOrFollowerError, times=None)
        before = broker.faults.struck_count
        with pytest.raises(ClientTimeoutError, match="NOT_LEADER"):
            producer.send(topic, b"1").result(20)
        assert broker.faults.struck_count - before < 40
        broker.faults.clear()
        assert producer.send(topic, b"2").result(20).offset == 1
