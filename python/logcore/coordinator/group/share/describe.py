"""What ShareGroupDescribe tells of a share group.

Invariant: only looks; topics that are gone are left out.
Neighbours: `protocol` finds the group; the broker's handler adds what the caller may do.
"""

from logcore.coordinator.group.context import TopicsView
from logcore.coordinator.group.share import assignor
from logcore.coordinator.group.share.group import ShareGroup
from logcore.coordinator.group.share.member import ShareMember
from logcore.protocol.messages.share_group_describe import (
    Assignment,
    DescribedGroup,
    Member,
    TopicPartitions,
)


def describe(group: ShareGroup, topics: TopicsView) -> DescribedGroup:
    """Describe a group."""
    return DescribedGroup(
        group_id=group.group_id,
        group_state=group.state_name,
        group_epoch=group.epoch,
        assignment_epoch=group.target_epoch,
        assignor_name=assignor.NAME,
        members=[described(member, topics) for member in group.members.values()],
    )


def described(member: ShareMember, topics: TopicsView) -> Member:
    """Describe a member."""
    return Member(
        member_id=member.member_id,
        rack_id=member.rack_id,
        member_epoch=member.epoch,
        client_id=member.client_id,
        client_host=member.client_host,
        subscribed_topic_names=sorted(member.topics),
        assignment=Assignment(
            topic_partitions=[
                TopicPartitions(
                    topic_id=topic_id,
                    topic_name=topics.topics_by_id[topic_id].name,
                    partitions=sorted(partitions),
                )
                for topic_id, partitions in member.assigned.items()
                if topic_id in topics.topics_by_id
            ]
        ),
    )
