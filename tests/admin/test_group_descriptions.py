"""Answers about groups of each kind are read into one type."""

from logcore.admin.group_descriptions import described
from logcore.protocol.messages import (
    describe_groups,
    share_group_describe,
    streams_group_describe,
)


def test_a_member_of_a_protocol_that_only_its_members_understand() -> None:
    member = describe_groups.DescribedGroupMember(
        member_id="m",
        client_id="c",
        client_host="/h",
        member_metadata=memoryview(b"\x00"),
        member_assignment=memoryview(b"\x00\x09?"),
    )
    group = describe_groups.DescribedGroup(group_id="g", group_state="Stable", members=[member])
    (found,) = described(group, "classic").members
    assert (found.subscription, found.assignment) == ((), ())


def test_a_share_group() -> None:
    given = share_group_describe.TopicPartitions(topic_name="t", partitions=[1, 0])
    member = share_group_describe.Member(
        member_id="m",
        member_epoch=3,
        subscribed_topic_names=["t"],
        assignment=share_group_describe.Assignment(topic_partitions=[given]),
    )
    group = share_group_describe.DescribedGroup(group_id="g", group_epoch=4, members=[member])
    found = described(group, "share")
    assert found.epoch == 4
    assert found.members[0].assignment == (("t", 0), ("t", 1))
    assert found.members[0].target is None


def test_a_streams_group() -> None:
    tasks = streams_group_describe.TaskIds(subtopology_id="0", partitions=[1, 2])
    member = streams_group_describe.Member(
        member_id="m", assignment=streams_group_describe.Assignment(active_tasks=[tasks])
    )
    group = streams_group_describe.DescribedGroup(group_id="g", members=[member])
    (found,) = described(group, "streams").members
    assert found.tasks == {"active": ("0_1", "0_2"), "standby": (), "warmup": ()}
