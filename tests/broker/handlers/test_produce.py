"""Produce: what is accepted, what is refused and with which code, and what acks mean."""

import pytest

from logcore.protocol.api_keys import ApiKey
from tests.broker.batches import batch
from tests.broker.handlers.asking import fetch, produce, produce_request
from tests.broker.running import Running, running_broker

TRANSACTIONAL = 0x10
CONTROL = 0x20


@pytest.mark.parametrize("version", range(3, 12))
def test_records_get_the_next_offsets_in_every_version(broker: Running, version: int):
    wire, topic = broker.wire(), broker.topic()
    first = produce(wire, topic, batch([b"a", b"b"]), version=version)
    second = produce(wire, topic, batch([b"c"]), version=version)
    assert (first.error_code, first.base_offset) == (0, 0)
    assert (second.error_code, second.base_offset) == (0, 2)


def test_the_bytes_come_back_with_their_offset_only_changed(broker: Running):
    wire, topic = broker.wire(), broker.topic()
    sent = batch([(b"k", b"v"), (None, None)])
    produce(wire, topic, batch([b"before"]))
    produce(wire, topic, sent)
    got = bytes(fetch(wire, topic, 1).records)
    assert got[16:] == sent[16:]
    assert int.from_bytes(got[:8], "big") == 1


@pytest.mark.parametrize(
    ("records", "code"),
    [
        (None, 87),
        (b"", 87),
        (batch([b"a"], spoil=True), 2),
        (batch([b"a"])[:-1], 87),
        (batch([b"a"], attributes=CONTROL), 87),
        (batch([b"a"], attributes=TRANSACTIONAL, producer=(1, 0, 0)), 53),
        (batch([b"x" * 1_100_000]), 10),
        (batch([b"a"]) + batch([b"b"]), 87),
        (batch([b"a"], producer=(7, 0, -1)), 87),
    ],
)
def test_what_is_wrong_with_a_batch_has_its_code(broker: Running, records, code):
    wire, topic = broker.wire(), broker.topic()
    assert produce(wire, topic, records).error_code == code
    assert produce(wire, topic, batch([b"after"])).base_offset == 0


def test_a_keyless_record_is_named_where_the_topic_is_compacted(broker: Running):
    wire, topic = broker.wire(), broker.topic(cleanup_policy="compact")
    answer = produce(wire, topic, batch([(b"k", b"v"), b"no key"]))
    assert answer.error_code == 87
    assert [error.batch_index for error in answer.record_errors] == [1]
    assert produce(wire, topic, batch([(b"k", b"v")])).error_code == 0


def test_partitions_that_are_not_there(broker: Running):
    wire, topic = broker.wire(), broker.topic()
    assert produce(wire, topic, batch([b"a"]), partition=1).error_code == 3
    assert produce(wire, "nowhere", batch([b"a"])).error_code == 3


def test_a_retry_is_a_duplicate_and_a_gap_is_refused(broker: Running):
    wire, topic = broker.wire(), broker.topic()
    assert produce(wire, topic, batch([b"a", b"b"], producer=(40, 0, 0))).base_offset == 0
    assert produce(wire, topic, batch([b"c"], producer=(40, 0, 2))).base_offset == 2
    again = produce(wire, topic, batch([b"a", b"b"], producer=(40, 0, 0)))
    assert (again.error_code, again.base_offset) == (0, 0)
    assert produce(wire, topic, batch([b"x"], producer=(40, 0, 9))).error_code == 45
    assert produce(wire, topic, batch([b"x"], producer=(40, -1, 0))).error_code != 0
    assert fetch(wire, topic, 0).high_watermark == 3


def test_log_append_time_is_told(broker: Running):
    wire, topic = broker.wire(), broker.topic(message_timestamp_type="LogAppendTime")
    answer = produce(wire, topic, batch([b"a"], timestamp=5))
    assert answer.log_append_time_ms > 1_700_000_000_000


def test_acks_must_be_known(broker: Running):
    wire, topic = broker.wire(), broker.topic()
    response = wire.ask(produce_request(topic, batch([b"a"]), acks=2), 9)
    assert response.responses[0].partition_responses[0].error_code == 21


def test_acks_none_is_not_answered(broker: Running):
    wire, topic = broker.wire(), broker.topic()
    wire.send(produce_request(topic, batch([b"a"]), acks=0), 9)
    assert produce(wire, topic, batch([b"b"])).base_offset == 1


def test_acks_none_that_fails_closes_the_connection(broker: Running):
    wire = broker.wire()
    wire.send(produce_request("nowhere", batch([b"a"]), acks=0), 9)
    with pytest.raises(ConnectionError):
        wire.receive_frame()


def test_acks_all_needs_the_replicas_that_the_topic_asks_for(broker: Running):
    wire, topic = broker.wire(), broker.topic(min_insync_replicas="2")
    assert produce(wire, topic, batch([b"a"])).error_code == 19
    response = wire.ask(produce_request(topic, batch([b"a"]), acks=1), 9)
    assert response.responses[0].partition_responses[0].error_code == 0


def test_a_topic_that_waits_for_the_disk_keeps_the_order_of_requests(broker: Running):
    wire, topic = broker.wire(), broker.topic(flush_messages="1")
    for number in range(20):
        wire.send(produce_request(topic, batch([b"%d" % number], producer=(9, 0, number))), 9)
    answers = [wire.receive(ApiKey.PRODUCE, 9) for _ in range(20)]
    results = [answer.responses[0].partition_responses[0] for answer in answers]
    assert [(each.error_code, each.base_offset) for each in results] == [
        (0, number) for number in range(20)
    ]


def test_acknowledged_records_are_there_after_a_restart(tmp_path):
    with running_broker(tmp_path) as running:
        topic = running.topic()
        assert produce(running.wire(), topic, batch([b"kept"])).error_code == 0
    with running_broker(tmp_path) as running:
        got = fetch(running.wire(), topic, 0)
        assert bytes(got.records)[61:] == batch([b"kept"])[61:]
        assert produce(running.wire(), topic, batch([b"more"])).base_offset == 1
