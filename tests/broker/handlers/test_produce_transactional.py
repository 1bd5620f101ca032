"""Produce in transactions: what is admitted, under which version, and with which code not."""

import pytest

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from tests.broker.batches import batch
from tests.broker.handlers.refusing import refusing
from tests.broker.handlers.transacting import TRANSACTIONAL, Producer, committed
from tests.broker.running import Running, running_broker


def begun(broker: Running, *, adds: bool = True) -> Producer:
    producer = Producer(broker, adds=adds)
    assert producer.init() == 0
    return producer


def by_id(producer: Producer, topic_id: bytes, records: bytes):
    data = PartitionProduceData(index=0, records=records)
    request = ProduceRequest(
        transactional_id=producer.name,
        acks=-1,
        timeout_ms=10_000,
        topic_data=[TopicProduceData(topic_id=topic_id, partition_data=[data])],
    )
    return producer.wire.ask(request, 13).responses[0]


@pytest.mark.parametrize(("version", "code"), [(3, 48), (9, 48), (10, 48), (11, 120)])
def test_before_version_12_partitions_have_to_be_added(broker: Running, version, code):
    topic, producer = broker.topic(), begun(broker, adds=False)
    assert producer.write(topic, b"a", version=version).error_code == code
    assert producer.add(topic, 0) == {0: 0}
    assert producer.write(topic, b"a", version=version).error_code == 0


def test_from_version_12_on_writes_add_their_partitions(broker: Running):
    topic, producer = broker.topic(3), begun(broker)
    for partition in range(3):
        assert producer.write(topic, b"a", partition).error_code == 0
    told = broker.call(broker.broker.parts.transactions.describe, producer.name)
    assert told.topics[0].partitions == [0, 1, 2]


def test_in_version_13_topics_are_ids(broker: Running):
    topic, producer = broker.topic(), begun(broker)
    topic_id = broker.broker.parts.controller.image.topics_by_name[topic].topic_id
    records = batch([b"a"], producer=(producer.producer_id, 0, 0), attributes=TRANSACTIONAL)
    answer = by_id(producer, topic_id, records)
    assert (answer.topic_id, answer.partition_responses[0].error_code) == (topic_id, 0)
    assert producer.end(is_commit=True) == 0
    assert committed(broker, topic) == [b"a"]
    unknown = by_id(producer, b"\7" * 16, batch([b"a"]))
    assert (unknown.topic_id, unknown.partition_responses[0].error_code) == (b"\7" * 16, 100)


def test_plain_batches_of_a_transactional_producer_need_no_transaction(broker: Running):
    topic, producer = broker.topic(), begun(broker)
    topic_id = broker.broker.parts.controller.image.topics_by_name[topic].topic_id
    answer = by_id(producer, topic_id, batch([b"a"]))
    assert answer.partition_responses[0].error_code == 0
    assert committed(broker, topic) == [b"a"]


@pytest.mark.parametrize("adds", [True, False])
def test_a_late_write_does_not_open_a_transaction(broker: Running, adds: bool):
    topic, producer = broker.topic(), begun(broker, adds=adds)
    if not adds:
        producer.add(topic, 0)
    assert producer.write(topic, b"1").error_code == 0
    late = Producer(broker, producer.name, adds=adds)
    late.producer_id, late.epoch = producer.producer_id, producer.epoch
    late.sequences[topic, 0] = 1
    assert producer.end(is_commit=True) == 0
    assert late.write(topic, b"late").error_code == (47 if adds else 120)
    assert committed(broker, topic) == [b"1"]
    assert broker.broker.parts.replicas.get(topic, 0).log.last_stable_offset == 2


def test_a_first_write_begins_at_sequence_0_where_epochs_rise(broker: Running):
    topic, producer = broker.topic(), begun(broker)
    producer.sequences[topic, 0] = 5
    assert producer.write(topic, b"overtakes").error_code == 45
    producer.sequences[topic, 0] = 0
    assert producer.write(topic, b"first").error_code == 0


def test_who_may_not(broker: Running):
    topic, producer = broker.topic(), begun(broker)
    with refusing(broker, (Operation.WRITE, ResourceType.TRANSACTIONAL_ID, producer.name)):
        assert producer.write(topic, b"a").error_code == 53
    told = broker.call(broker.broker.parts.transactions.describe, producer.name)
    assert told.topics == []


def test_who_is_not_known(broker: Running):
    topic, producer = broker.topic(), Producer(broker)
    producer.producer_id, producer.epoch = 5, 0
    assert producer.write(topic, b"a").error_code == 49


def test_a_request_is_of_one_producer(broker: Running):
    topic, producer = broker.topic(2), begun(broker)
    partitions = [
        PartitionProduceData(
            index=index,
            records=batch(
                [b"a"], producer=(producer.producer_id + index, 0, 0), attributes=TRANSACTIONAL
            ),
        )
        for index in range(2)
    ]
    request = ProduceRequest(
        transactional_id=producer.name,
        acks=-1,
        timeout_ms=10_000,
        topic_data=[TopicProduceData(name=topic, partition_data=partitions)],
    )
    answers = producer.wire.ask(request, 12).responses[0].partition_responses
    assert [each.error_code for each in answers] == [49, 49]


def test_a_write_outside_of_the_open_transaction_is_refused(broker: Running):
    topic, producer = broker.topic(), begun(broker)
    assert producer.write(topic, b"a").error_code == 0
    plain = batch([b"b"], producer=(producer.producer_id, 0, 1))
    topic_id = broker.broker.parts.controller.image.topics_by_name[topic].topic_id
    assert by_id(producer, topic_id, plain).partition_responses[0].error_code == 48


def test_transactions_where_each_append_waits_for_the_disk(tmp_path):
    with running_broker(tmp_path, log_flush_interval_messages="1") as running:
        topic = running.topic(2)
        for adds in (True, False):
            producer = Producer(running, adds=adds)
            assert producer.init() == 0
            if not adds:
                assert producer.add(topic, 0, 1) == {0: 0, 1: 0}
            for partition in range(2):
                assert producer.write(topic, b"%d" % adds, partition).error_code == 0
            assert producer.end(is_commit=True) == 0
            if adds:
                assert producer.write(topic, b"2").error_code == 0, "it waits for the end before"
                assert producer.end(is_commit=False) == 0
        for partition in range(2):
            _eventually(lambda p=partition: committed(running, topic, p) == [b"1", b"0"])


def _eventually(is_so) -> None:
    import time  # noqa: PLC0415

    until = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_without_verification_a_partition_is_taken_on_trust(tmp_path):
    with running_broker(tmp_path, transaction_partition_verification_enable="false") as running:
        topic, producer = running.topic(), begun(running, adds=False)
        assert producer.write(topic, b"a").error_code == 0
