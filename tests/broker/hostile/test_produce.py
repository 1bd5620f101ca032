"""Batches that nobody should send: each has Kafka's code, and costs a bounded amount of memory."""

from pathlib import Path
from typing import Any

import pytest

from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from tests.broker.batches import batch
from tests.broker.handlers.asking import fetch, produce, produce_request
from tests.broker.hostile.batches import (
    BOMBS,
    CASES,
    INVALID_RECORD,
    MESSAGE_TOO_LARGE,
    OTHERWISE,
    UNSUPPORTED_COMPRESSION_TYPE,
    bomb,
    built,
    one,
)
from tests.broker.hostile.memory import forget_peak, peak_kib, rss_kib
from tests.broker.running import Running
from tests.broker.wire import Wire
from tests.peers import kafka

TOPIC = "hostile"
ACCEPTED = {name for name, (_, code) in CASES.items() if code == 0}
TAKEN_BYTES = 8 << 20
REFUSED_BYTES = 272 << 20
GROWN_MIB_MAX = 700
"""256 MiB is what a batch may decompress to; the buffer for it may have to move once."""


@pytest.mark.parametrize("name", CASES)
def test_a_batch_that_is_wrong_has_a_code_and_leaves_nothing(broker: Running, name: str):
    records, code = CASES[name]
    wire, topic = broker.wire(), broker.topic()
    assert produce(wire, topic, records).error_code == code
    offset = 1 if name in ACCEPTED else 0
    assert produce(wire, topic, batch([b"after"])).base_offset == offset


@pytest.mark.parametrize("version", [3, 7, 8, 11])
def test_old_formats_and_codecs_are_told_apart_in_every_version(broker: Running, version: int):
    wire, topic = broker.wire(), broker.topic()
    old = produce(wire, topic, CASES["magic 1"][0], version=version)
    zstd = produce(wire, topic, bomb("zstd", 1 << 10), version=version)
    assert old.error_code == INVALID_RECORD
    assert zstd.error_code == (0 if version >= 7 else UNSUPPORTED_COMPRESSION_TYPE)


def test_a_wrong_partition_does_not_spoil_the_others(broker: Running):
    wire, topic = broker.wire(), broker.topic(partitions=2)
    request = produce_request(topic, CASES["a wrong CRC"][0])
    good = produce_request(topic, batch([b"good"]), partition=1)
    request.topic_data += good.topic_data
    answers = [
        (each.index, each.error_code)
        for topic in wire.ask(request, 9).responses
        for each in topic.partition_responses
    ]
    assert answers == [(0, 2), (1, 0)]


@pytest.mark.parametrize("name", BOMBS)
def test_what_decompresses_to_little_is_taken(broker: Running, name: str):
    wire, topic = broker.wire(), broker.topic()
    sent = bomb(name, TAKEN_BYTES)
    assert produce(wire, topic, sent).error_code == 0
    assert bytes(fetch(wire, topic, 0).records)[21:] == sent[21:]


@pytest.mark.parametrize("name", BOMBS)
def test_what_decompresses_to_too_much_is_refused(broker: Running, name: str):
    wire, topic = broker.wire(), broker.topic(max_message_bytes="33554432")
    sent, before = bomb(name, REFUSED_BYTES), rss_kib()
    forget_peak()
    assert produce(wire, topic, sent).error_code == INVALID_RECORD
    assert (peak_kib() - before) >> 10 < GROWN_MIB_MAX
    assert produce(wire, topic, batch([b"after"])).base_offset == 0


def test_a_size_over_the_limit_is_refused_before_anything_is_decompressed(broker: Running):
    wire, topic = broker.wire(), broker.topic(max_message_bytes="1000")
    assert produce(wire, topic, built(one(b"x" * 2000))).error_code == MESSAGE_TOO_LARGE
    assert produce(wire, topic, bomb("lz4", 64 << 20)).error_code == MESSAGE_TOO_LARGE


def test_sequences_and_epochs_go_on_or_are_refused(broker: Running):
    wire, topic = broker.wire(), broker.topic()

    def code(epoch: int, sequence: int, count: int = 1) -> int:
        values = [b"%d" % number for number in range(count)]
        sent = batch(values, producer=(90, epoch, sequence))
        answer: int = produce(wire, topic, sent).error_code
        return answer

    assert [code(0, 0, 3), code(0, 3), code(0, 0, 3)] == [0, 0, 0]
    assert code(0, 9) == 45
    assert code(0, 2) == 45
    assert code(1, 4) == 45
    assert code(1, 0) == 0
    assert code(0, 4) == 47
    assert code(1, 2**31 - 1) == 45
    assert fetch(wire, topic, 0).high_watermark == 5


@pytest.mark.peer
@pytest.mark.usefixtures("kafka_tools")
def test_the_codes_are_those_of_apache_kafka(tmp_path: Path):
    cases: dict[str, Any] = {
        name: case for name, case in CASES.items() if OTHERWISE.get(name, 0) is not None
    }
    expected = {name: OTHERWISE.get(name, code) for name, (_, code) in cases.items()}
    with kafka.running_kafka(tmp_path) as peer:
        port = int(peer.bootstrap.rpartition(":")[2])
        topic = CreatableTopic(name=TOPIC, num_partitions=1, replication_factor=1)
        with Wire(port) as wire:
            wire.ask(CreateTopicsRequest(topics=[topic], timeout_ms=20_000), 5)
            while produce(wire, TOPIC, batch([b"is it there?"])).error_code:
                pass
            answered = {
                name: produce(wire, TOPIC, records).error_code
                for name, (records, _) in cases.items()
            }
    assert answered == expected
