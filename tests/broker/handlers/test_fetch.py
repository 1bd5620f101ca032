"""Fetch: offsets, limits, waiting, sessions, epochs, and codes."""

import threading
import time

import pytest

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from tests.broker.batches import batch
from tests.broker.handlers.asking import fetch, fetch_request, produce
from tests.broker.running import Running

BATCH = batch([b"v" * 100])


def filled(broker: Running, count: int = 3) -> str:
    topic = broker.topic()
    with broker.wire() as wire:
        for _ in range(count):
            assert produce(wire, topic, BATCH).error_code == 0
    return topic


def topic_id_of(broker: Running, topic: str) -> bytes:
    image = broker.call(lambda: broker.broker.parts.controller.image)
    found: bytes = image.topics_by_name[topic].topic_id
    return found


@pytest.mark.parametrize("version", range(4, 13))
def test_every_version_by_name(broker: Running, version: int):
    topic = filled(broker)
    got = fetch(broker.wire(), topic, 1, version)
    assert (got.error_code, got.high_watermark) == (0, 3)
    assert len(got.records) == 2 * len(BATCH)


@pytest.mark.parametrize("version", range(13, 19))
def test_every_version_by_id(broker: Running, version: int):
    topic = filled(broker)
    wire = broker.wire()
    response = wire.ask(fetch_request(topic_id_of(broker, topic), 1), version)
    got = response.responses[0].partitions[0]
    assert (got.error_code, len(got.records)) == (0, 2 * len(BATCH))
    unknown = wire.ask(fetch_request(b"\7" * 16, 0), version)
    assert unknown.responses[0].partitions[0].error_code == 100


def test_an_offset_inside_a_batch_gives_the_whole_batch(broker: Running):
    topic = broker.topic()
    produce(broker.wire(), topic, batch([b"a", b"b", b"c"]))
    got = bytes(fetch(broker.wire(), topic, 2).records)
    assert int.from_bytes(got[:8], "big") == 0


def test_the_first_batch_comes_whole_however_small_the_limit(broker: Running):
    topic = filled(broker)
    assert len(fetch(broker.wire(), topic, 0, max_bytes=1).records) == len(BATCH)
    assert len(fetch(broker.wire(), topic, 0, total_bytes=1).records) == len(BATCH)


def test_offsets_out_of_range(broker: Running):
    topic = filled(broker)
    assert fetch(broker.wire(), topic, 4).error_code == 1
    assert fetch(broker.wire(), topic, -1).error_code == 1
    at_end = fetch(broker.wire(), topic, 3)
    assert (at_end.error_code, len(at_end.records)) == (0, 0)
    assert fetch(broker.wire(), "nowhere", 0).error_code == 3


def test_a_fetch_waits_for_the_next_append(broker: Running):
    topic = filled(broker, 1)
    wire = broker.wire()
    wire.send(fetch_request(topic, 1, max_wait_ms=15_000), 12)
    timer = threading.Timer(0.1, lambda: produce(broker.wire(), topic, BATCH))
    timer.start()
    began = time.monotonic()
    got = wire.receive(ApiKey.FETCH, 12).responses[0].partitions[0]
    assert len(got.records) == len(BATCH)
    assert time.monotonic() - began < 10
    timer.join()


def test_a_fetch_that_waits_in_vain_answers_empty(broker: Running):
    topic = filled(broker, 1)
    got = fetch(broker.wire(), topic, 1, max_wait_ms=50)
    assert (got.error_code, len(got.records), got.high_watermark) == (0, 0, 1)


def test_min_bytes_waits_for_enough(broker: Running):
    topic = filled(broker, 1)
    wire = broker.wire()
    wire.send(fetch_request(topic, 0, max_wait_ms=15_000, min_bytes=2 * len(BATCH)), 12)
    produce(broker.wire(), topic, BATCH)
    got = wire.receive(ApiKey.FETCH, 12).responses[0].partitions[0]
    assert len(got.records) == 2 * len(BATCH)


def test_epochs_of_the_leader_are_compared(broker: Running):
    topic = filled(broker)
    assert fetch(broker.wire(), topic, 0, current_leader_epoch=0).error_code == 0
    assert fetch(broker.wire(), topic, 0, current_leader_epoch=5).error_code == 75


def test_zstd_needs_version_10(broker: Running):
    topic = broker.topic(compression_type="zstd")
    produce(broker.wire(), topic, BATCH)
    assert fetch(broker.wire(), topic, 0, 9).error_code == 76
    assert fetch(broker.wire(), topic, 0, 10).error_code == 0


def test_a_session_tells_only_news(broker: Running):
    topic, wire = filled(broker, 1), broker.wire()
    first = wire.ask(fetch_request(topic, 0, session_epoch=0), 12)
    assert first.session_id > 0
    assert len(first.responses[0].partitions[0].records) == len(BATCH)
    request = fetch_request(topic, 1, session_id=first.session_id, session_epoch=1)
    assert wire.ask(request, 12).responses == []
    produce(broker.wire(), topic, BATCH)
    empty = FetchRequest(session_id=first.session_id, session_epoch=2, max_bytes=1 << 20)
    news = wire.ask(empty, 12)
    assert len(news.responses[0].partitions[0].records) == len(BATCH)
    again = FetchRequest(session_id=first.session_id, session_epoch=2)
    assert wire.ask(again, 12).error_code == 71
    lost = FetchRequest(session_id=first.session_id ^ 1, session_epoch=1)
    assert wire.ask(lost, 12).error_code == 70


@pytest.mark.parametrize("spare_bytes", [0, 1, 61, len(BATCH) - 1])
def test_partitions_in_one_request_share_the_limit(broker: Running, spare_bytes: int):
    topic = broker.topic(partitions=3)
    wire = broker.wire()
    for index in range(3):
        produce(wire, topic, BATCH, partition=index)
    asked = [FetchPartition(partition=index, partition_max_bytes=1 << 20) for index in range(3)]
    request = FetchRequest(
        max_bytes=2 * len(BATCH) + spare_bytes,
        min_bytes=1,
        topics=[FetchTopic(topic=topic, partitions=asked)],
    )
    response = wire.ask(request, 12)
    got = [len(partition.records) for partition in response.responses[0].partitions]
    assert got == [len(BATCH), len(BATCH), 0], "no client gets on by a part of a batch"
