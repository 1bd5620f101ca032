"""OffsetFetch over the wire: one group or several, by name, by id, or everything."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.common.uuids import random_uuid
from logcore.protocol.messages.offset_fetch import OffsetFetchRequest, OffsetFetchRequestGroup
from tests.broker.handlers.grouping import commit, fetched, new_group, on_group
from tests.broker.handlers.refusing import on_topic, refusing
from tests.broker.handlers.test_offset_commit import topic_id_of
from tests.broker.running import Running


@pytest.mark.parametrize("version", range(1, 10))
def test_by_name(broker: Running, version: int):
    wire = broker.wire()
    topic, group = broker.topic(), new_group(wire)
    commit(wire, group, {topic: {0: 5}})
    found = fetched(wire, group, {topic: [0, 3], "nowhere": [0]}, version)
    assert found == {topic: {0: (5, 0), 3: (-1, 0)}, "nowhere": {0: (-1, 0)}}


@pytest.mark.parametrize("version", range(2, 10))
def test_everything(broker: Running, version: int):
    wire = broker.wire()
    topic, group = broker.topic(2), new_group(wire)
    commit(wire, group, {topic: {0: 5, 1: 6}})
    assert fetched(wire, group, None, version) == {topic: {0: (5, 0), 1: (6, 0)}}
    assert fetched(wire, "none", None, version) == {}


def test_by_id(broker: Running):
    wire = broker.wire()
    topic, group, stranger = broker.topic(), new_group(wire), random_uuid()
    topic_id = topic_id_of(broker, topic)
    commit(wire, group, {topic: {0: 5}})
    found = fetched(wire, group, {topic_id: [0], stranger: [0]}, 10)
    assert found == {topic_id: {0: (5, 0)}, stranger: {0: (-1, 100)}}
    assert fetched(wire, group, None, 10) == {topic_id: {0: (5, 0)}}


@pytest.mark.parametrize("version", [8, 9, 10])
def test_several_groups(broker: Running, version: int):
    wire = broker.wire()
    topic, groups = broker.topic(), [new_group(wire) for _ in range(3)]
    for number, group in enumerate(groups):
        commit(wire, group, {topic: {0: number}})
    asked = [OffsetFetchRequestGroup(group_id=group, topics=None) for group in groups]
    answer = wire.ask(OffsetFetchRequest(groups=asked, require_stable=True), version)
    assert [each.group_id for each in answer.groups] == groups
    assert [each.topics[0].partitions[0].committed_offset for each in answer.groups] == [0, 1, 2]


def test_refused_for_the_group_or_for_each_partition(broker: Running):
    wire = broker.wire()
    topic, group = broker.topic(), new_group(wire)
    with refusing(broker, on_group(Operation.DESCRIBE, group)):
        assert fetched(wire, group, {topic: [0]}, 1) == {topic: {0: (-1, 30)}}
        assert wire.ask(OffsetFetchRequest(group_id=group, topics=None), 7).error_code == 30
        asked = OffsetFetchRequest(groups=[OffsetFetchRequestGroup(group_id=group)])
        assert wire.ask(asked, 9).groups[0].error_code == 30


def test_topics_that_may_not_be_seen_are_refused_or_left_out(broker: Running):
    wire = broker.wire()
    topic, group = broker.topic(), new_group(wire)
    commit(wire, group, {topic: {0: 5}})
    with refusing(broker, on_topic(Operation.DESCRIBE, topic)):
        assert fetched(wire, group, {topic: [0]}) == {topic: {0: (-1, 29)}}
        assert fetched(wire, group, None) == {}
