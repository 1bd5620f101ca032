"""DeleteRecords: the log start moves, stays moved, and not past the end; never an internal one."""

from collections.abc import Iterator

import pytest

from logcore.broker.authorizer import Operation, ResourceType
from logcore.controller.image import INTERNAL_TOPICS
from logcore.protocol.messages.delete_records import (
    DeleteRecordsPartition,
    DeleteRecordsRequest,
    DeleteRecordsTopic,
)
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from logcore.protocol.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
)
from tests.broker.batches import batch
from tests.broker.handlers import share_states
from tests.broker.handlers.asking import fetch, list_offset, produce
from tests.broker.handlers.refusing import refusing
from tests.broker.handlers.transacting import Producer
from tests.broker.running import Running, running_broker
from tests.broker.wire import Wire
from tests.eventually import eventually


def delete(wire: Wire, topic: str, offset: int, version: int = 1, partition: int = 0):
    asked = DeleteRecordsPartition(partition_index=partition, offset=offset)
    request = DeleteRecordsRequest(
        topics=[DeleteRecordsTopic(name=topic, partitions=[asked])], timeout_ms=5000
    )
    return wire.ask(request, version).topics[0].partitions[0]


def filled(running: Running, **configs: str) -> str:
    topic = running.topic(1, **configs)
    with running.wire() as wire:
        for value in (b"a", b"b", b"c"):
            produce(wire, topic, batch([(b"k", value)]))
    return topic


@pytest.mark.parametrize("version", range(3))
def test_records_below_are_not_read_again(broker: Running, version: int):
    topic, wire = filled(broker), broker.wire()
    answer = delete(wire, topic, 2, version)
    assert (answer.error_code, answer.low_watermark) == (0, 2)
    assert list_offset(wire, topic, -2).offset == 2
    assert fetch(wire, topic, 1).error_code == 1
    assert fetch(wire, topic, 2).log_start_offset == 2


def test_minus_one_means_everything(broker: Running):
    topic, wire = filled(broker), broker.wire()
    assert delete(wire, topic, -1).low_watermark == 3
    assert list_offset(wire, topic, -2).offset == 3


@pytest.mark.parametrize(("offset", "code"), [(4, 1), (-2, 1)])
def test_offsets_that_are_not_there(broker: Running, offset: int, code: int):
    topic, wire = filled(broker), broker.wire()
    assert delete(wire, topic, offset).error_code == code
    assert list_offset(wire, topic, -2).offset == 0


def test_what_cannot_be_deleted_from(broker: Running):
    wire = broker.wire()
    assert delete(wire, "nowhere", 0).error_code == 3
    assert delete(wire, filled(broker), 0, partition=1).error_code == 3
    compacted = filled(broker, cleanup_policy="compact")
    assert delete(wire, compacted, 1).error_code == 44


def commit(wire: Wire, topic: str) -> None:
    """Commit an offset of no member's, once the group's coordinator is there."""
    found = FindCoordinatorRequest(key_type=0, coordinator_keys=["a-group"])
    eventually(lambda: wire.ask(found, 6).coordinators[0].error_code == 0)
    asked = OffsetCommitRequestPartition(partition_index=0, committed_offset=1)
    topics = [OffsetCommitRequestTopic(name=topic, partitions=[asked])]
    request = OffsetCommitRequest(group_id="a-group", topics=topics)
    eventually(lambda: wire.ask(request, 8).topics[0].partitions[0].error_code == 0)


@pytest.fixture(scope="module")
def coordinating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A broker whose internal topics have one partition each, with records in it."""
    with running_broker(
        tmp_path_factory.mktemp("coordinating"),
        offsets_topic_num_partitions="1",
        transaction_state_log_num_partitions="1",
        share_coordinator_state_topic_num_partitions="1",
    ) as running:
        wire = running.wire()
        commit(wire, running.topic())
        assert Producer(running).init() == 0
        assert share_states.initialize(wire, share_states.new_key(running, wire)).error_code == 0
        yield running


@pytest.mark.parametrize("topic", sorted(INTERNAL_TOPICS))
def test_internal_topics_keep_their_records(coordinating: Running, topic: str):
    wire = coordinating.wire()
    assert list_offset(wire, topic, -1).offset > 0
    for offset in (-1, 0, 1):
        assert delete(wire, topic, offset).error_code == 17
    assert delete(wire, topic, 0, partition=10_000).error_code == 17
    assert list_offset(wire, topic, -2).offset == 0
    with refusing(coordinating, (Operation.DELETE, ResourceType.TOPIC, topic)):
        assert delete(wire, topic, 0).error_code == 29


def test_it_stays_deleted_after_a_restart(tmp_path):
    with running_broker(tmp_path) as running:
        topic = filled(running)
        assert delete(running.wire(), topic, 2).low_watermark == 2
    with running_broker(tmp_path) as running:
        assert list_offset(running.wire(), topic, -2).offset == 2
