"""OffsetCommit over the wire: names and ids, partitions that are not there."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.common.uuids import random_uuid
from logcore.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from logcore.protocol.messages.offset_commit import OffsetCommitRequest
from tests.broker.handlers.grouping import commit, fetched, new_group, on_group
from tests.broker.handlers.refusing import on_topic, refusing
from tests.broker.running import Running

UNKNOWN_TOPIC = 3
UNKNOWN_TOPIC_ID = 100


def topic_id_of(broker: Running, topic: str) -> bytes:
    return broker.broker.parts.controller.image.topics_by_name[topic].topic_id


@pytest.mark.parametrize("version", range(2, 10))
def test_by_name(broker: Running, version: int):
    wire = broker.wire()
    topic, group = broker.topic(2), new_group(wire)
    codes = commit(wire, group, {topic: {0: 5, 1: 6, 2: 7}, "nowhere": {0: 1}}, version)
    assert codes == {
        topic: {0: 0, 1: 0, 2: UNKNOWN_TOPIC},
        "nowhere": {0: UNKNOWN_TOPIC},
    }
    assert fetched(wire, group, {topic: [0, 1]}) == {topic: {0: (5, 0), 1: (6, 0)}}


def test_by_id(broker: Running):
    wire = broker.wire()
    topic, group, stranger = broker.topic(2), new_group(wire), random_uuid()
    topic_id = topic_id_of(broker, topic)
    codes = commit(wire, group, {topic_id: {0: 5, 9: 7}, stranger: {0: 1}}, 10)
    assert codes == {
        topic_id: {0: 0, 9: UNKNOWN_TOPIC},
        stranger: {0: UNKNOWN_TOPIC_ID},
    }
    assert fetched(wire, group, {topic: [0]}) == {topic: {0: (5, 0)}}


def test_nothing_to_commit(broker: Running):
    wire = broker.wire()
    assert wire.ask(OffsetCommitRequest(group_id=new_group(wire)), 9).topics == []


def test_offsets_go_with_their_topic(broker: Running):
    wire = broker.wire()
    topic, group = broker.topic(), new_group(wire)
    commit(wire, group, {topic: {0: 5}})
    wire.ask(DeleteTopicsRequest(topics=[DeleteTopicState(name=topic)], timeout_ms=9_000), 6)
    assert fetched(wire, group, {topic: [0]}) == {topic: {0: (-1, 0)}}


def test_refused(broker: Running):
    wire = broker.wire()
    topic, group = broker.topic(), new_group(wire)
    with refusing(broker, on_group(Operation.READ, group)):
        assert commit(wire, group, {topic: {0: 5}}) == {topic: {0: 30}}
    with refusing(broker, on_topic(Operation.READ, topic)):
        assert commit(wire, group, {topic: {0: 5}}) == {topic: {0: 29}}
    assert fetched(wire, group, {topic: [0]}) == {topic: {0: (-1, 0)}}
