"""What ConsumerGroupDescribe tells of a group of the new protocol.

Invariant: only looks; topics that are gone are left out.
Neighbours: `service` finds the group; the broker's handler adds what the caller may do.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from logcore.common.errors import GroupIdNotFoundError
from logcore.coordinator.group.assignors_offered import choose
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_member import ConsumerMember
from logcore.coordinator.group.context import ShardContext, TopicsView
from logcore.protocol.messages.consumer_group_describe import (
    Assignment,
    DescribedGroup,
    Member,
    TopicPartitions,
)

CLASSIC_TYPE: Final = 0
"""The type of a member that speaks the classic protocol."""
CONSUMER_TYPE: Final = 1
"""The type of a member that speaks the new one."""


def describe(context: ShardContext, group_id: str) -> DescribedGroup:
    """Describe a group.

    Raises:
        GroupIdNotFoundError: If there is none of this id, or one of another kind.
    """
    group = context.state.groups.get(group_id)
    if group is None:
        raise GroupIdNotFoundError(f"Group {group_id} not found.")
    if not isinstance(group, ConsumerGroup):
        raise GroupIdNotFoundError(f"Group {group_id} is not a consumer group.")
    topics = context.topics()
    assignor = choose(group.assignor_counts, context.settings.group_consumer_assignors)
    return DescribedGroup(
        group_id=group_id,
        group_state=group.state_name,
        group_epoch=group.epoch,
        assignment_epoch=group.target_epoch,
        assignor_name=assignor.name,
        members=[described(group, member, topics) for member in group.members.values()],
    )


def described(group: ConsumerGroup, member: ConsumerMember, topics: TopicsView) -> Member:
    """Describe a member."""
    return Member(
        member_id=member.member_id,
        instance_id=member.instance_id,
        rack_id=member.rack_id,
        member_epoch=member.epoch,
        client_id=member.client_id,
        client_host=member.client_host,
        subscribed_topic_names=sorted(member.topics),
        subscribed_topic_regex=member.regex,
        assignment=named(member.assigned, topics),
        target_assignment=named(group.targets.get(member.member_id, {}), topics),
        member_type=CONSUMER_TYPE if member.classic is None else CLASSIC_TYPE,
    )


def named(partitions: Mapping[bytes, Iterable[int]], topics: TopicsView) -> Assignment:
    """Tell partitions with the names of their topics."""
    return Assignment(
        topic_partitions=[
            TopicPartitions(
                topic_id=topic_id,
                topic_name=topics.topics_by_id[topic_id].name,
                partitions=sorted(numbers),
            )
            for topic_id, numbers in partitions.items()
            if topic_id in topics.topics_by_id
        ]
    )
