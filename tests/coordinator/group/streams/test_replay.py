"""Replay: records make the group, and tombstones remove it, whatever compaction has left."""

from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.modern_member import MemberState
from logcore.coordinator.group.modern_replay import NO_TARGET
from logcore.coordinator.group.state import GroupState
from logcore.coordinator.group.streams import records
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.replay import owned_tasks, replayers
from logcore.coordinator.group.streams.tasks import NOTHING_OWNED
from logcore.coordinator.group.streams.topology import topology_of
from logcore.coordinator.result import CoordinatorRecord
from logcore.protocol.internal.streams_group import (
    StreamsGroupCurrentMemberAssignmentKey,
    StreamsGroupCurrentMemberAssignmentTaskIds,
    StreamsGroupCurrentMemberAssignmentValue,
)
from tests.coordinator.group.streams.streaming import stateful, tasks
from tests.coordinator.group.streams.test_records import MEMBER


def replayed(*written, state=None):
    state = state or GroupState()
    if not state.replayers:
        state.register(replayers(state))
    for each in written:
        state.replay(0, each)
    return state


EVERYTHING = [
    records.member_metadata("g", MEMBER),
    records.topology("g", topology_of(stateful()).value),
    records.group_epoch(
        "g", 6, metadata_hash=1, validated_topology_epoch=0, configs={"num.standby.replicas": "0"}
    ),
    records.target_assignment("g", "m", tasks(b=[0, 1])),
    records.target_epoch("g", 5, 99),
    records.current_assignment("g", MEMBER),
]


def test_everything():
    group = replayed(*EVERYTHING).groups["g"]
    assert isinstance(group, StreamsGroup)
    assert group.members == {"m": MEMBER}
    assert (group.epoch, group.metadata_hash, group.validated_topology_epoch) == (6, 1, 0)
    assert (group.target_epoch, group.target_timestamp_ms) == (5, 99)
    assert group.targets == {"m": tasks(b=[0, 1])}
    assert group.configs == {"num.standby.replicas": "0"}
    assert group.topology is not None
    assert group.topology.required_topics == {"in", "log"}
    assert group.holdings.active_process("c", 0) == "p"
    assert group.state_name == "Assigning"


def test_in_any_order():
    group = replayed(*reversed(EVERYTHING)).groups["g"]
    assert group.members == {"m": MEMBER}
    assert group.holdings.active_process("b", 1) == "p"


def test_tombstones_remove_it_and_what_is_not_there_is_no_error():
    state = replayed(*EVERYTHING)
    removed = state.groups["g"].tombstones()
    replayed(*removed[:1], state=state)
    member = state.groups["g"].members["m"]
    assert (member.epoch, member.previous_epoch, member.assigned) == (-1, -1, NOTHING_OWNED)
    replayed(*removed[1:3], state=state)
    assert state.groups["g"].target_epoch == NO_TARGET
    replayed(*removed[3:], state=state)
    assert state.groups == {}
    replayed(*removed, state=state)
    assert state.groups == {}


def test_it_takes_the_place_of_a_simple_group():
    state = GroupState()
    state.groups["g"] = ClassicGroup("g", 0)
    replayed(EVERYTHING[0], state=state)
    assert isinstance(state.groups["g"], StreamsGroup)


def test_tasks_without_epochs_count_from_the_members():
    written = [
        StreamsGroupCurrentMemberAssignmentTaskIds(subtopology_id="a", partitions=[1, 2]),
        StreamsGroupCurrentMemberAssignmentTaskIds(
            subtopology_id="b", partitions=[1], assignment_epochs=[1, 2]
        ),
        StreamsGroupCurrentMemberAssignmentTaskIds(subtopology_id="c", partitions=[]),
    ]
    assert owned_tasks(written, 7) == {"a": {1: 7, 2: 7}, "b": {1: 7}}


def test_a_state_of_a_later_release():
    key = StreamsGroupCurrentMemberAssignmentKey(group_id="g", member_id="m")
    value = StreamsGroupCurrentMemberAssignmentValue(state=9)
    member = replayed(CoordinatorRecord(key, value)).groups["g"].members["m"]
    assert member.state is MemberState.UNKNOWN
