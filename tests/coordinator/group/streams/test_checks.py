"""What is checked of a heartbeat, and read out of it."""

from dataclasses import replace

import pytest

from logcore.common.errors import (
    FencedMemberEpochError,
    GroupMaxSizeReachedError,
    InvalidRequestError,
    StreamsInvalidTopologyError,
)
from logcore.coordinator.group.context import Caller
from logcore.coordinator.group.settings import GroupSettings
from logcore.coordinator.group.streams.checks import (
    has_all,
    refuse_if_full,
    refuse_unknown_tasks,
    refuse_wrong_epoch,
    reported_tasks,
    told,
    validate,
)
from logcore.coordinator.group.streams.configured import configure
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.member import StreamsMember, UserEndpoint
from logcore.coordinator.group.streams.tasks import NOTHING_TO_RUN, OwnedTasks, Tasks
from logcore.coordinator.group.streams.topology import topology_of
from logcore.protocol.messages.streams_group_heartbeat import (
    Endpoint,
    KeyValue,
    StreamsGroupHeartbeatRequest,
)
from tests.coordinator.group.consumers import ConsumerCluster
from tests.coordinator.group.streams.streaming import part, task_ids, tasks, topology

MEMBER = StreamsMember(
    member_id="m", process_id="p", epoch=5, previous_epoch=4, assigned=OwnedTasks({"a": {0: 5}})
)


def request(**given):
    """Return a first heartbeat that is fine, but for what is given."""
    full = {
        "group_id": "g",
        "member_id": "m",
        "member_epoch": 0,
        "rebalance_timeout_ms": 10,
        "topology": topology(),
        "active_tasks": [],
        "standby_tasks": [],
        "warmup_tasks": [],
    }
    return StreamsGroupHeartbeatRequest(**(full | given))


def test_fine():
    validate(request())
    validate(request(member_epoch=3, topology=None, rebalance_timeout_ms=-1))
    validate(request(member_epoch=-1, topology=None, active_tasks=None, standby_tasks=None,
                     warmup_tasks=None))  # fmt: skip


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"group_id": " "}, "GroupId can't be empty."),
        ({"member_id": ""}, "MemberId can't be empty."),
        ({"rack_id": ""}, "RackId can't be empty."),
        ({"instance_id": "i"}, "Static membership is not yet supported."),
        ({"task_offsets": []}, "TaskOffsets are not supported yet."),
        ({"task_end_offsets": []}, "TaskEndOffsets are not supported yet."),
        ({"warmup_tasks": task_ids({"a": [0]})}, "WarmupTasks are not supported yet."),
        ({"rebalance_timeout_ms": -1}, "RebalanceTimeoutMs must be provided in first request."),
        ({"active_tasks": task_ids({"a": [0]})}, "ActiveTasks must be empty when (re-)joining."),
        ({"standby_tasks": task_ids({"a": [0]})}, "StandbyTasks must be empty when (re-)joining."),
        ({"topology": None}, "Topology must be non-null when (re-)joining."),
        ({"member_epoch": 1}, "Topology can only be provided when (re-)joining."),
        ({"member_epoch": -2, "topology": None}, "InstanceId can't be null."),
        (
            {"member_epoch": -3, "topology": None},
            "MemberEpoch is -3, but must be greater than or equal to -2.",
        ),
        ({"standby_tasks": None}, "StandbyTasks must be empty when (re-)joining."),
        (
            {"standby_tasks": None, "member_epoch": 1},
            "If one task-type is non-null, all must be non-null.",
        ),
    ],
)
def test_refused(given, message):
    with pytest.raises(InvalidRequestError) as refused:
        validate(request(**given))
    assert str(refused.value) == message


def test_topologies_that_are_refused():
    regex = part(sources=["in"])
    regex.source_topic_regex = ["a.*"]
    with pytest.raises(InvalidRequestError, match="Regular expressions"):
        validate(request(topology=topology(regex)))
    wide = part(sources=["in"], changelogs=[("log", 3)])
    with pytest.raises(StreamsInvalidTopologyError, match="undefined partition count"):
        validate(request(topology=topology(wide)))


def test_a_full_group_takes_nobody_in_but_keeps_who_is_there():
    group = StreamsGroup("g")
    group.put(MEMBER)
    refuse_if_full(group, "m", GroupSettings(group_streams_max_size=1))
    refuse_if_full(group, "n", GroupSettings(group_streams_max_size=2))
    with pytest.raises(GroupMaxSizeReachedError, match="maximum capacity of 1 members"):
        refuse_if_full(group, "n", GroupSettings(group_streams_max_size=1))


def test_epochs():
    for epoch, reported in ((5, None), (0, None), (4, tasks(a=[0])), (4, NOTHING_TO_RUN)):
        refuse_wrong_epoch(MEMBER, epoch, reported)
    for epoch, reported, message in (
        (6, None, r"greater member epoch \(6\)"),
        (4, None, r"smaller member epoch \(4\)"),
        (4, tasks(a=[0, 1]), "smaller"),
        (3, tasks(a=[0]), "smaller"),
    ):
        with pytest.raises(FencedMemberEpochError, match=message):
            refuse_wrong_epoch(MEMBER, epoch, reported)


def test_has_all_of_each_kind():
    member = replace(MEMBER, assigned=OwnedTasks({}, {"s": frozenset({0})}, {"w": frozenset({0})}))
    assert has_all(member, Tasks({}, {"s": frozenset({0})}, {"w": frozenset({0})}))
    assert not has_all(member, Tasks({"s": frozenset({0})}))
    assert not has_all(member, Tasks({}, {"w": frozenset({0})}))
    assert not has_all(member, Tasks({}, {}, {"s": frozenset({0})}))


def test_what_is_reported():
    assert reported_tasks(request(active_tasks=None)) is None
    made = reported_tasks(request(active_tasks=task_ids({"a": [1]})))
    assert made == tasks(a=[1])


def test_tasks_that_the_topology_does_not_have():
    ready = configure(topology_of(topology()), ConsumerCluster({"in": 2}).topics)
    refuse_unknown_tasks(request(active_tasks=task_ids({"0": [0, 1]})), ready)
    for named, message in (
        ({"x": [0]}, "Subtopology x does not exist in the topology."),
        ({"0": [2]}, "Task 2 for subtopology 0 is invalid. Number of tasks for this"),
        ({"0": [-1]}, "Task -1 for subtopology 0 is invalid."),
    ):
        for kind in ("active_tasks", "standby_tasks", "warmup_tasks"):
            with pytest.raises(InvalidRequestError, match=message):
                refuse_unknown_tasks(request(**{kind: task_ids(named)}), ready)


def test_what_a_member_says_is_kept_until_it_says_otherwise():
    caller = Caller(0, "c", "/h")
    first = told(
        MEMBER,
        caller,
        request(
            rack_id="r",
            process_id="q",
            user_endpoint=Endpoint(host="h", port=1),
            client_tags=[KeyValue(key="k", value="v")],
            topology=topology(epoch=3),
        ),
    )
    assert (first.rack_id, first.process_id, first.topology_epoch) == ("r", "q", 3)
    assert (first.user_endpoint, first.client_tags) == (UserEndpoint("h", 1), {"k": "v"})
    assert (first.client_id, first.client_host, first.rebalance_timeout_ms) == ("c", "/h", 10)
    again = told(first, caller, request(topology=None, rebalance_timeout_ms=-1))
    assert again is first
