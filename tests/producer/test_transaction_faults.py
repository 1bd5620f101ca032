"""Transactions through faults: all or nothing is read, and a producer that failed says how."""

import random
from typing import Any

import pytest

from logcore.common.clock import SystemClock
from logcore.common.errors import (
    ClientTimeoutError,
    ConcurrentTransactionsError,
    GroupAuthorizationFailedError,
    IllegalStateError,
    InvalidProducerEpochError,
    InvalidProducerIdMappingError,
    KafkaError,
    NotCoordinatorError,
    ProducerFencedError,
    TopicAuthorizationFailedError,
    TransactionAbortableError,
    TransactionalIdAuthorizationFailedError,
)
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker
from tests.producer.reading import read_all
from tests.producer.test_faults import QUICK
from tests.seeds import seed


@pytest.fixture(scope="module")
def broker():
    with LocalBroker() as running:
        yield running


@pytest.fixture(autouse=True)
def clear(broker):
    yield
    broker.faults.clear()


@pytest.fixture(params=["newest", "first"])
def generation(request, monkeypatch):
    """Both generations of the protocol."""
    if request.param == "first":
        monkeypatch.setattr("logcore.producer.transactions.SECOND_VERSION", 99)
    return request.param


def committed(broker: LocalBroker, topic: str) -> list[bytes | None]:
    told = {"isolation.level": "read_committed"}
    return [record.value for record in read_all(broker.bootstrap_servers, topic, **told)]


def producer(broker: LocalBroker, name: str, **settings: Any) -> Producer:
    told = {**QUICK, **settings}
    return Producer(bootstrap_servers=broker.bootstrap_servers, transactional_id=name, **told)


ASKED = ["InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn"]


@pytest.mark.usefixtures("generation")
def test_a_storm_of_faults_leaves_whole_transactions(broker):
    chance = random.Random(seed())
    topic = broker.create_topic(partitions=2)
    expected: list[list[bytes]] = [[], []]
    with producer(broker, topic) as mine:
        for number in range(60):
            for _ in range(chance.randrange(3)):
                api = chance.choice(["Produce", "FindCoordinator", *ASKED])
                kind = chance.randrange(4)
                if kind < 2:
                    broker.faults.drop(api, is_served=bool(kind))
                elif api in ASKED:
                    passing = [ConcurrentTransactionsError, NotCoordinatorError]
                    broker.faults.fail(api, chance.choice(passing))
            mine.begin_transaction()
            for at in range(chance.randrange(4)):
                value = b"%d-%d" % (number, at)
                mine.send(topic, value, partition=at % 2)
                if number % 3:
                    expected[at % 2].append(value)
            if chance.random() < 0.3:
                mine.send_offsets_to_transaction({(topic, 0): number}, f"{topic}-group")
            if number % 3:
                mine.commit_transaction()
            else:
                mine.abort_transaction()
    broker.faults.clear()
    told = {"isolation.level": "read_committed"}
    records = read_all(broker.bootstrap_servers, topic, **told)
    for partition in (0, 1):
        read = [record.value for record in records if record.partition == partition]
        assert read == expected[partition]


@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize(
    "error",
    [TopicAuthorizationFailedError, InvalidProducerEpochError, TransactionAbortableError],
)
def test_what_was_not_sent_when_a_transaction_fails_fails_with_it(broker, error):
    """One partition fails while the other lingers: committing must not wait for that."""
    topic = broker.create_topic(partitions=2)
    with producer(broker, topic, linger_ms=20_000, batch_size=1000) as mine:
        mine.begin_transaction()
        mine.send(topic, b"0", partition=0)
        mine.flush(20)
        broker.faults.fail("Produce", error)
        lingering = mine.send(topic, b"lingers", partition=1)
        bad = [mine.send(topic, b"x" * 900, partition=0) for _ in range(2)]
        assert isinstance(bad[0].exception(20), error)
        began_ms = SystemClock().monotonic_ms()
        with pytest.raises(error):
            mine.commit_transaction()
        assert SystemClock().monotonic_ms() - began_ms < 5000
        assert lingering.exception(0) is not None
        with pytest.raises(error):
            mine.send(topic, b"no more")
        mine.abort_transaction()
        with mine.transaction():
            mine.send(topic, b"good", partition=1)
    assert committed(broker, topic) == [b"good"]


@pytest.mark.parametrize(
    "error",
    [
        ProducerFencedError,
        InvalidProducerIdMappingError,
        TransactionalIdAuthorizationFailedError,
    ],
)
@pytest.mark.parametrize("api", ["Produce", "EndTxn", "TxnOffsetCommit"])
def test_what_cannot_be_mended_stays(broker, api, error):
    topic = broker.create_topic()
    mine = producer(broker, f"{topic}-{error.__name__}")
    mine.begin_transaction()
    mine.send(topic, b"0").result(20)
    broker.faults.fail(api, error)
    if api == "TxnOffsetCommit":
        with pytest.raises(error):
            mine.send_offsets_to_transaction({(topic, 0): 1}, topic)
    elif api == "Produce":
        with pytest.raises(error):
            mine.send(topic, b"1").result(20)
    with pytest.raises(error):
        mine.commit_transaction()
    for call in (mine.abort_transaction, mine.begin_transaction, mine.init_transactions):
        with pytest.raises(error):
            call()
    with pytest.raises(error):
        mine.send(topic, b"2")
    mine.close()
    assert committed_after(broker, topic, f"{topic}-{error.__name__}") == []


def committed_after(broker: LocalBroker, topic: str, name: str) -> list[bytes | None]:
    """What is read once the next producer of the id has ended what was left open."""
    with producer(broker, name) as following:
        following.init_transactions()
    return committed(broker, topic)


@pytest.mark.usefixtures("generation")
def test_an_end_without_an_answer_can_only_be_tried_again(broker):
    topic = broker.create_topic()
    with producer(broker, topic, max_block_ms=300) as mine:
        mine.begin_transaction()
        mine.send(topic, b"1").result(20)
        broker.faults.drop("EndTxn", is_served=True, times=None)
        with pytest.raises(ClientTimeoutError, match="end the transaction"):
            mine.commit_transaction()
        for call in (mine.abort_transaction, mine.begin_transaction):
            with pytest.raises(IllegalStateError):
                call()
        with pytest.raises(IllegalStateError, match="while the transaction ends"):
            mine.send(topic, b"neither in this one nor in the next")
        broker.faults.clear()
        mine.commit_transaction()
        with mine.transaction():
            mine.send(topic, b"2")
    assert committed(broker, topic) == [b"1", b"2"]


@pytest.mark.usefixtures("generation")
def test_a_group_that_refuses_makes_the_transaction_abort(broker):
    topic = broker.create_topic()
    with producer(broker, topic) as mine:
        mine.begin_transaction()
        mine.send(topic, b"1").result(20)
        broker.faults.fail("TxnOffsetCommit", GroupAuthorizationFailedError)
        with pytest.raises(GroupAuthorizationFailedError):
            mine.send_offsets_to_transaction({(topic, 0): 5}, "a-group")
        with pytest.raises(GroupAuthorizationFailedError):
            mine.commit_transaction()
        mine.abort_transaction()
        with mine.transaction():
            mine.send(topic, b"2")
            mine.send_offsets_to_transaction({}, "a-group")
    assert committed(broker, topic) == [b"2"]


def test_an_id_that_may_not_be_used_is_told_at_once_and_may_be_tried_again(broker):
    with producer(broker, "forbidden") as mine:
        broker.faults.fail("InitProducerId", TransactionalIdAuthorizationFailedError)
        with pytest.raises(TransactionalIdAuthorizationFailedError):
            mine.init_transactions()
        mine.init_transactions()
        mine.init_transactions()


def test_partitions_that_may_not_be_announced_make_it_abort(broker, monkeypatch):
    monkeypatch.setattr("logcore.producer.transactions.SECOND_VERSION", 99)
    topic = broker.create_topic()
    with producer(broker, topic) as mine:
        mine.begin_transaction()
        broker.faults.fail("AddPartitionsToTxn", TopicAuthorizationFailedError)
        with pytest.raises(TopicAuthorizationFailedError):
            mine.send(topic, b"1").result(20)
        with pytest.raises(TopicAuthorizationFailedError):
            mine.commit_transaction()
        mine.abort_transaction()
        with mine.transaction():
            mine.send(topic, b"2")
    assert committed(broker, topic) == [b"2"]


@pytest.mark.usefixtures("generation")
def test_the_older_producer_is_fenced_whatever_it_does_next(broker):
    topic = broker.create_topic()
    old, new = producer(broker, topic), producer(broker, topic)
    old.begin_transaction()
    old.send(topic, b"old").result(20)
    new.init_transactions()
    with pytest.raises(KafkaError):
        old.send(topic, b"old again").result(20)
    with pytest.raises(KafkaError):
        old.commit_transaction()
    with pytest.raises((ProducerFencedError, InvalidProducerEpochError)):
        old.abort_transaction()
    with pytest.raises((ProducerFencedError, InvalidProducerEpochError)):
        old.begin_transaction()
    with new.transaction():
        new.send(topic, b"new")
    old.close()
    new.close()
    assert committed(broker, topic) == [b"new"]


@pytest.mark.usefixtures("generation")
def test_a_transaction_that_takes_too_long_is_aborted_by_the_broker(broker):
    topic = broker.create_topic()
    with producer(broker, topic, transaction_timeout_ms=1000) as mine:
        mine.begin_transaction()
        mine.send(topic, b"1").result(20)
        broker.advance(30_000)
        with pytest.raises(KafkaError):
            mine.commit_transaction()
    assert committed_after(broker, topic, topic) == []
