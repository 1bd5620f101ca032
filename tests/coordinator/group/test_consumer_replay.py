"""Applying records, those of other releases and of compacted logs among them."""

import pytest

from logcore.coordinator.group import consumer_records
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_member import ConsumerMember
from logcore.coordinator.group.consumer_replay import owned_partitions, replayers
from logcore.coordinator.group.modern_member import MemberState
from logcore.coordinator.group.state import GroupState
from logcore.coordinator.group.subscription import ResolvedRegex
from logcore.coordinator.result import CoordinatorRecord
from logcore.protocol.internal.consumer_group import (
    ConsumerGroupCurrentMemberAssignmentKey,
    ConsumerGroupCurrentMemberAssignmentValue,
    ConsumerGroupMemberMetadataKey,
    ConsumerGroupMemberMetadataValue,
    ConsumerGroupPartitionMetadataKey,
    ConsumerGroupPartitionMetadataValue,
    TopicPartitions,
)

T1 = b"1" * 16
MEMBER = ConsumerMember(
    member_id="m", epoch=2, topics=frozenset({"t"}), regex="x", assigned={T1: {0: 2}}
)


@pytest.fixture
def state():
    state = GroupState()
    state.register(replayers(state))
    return state


def replay(state, *records):
    for record in records:
        state.replay(0, record)
    return state.groups.get("g")


FULL = [
    consumer_records.member_metadata("g", MEMBER),
    consumer_records.group_epoch("g", 2, 1),
    consumer_records.target_assignment("g", "m", {T1: frozenset({0})}),
    consumer_records.target_epoch("g", 2, 1),
    consumer_records.current_assignment("g", MEMBER),
    consumer_records.resolved_regex("g", "x", ResolvedRegex(frozenset({"x"}), 1, 1)),
]


@pytest.mark.parametrize("record", FULL)
def test_any_record_makes_its_group(state, record):
    assert isinstance(replay(state, record), ConsumerGroup)


@pytest.mark.parametrize("record", consumer_records.group_tombstones("g", ["m"], ["x"]))
def test_a_tombstone_of_nothing_is_passed_over(state, record):
    assert replay(state, record) is None
    state.groups["g"] = ClassicGroup("g", 0)
    assert isinstance(replay(state, record), ClassicGroup)
    replay(state, FULL[1], record)


def test_a_group_that_only_held_offsets_is_replaced(state):
    state.groups["g"] = ClassicGroup("g", 0)
    assert isinstance(replay(state, FULL[1]), ConsumerGroup)


def test_what_was_made_is_removed_without_a_trace(state):
    replay(state, *FULL)
    tombstones = state.groups["g"].tombstones()
    group = state.groups["g"]
    assert replay(state, *tombstones) is None
    assert (group.members, group.targets, group.owners, group.resolved) == ({}, {}, {}, {})
    assert (group.topic_counts, group.regex_counts) == ({}, {})


def test_who_leaves_owns_nothing_before_it_is_gone(state):
    group = replay(state, *FULL)
    first, *_ = consumer_records.member_tombstones("g", "m")
    replay(state, first)
    assert (group.members["m"].epoch, group.members["m"].assigned, group.owners) == (-1, {}, {})


def test_a_record_of_kafka_4_0_is_removed_when_the_group_is_written_next(state):
    key = ConsumerGroupPartitionMetadataKey(group_id="g")
    group = replay(state, CoordinatorRecord(key, ConsumerGroupPartitionMetadataValue()))
    assert group.has_partition_metadata
    assert [each.key.API_KEY for each in group.tombstones()] == [6, 4, 3]
    replay(state, CoordinatorRecord(key, None))
    assert not group.has_partition_metadata


def test_partitions_without_epochs_count_from_the_member_s():
    written = [TopicPartitions(topic_id=T1, partitions=[3, 4])]
    assert owned_partitions(written, 9) == {T1: {3: 9, 4: 9}}
    written[0].assignment_epochs = [7]
    assert owned_partitions(written, 9) == {T1: {3: 9, 4: 9}}
    written[0].assignment_epochs = [7, 8]
    assert owned_partitions(written, 9) == {T1: {3: 7, 4: 8}}


def test_a_state_of_a_later_release_is_unknown(state):
    key = ConsumerGroupCurrentMemberAssignmentKey(group_id="g", member_id="m")
    value = ConsumerGroupCurrentMemberAssignmentValue(state=77)
    group = replay(state, CoordinatorRecord(key, value))
    assert group.members["m"].state is MemberState.UNKNOWN


def test_no_expression_may_be_spelled_null(state):
    key = ConsumerGroupMemberMetadataKey(group_id="g", member_id="m")
    value = ConsumerGroupMemberMetadataValue(subscribed_topic_regex=None)
    assert replay(state, CoordinatorRecord(key, value)).members["m"].regex == ""
