"""The short way of a Produce request answers just as the usual way does, or leaves it alone."""

import struct
from collections.abc import Callable
from typing import Any

import pytest

from logcore.broker.plain_produce import takes_at_once
from logcore.common.errors import KafkaStorageError
from logcore.log.manager import PlainProduce
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from logcore.replication.partition import Partition
from tests.broker.batches import batch
from tests.broker.produce_frames import TOPIC_ID, VERSIONS, frame_of
from tests.broker.running import Running

ZSTD = 4
TRANSACTIONAL = 0x10
CONTROL = 0x20


class Door:
    """Counts what went the short way of a broker, and can close it."""

    def __init__(self, broker: Running) -> None:
        self.broker = broker
        self.short = broker.broker.dispatcher.plain

    def served(self, make: Callable[[], bytearray]) -> bytes | None:
        """Return what the short way answers; None if it leaves a request alone."""
        answer = self.broker.call(lambda: self.short.answer(memoryview(make())))
        return None if answer is None else b"".join(answer)


@pytest.fixture
def door(broker: Running) -> Door:
    return Door(broker)


@pytest.mark.parametrize("version", VERSIONS)
def test_both_ways_answer_alike(broker: Running, door: Door, version: int) -> None:
    name = broker.topic()
    topic_id = broker.broker.parts.controller.image.topics_by_name[name].topic_id

    def make() -> bytearray:
        return frame_of(version, batch([b"one", b"two"]), name=name, topic_id=topic_id)

    first = door.served(make)
    assert first is not None, "a plain request goes the short way"
    wire = broker.wire()
    usual_frame = make()
    partition = broker.broker.parts.replicas.get(name, 0)
    partition.pending_appends = 1  # whoever waits keeps others from the short way
    try:
        assert door.served(make) is None
        wire.socket.sendall(struct.pack(">i", len(usual_frame)) + usual_frame)
        usual = wire.receive_frame()
    finally:
        partition.pending_appends = 0
    offset = struct.pack(">q", 0)
    next_offset = struct.pack(">q", 2)
    assert usual.count(next_offset) == 1, "the first two records were appended"
    at = usual.index(next_offset)
    assert first == usual[:at] + offset + usual[at + 8 :]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("client_id", [None, "", "a client"])
def test_reads_what_it_needs(version: int, client_id: str | None) -> None:
    plain = PlainProduce.of(frame_of(version, batch([b"x"]), client_id=client_id, acks=1))
    assert plain is not None
    assert (plain.version, plain.index) == (version, 0)
    assert plain.topic == (TOPIC_ID if version >= 13 else "topic")


@pytest.mark.parametrize("version", VERSIONS)
def test_leaves_alone_what_is_not_well_formed(version: int) -> None:
    whole = bytes(frame_of(version, batch([b"x"])))
    for length in range(len(whole)):
        assert PlainProduce.of(whole[:length]) is None, length
    assert PlainProduce.of(whole + b"\0") is None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "fields",
    [{"acks": 0}, {"acks": 2}, {"transactional_id": "t"}, {"topics": 2}, {"topics": 0},
     {"partitions": 2}, {"partitions": 0}],
    ids=str,
)  # fmt: skip
def test_leaves_alone_what_is_not_plain(version: int, fields: dict[str, Any]) -> None:
    assert PlainProduce.of(frame_of(version, batch([b"x"]), **fields)) is None


@pytest.mark.parametrize("version", VERSIONS)
def test_leaves_alone_batches_that_need_a_second_look(version: int) -> None:
    def is_plain(records: bytes) -> bool:
        return PlainProduce.of(frame_of(version, records)) is not None

    assert is_plain(batch([b"x"], attributes=1))
    assert is_plain(batch([b"x"], attributes=ZSTD)) == (version >= 7)
    assert not is_plain(batch([b"x"], attributes=TRANSACTIONAL))
    assert not is_plain(batch([b"x"], attributes=CONTROL))
    assert not is_plain(batch([b"x"]) * 2)
    assert not is_plain(batch([b"x"]) + b"\0")
    assert not is_plain(batch([b"x"])[:-1])
    assert not is_plain(b"")
    old = bytearray(batch([b"x"]))
    old[16] = 1
    assert not is_plain(bytes(old))


def test_leaves_alone_other_requests() -> None:
    frame = frame_of(9, batch([b"x"]))
    frame[1] = ApiKey.FETCH
    assert PlainProduce.of(frame) is None
    frame[1] = ApiKey.PRODUCE
    for version in (-1, 0, 2, 14):
        frame[2:4] = struct.pack(">h", version)
        assert PlainProduce.of(frame) is None, version


def test_leaves_alone_names_that_are_not_text() -> None:
    frame = frame_of(9, batch([b"x"]), name="topic")
    at = frame.index(b"topic")
    frame[at] = 0xFF
    assert PlainProduce.of(frame) is None


def test_a_refusal_is_told_by_the_usual_way(broker: Running, door: Door) -> None:
    name = broker.topic()
    damaged = batch([b"x"], spoil=True)
    assert door.served(lambda: frame_of(9, damaged, name=name)) is None
    topic = TopicProduceData(
        name=name, partition_data=[PartitionProduceData(index=0, records=memoryview(damaged))]
    )
    response = broker.wire().ask(ProduceRequest(acks=-1, timeout_ms=1, topic_data=[topic]), 9)
    answer = response.responses[0].partition_responses[0]
    assert answer.error_code == 2, "CORRUPT_MESSAGE"
    assert broker.broker.parts.replicas.get(name, 0).log.end_offset == 0


def test_leaves_alone_what_is_not_here(door: Door) -> None:
    assert door.served(lambda: frame_of(9, batch([b"x"]), name="no-such-topic")) is None
    assert door.served(lambda: frame_of(13, batch([b"x"]))) is None


def test_leaves_alone_what_waits_for_the_disk(broker: Running, door: Door) -> None:
    name = broker.topic(flush_messages="1")
    assert door.served(lambda: frame_of(9, batch([b"x"]), name=name)) is None


def test_asks_nobody_only_where_nobody_is_to_be_asked(broker: Running, door: Door) -> None:
    assert door.short.is_open
    parts = broker.broker.parts

    allowed, parts.authorizer = parts.authorizer, object()  # type: ignore[assignment]  # any other
    try:
        assert not door.short.is_open
    finally:
        parts.authorizer = allowed


def test_takes_at_once_only_from_anybody() -> None:
    partition = Partition("topic", 0, TOPIC_ID, 0, KafkaStorageError())
    assert takes_at_once(partition)
    partition.min_insync_replicas = 2
    assert not takes_at_once(partition)
    assert not takes_at_once(Partition("__consumer_offsets", 0, TOPIC_ID, 0, KafkaStorageError()))


def test_a_refused_request_is_left_as_it_was(broker: Running, door: Door) -> None:
    name = broker.topic(message_timestamp_type="LogAppendTime")
    assert door.served(lambda: frame_of(9, batch([b"x"], producer=(4712, 0, 0)), name=name))
    frame = frame_of(9, batch([b"x"], producer=(4712, 0, 9)), name=name)
    before = bytes(frame)
    assert door.served(lambda: frame) is None, "a gap in the sequence"
    assert frame == before


def test_an_idempotent_batch_sent_again_is_not_appended_again(broker: Running, door: Door) -> None:
    name = broker.topic()
    sent = batch([b"x"], producer=(4711, 0, 0))
    first = door.served(lambda: frame_of(9, sent, name=name))
    again = door.served(lambda: frame_of(9, sent, name=name))
    assert first == again
    assert first is not None
    assert broker.broker.parts.replicas.get(name, 0).log.end_offset == 1
