"""Streams groups: their states, and who may commit and fetch offsets."""

from dataclasses import replace

import pytest

from logcore.common.errors import (
    NonEmptyGroupError,
    StaleMemberEpochError,
    UnknownMemberIdError,
    UnsupportedVersionError,
)
from logcore.coordinator.group.offset_store import CommittedOffset
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.tasks import NOTHING_TO_RUN, OwnedTasks
from logcore.coordinator.group.streams.topology import topology_of
from tests.coordinator.group.streams.streaming import part, topology

MEMBER = StreamsMember(
    member_id="m",
    process_id="p",
    epoch=5,
    assigned=OwnedTasks({"0": {0: 3, 1: 5}}),
    revoking=OwnedTasks({"0": {2: 2}}),
)


@pytest.fixture
def group():
    made = StreamsGroup("g")
    made.topology = topology_of(
        topology(part("0", sources=["in"], sinks=["rep"]), part("1", repartitions=["rep"]))
    )
    made.put(MEMBER)
    return made


def test_states(group):
    group.validated_topology_epoch = -1
    assert group.state_name == "NotReady"
    group.validated_topology_epoch = 0
    group.epoch, group.target_epoch = 5, 4
    assert group.state_name == "Assigning"
    group.target_epoch = 5
    assert group.state_name == "Stable"
    group.put(replace(MEMBER, epoch=4))
    assert group.state_name == "Reconciling"
    group.shutdown_by = "m"
    group.remove("m")
    group.remove("m")
    assert (group.state_name, group.is_empty, group.shutdown_by) == ("Empty", True, None)


def test_what_it_tells(group):
    assert (str(group.type), group.protocol_type) == ("streams", "streams")
    assert [group.is_subscribed_to(each) for each in ("in", "rep", "log")] == [True, True, False]
    group.remove("m")
    assert not group.is_subscribed_to("in")
    assert not StreamsGroup("g").is_subscribed_to("in")
    assert group.offset_expiry_base_ms(CommittedOffset(1, -1, "", 77)) == 77


def test_it_is_deleted_empty_alone(group):
    group.validate_offset_delete()
    with pytest.raises(NonEmptyGroupError):
        group.validate_delete()
    group.remove("m")
    group.validate_delete()
    assert len(group.tombstones()) == 3


def test_commits_of_the_members_epoch(group):
    assert group.validate_offset_commit("m", None, 5, 9) is None
    with pytest.raises(UnknownMemberIdError):
        group.validate_offset_commit("n", None, 5, 9)
    with pytest.raises(UnsupportedVersionError):
        group.validate_offset_commit("m", None, 5, 8)
    assert group.validate_offset_commit("m", None, 5, 3, is_transactional=True) is None
    with pytest.raises(StaleMemberEpochError, match="newer"):
        group.validate_offset_commit("m", None, 6, 9)


def test_commits_without_a_member(group):
    assert group.validate_offset_commit("", None, -1, 3, is_transactional=True) is None
    with pytest.raises(UnknownMemberIdError):
        group.validate_offset_commit("", None, -1, 9)
    assert StreamsGroup("g").validate_offset_commit("", None, -1, 2) is None


def test_commits_of_an_older_epoch_for_tasks_that_were_its_own_then(group):
    validate = group.validate_offset_commit("m", None, 3, 9)
    validate("in", bytes(16), 0)
    validate("in", bytes(16), 2)
    for topic, partition, message in (
        ("in", 1, "older than assignment epoch 5 for task 0-1"),
        ("in", 3, "Task 0-3 is not assigned"),
        ("rep", 0, "Task 1-0 is not assigned"),
        ("other", 0, "not in the topology"),
    ):
        with pytest.raises(StaleMemberEpochError, match=message):
            validate(topic, bytes(16), partition)
    group.topology = None
    with pytest.raises(StaleMemberEpochError, match="Topology is not available"):
        group.validate_offset_commit("m", None, 3, 9)


def test_fetches(group):
    group.validate_offset_fetch(None, -1)
    group.validate_offset_fetch("m", 5)
    with pytest.raises(StaleMemberEpochError):
        group.validate_offset_fetch("m", 4)
    with pytest.raises(UnknownMemberIdError):
        group.validate_offset_fetch("n", 5)


def test_who_has_no_target_has_nothing_to_run(group):
    assert group.target_of("m") is NOTHING_TO_RUN
