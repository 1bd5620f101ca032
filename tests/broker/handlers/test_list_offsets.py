"""ListOffsets: times, special times and their versions, doubled partitions."""

import pytest

from logcore.protocol.messages.list_offsets import (
    ListOffsetsPartition,
    ListOffsetsRequest,
    ListOffsetsTopic,
)
from tests.broker.batches import batch
from tests.broker.handlers.asking import list_offset, produce
from tests.broker.running import Running

EARLIEST, LATEST, MAX_TIMESTAMP = -2, -1, -3


@pytest.fixture(scope="module")
def topic(broker: Running) -> str:
    name = broker.topic()
    with broker.wire() as wire:
        for timestamp in (1000, 3000, 2000):
            produce(wire, name, batch([b"v"], timestamp=timestamp))
    return name


@pytest.mark.parametrize("version", range(1, 12))
def test_earliest_and_latest_in_every_version(broker: Running, topic: str, version: int):
    wire = broker.wire()
    assert list_offset(wire, topic, EARLIEST, version).offset == 0
    latest = list_offset(wire, topic, LATEST, version)
    assert (latest.error_code, latest.offset, latest.timestamp) == (0, 3, -1)


@pytest.mark.parametrize(
    ("timestamp", "found"), [(0, (1000, 0)), (1001, (3000, 1)), (3000, (3000, 1)), (3001, (-1, -1))]
)
def test_the_first_record_at_or_past_a_time(broker: Running, topic: str, timestamp, found):
    answer = list_offset(broker.wire(), topic, timestamp)
    assert (answer.timestamp, answer.offset) == found


def test_the_largest_timestamp(broker: Running, topic: str):
    answer = list_offset(broker.wire(), topic, MAX_TIMESTAMP)
    assert (answer.timestamp, answer.offset) == (3000, 1)


@pytest.mark.parametrize(("timestamp", "version"), [(-3, 6), (-4, 7), (-5, 8), (-6, 10)])
def test_a_special_time_needs_its_version(broker: Running, topic: str, timestamp, version):
    assert list_offset(broker.wire(), topic, timestamp, version).error_code == 35
    assert list_offset(broker.wire(), topic, timestamp, version + 1).error_code == 0


def test_unknown_partitions_and_doubled_ones(broker: Running, topic: str):
    wire = broker.wire()
    assert list_offset(wire, "nowhere", LATEST).error_code == 3
    asked = [ListOffsetsPartition(partition_index=0, timestamp=LATEST) for _ in range(2)]
    request = ListOffsetsRequest(
        replica_id=-1, topics=[ListOffsetsTopic(name=topic, partitions=asked)]
    )
    answers = wire.ask(request, 8).topics[0].partitions
    assert [answer.error_code for answer in answers] == [42, 42]
