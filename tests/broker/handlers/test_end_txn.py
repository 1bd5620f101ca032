"""EndTxn over the wire: versions of transactions, what readers see, repetitions and zombies."""

import pytest

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.api_keys import ApiKey
from tests.broker.handlers.asking import fetch, fetch_request, list_offset
from tests.broker.handlers.refusing import refusing
from tests.broker.handlers.transacting import Producer, committed
from tests.broker.running import Running

KINDS = pytest.mark.parametrize("adds", [True, False], ids=["version 2", "version 1"])


def begin(broker: Running, topic: str, value: bytes = b"a", *, adds: bool = True) -> Producer:
    producer = Producer(broker, adds=adds)
    assert producer.init() == 0
    if not adds:
        assert producer.add(topic, 0) == {0: 0}
    assert producer.write(topic, value).error_code == 0
    return producer


@KINDS
def test_readers_of_committed_records_wait_for_the_end(broker: Running, adds: bool):
    topic = broker.topic()
    producer = begin(broker, topic, adds=adds)
    assert committed(broker, topic) == []
    assert fetch(broker.wire(), topic, 0).records
    assert list_offset(broker.wire(), topic, -1, isolation_level=1).offset == 0
    assert producer.end(is_commit=True) == 0
    assert committed(broker, topic) == [b"a"]
    assert list_offset(broker.wire(), topic, -1, isolation_level=1).offset == 2


@KINDS
def test_what_is_aborted_is_not_seen(broker: Running, adds: bool):
    topic = broker.topic()
    producer = begin(broker, topic, b"lost", adds=adds)
    assert producer.end(is_commit=False) == 0
    if not adds:
        producer.add(topic, 0)
    assert producer.write(topic, b"kept").error_code == 0
    assert producer.end(is_commit=True) == 0
    assert committed(broker, topic) == [b"kept"]


def test_version_5_raises_the_epoch_each_time(broker: Running):
    topic = broker.topic()
    producer = begin(broker, topic)
    for epoch in range(1, 4):
        assert producer.end(is_commit=True) == 0
        assert producer.epoch == epoch
        assert producer.write(topic, b"x").error_code == 0


@pytest.mark.parametrize("version", range(5))
def test_older_versions_keep_the_epoch(broker: Running, version: int):
    topic = broker.topic()
    producer = begin(broker, topic, adds=False)
    assert producer.end(is_commit=True, version=version) == 0
    assert producer.end(is_commit=True, version=version) == 0, "asked again"
    assert producer.end(is_commit=False, version=version) == 48
    assert producer.epoch == 0


@pytest.mark.parametrize(
    ("version", "code"), [(0, 47), (1, 47), (2, 90), (3, 90), (4, 90), (5, 90)]
)
def test_a_zombie_is_told_in_words_it_knows(broker: Running, version: int, code: int):
    topic = broker.topic()
    zombie = begin(broker, topic, adds=False)
    newer = Producer(broker, zombie.name)
    assert newer.init() == 51, "the open transaction is being aborted"
    assert newer.init() == 0
    assert zombie.end(is_commit=True, version=version) == code
    assert zombie.write(topic, b"late").error_code == 47
    assert committed(broker, topic) == []


def test_a_repetition_does_not_decide_the_next_transaction(broker: Running):
    topic = broker.topic()
    producer = begin(broker, topic, b"1")
    late = Producer(broker, producer.name)
    late.producer_id, late.epoch = producer.producer_id, producer.epoch
    assert producer.end(is_commit=True) == 0
    assert producer.write(topic, b"2").error_code == 0
    assert late.end(is_commit=True) == 90
    assert committed(broker, topic) == [b"1"]
    assert producer.end(is_commit=False) == 0
    assert committed(broker, topic) == [b"1"]


def test_who_is_not_known(broker: Running):
    producer = Producer(broker)
    producer.producer_id, producer.epoch = 4, 0
    assert producer.end(is_commit=True) == 49


def test_refused(broker: Running):
    producer = begin(broker, broker.topic())
    with refusing(broker, (Operation.WRITE, ResourceType.TRANSACTIONAL_ID, producer.name)):
        assert producer.end(is_commit=True) == 53


def test_the_end_wakes_readers_that_wait(broker: Running):
    topic = broker.topic()
    producer = begin(broker, topic)
    wire = broker.wire()
    wire.send(fetch_request(topic, 0, isolation_level=1, max_wait_ms=10_000), 12)
    assert producer.end(is_commit=True) == 0
    wire.socket.settimeout(5)
    answer = wire.receive(ApiKey.FETCH, 12).responses[0].partitions[0]
    assert len(bytes(answer.records)) > 61
