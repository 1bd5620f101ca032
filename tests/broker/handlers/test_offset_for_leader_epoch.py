"""OffsetForLeaderEpoch: the end of the current epoch, unknown ones, and those that are over."""

import pytest

from logcore.protocol.messages.offset_for_leader_epoch import (
    OffsetForLeaderEpochRequest,
    OffsetForLeaderPartition,
    OffsetForLeaderTopic,
)
from tests.broker.batches import batch
from tests.broker.handlers.asking import produce
from tests.broker.running import Running
from tests.broker.wire import Wire


def end_of(wire: Wire, topic: str, epoch: int, current: int = -1, version: int = 4):
    asked = OffsetForLeaderPartition(partition=0, current_leader_epoch=current, leader_epoch=epoch)
    request = OffsetForLeaderEpochRequest(
        replica_id=-1 if version >= 3 else -2,
        topics=[OffsetForLeaderTopic(topic=topic, partitions=[asked])],
    )
    return wire.ask(request, version).topics[0].partitions[0]


@pytest.mark.parametrize("version", [2, 3, 4])
def test_the_current_epoch_ends_at_the_log_end(broker: Running, version: int):
    topic, wire = broker.topic(), broker.wire()
    assert end_of(wire, topic, 0, version=version).end_offset == 0
    produce(wire, topic, batch([b"a", b"b"]))
    answer = end_of(wire, topic, 0, version=version)
    assert (answer.error_code, answer.leader_epoch, answer.end_offset) == (0, 0, 2)


def test_an_epoch_that_never_was(broker: Running):
    topic, wire = broker.topic(), broker.wire()
    produce(wire, topic, batch([b"a"]))
    answer = end_of(wire, topic, 7)
    assert (answer.error_code, answer.leader_epoch, answer.end_offset) == (0, -1, -1)


def test_what_the_client_believes_in_is_checked(broker: Running):
    topic, wire = broker.topic(), broker.wire()
    assert end_of(wire, topic, 0, current=0).error_code == 0
    assert end_of(wire, topic, 0, current=1).error_code == 75
    assert end_of(wire, "nowhere", 0).error_code == 3
