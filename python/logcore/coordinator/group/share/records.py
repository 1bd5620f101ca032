"""The records of share groups, in the versions that Kafka 4.3 writes.

Invariant: what `member_metadata` and `current_assignment` write together is the whole of a member.
Neighbours: `replay` applies them; the values' classes are Kafka's schemas.
"""

from collections.abc import Iterable, Mapping

from logcore.coordinator.group.assignors import Assignment
from logcore.coordinator.group.share.member import STABLE, ShareMember
from logcore.coordinator.group.share.partitions import StatePartitions, Topics
from logcore.coordinator.result import CoordinatorRecord
from logcore.protocol.internal.share_group import (
    ShareGroupCurrentMemberAssignmentKey,
    ShareGroupCurrentMemberAssignmentValue,
    ShareGroupMemberMetadataKey,
    ShareGroupMemberMetadataValue,
    ShareGroupMetadataKey,
    ShareGroupMetadataValue,
    ShareGroupStatePartitionMetadataKey,
    ShareGroupStatePartitionMetadataValue,
    ShareGroupTargetAssignmentMemberKey,
    ShareGroupTargetAssignmentMemberValue,
    ShareGroupTargetAssignmentMetadataKey,
    ShareGroupTargetAssignmentMetadataValue,
    TopicInfo,
    TopicPartition,
    TopicPartitions,
    TopicPartitionsInfo,
)


def member_metadata(group_id: str, member: ShareMember) -> CoordinatorRecord:
    """Make the record of what a member says of itself."""
    return CoordinatorRecord(
        ShareGroupMemberMetadataKey(group_id=group_id, member_id=member.member_id),
        ShareGroupMemberMetadataValue(
            rack_id=member.rack_id,
            client_id=member.client_id,
            client_host=member.client_host,
            subscribed_topic_names=sorted(member.topics),
        ),
    )


def group_epoch(group_id: str, epoch: int, metadata_hash: int) -> CoordinatorRecord:
    """Make the record of a group's epoch, and of the topics that it goes by."""
    return CoordinatorRecord(
        ShareGroupMetadataKey(group_id=group_id),
        ShareGroupMetadataValue(epoch=epoch, metadata_hash=metadata_hash),
    )


def target_epoch(group_id: str, epoch: int, timestamp_ms: int) -> CoordinatorRecord:
    """Make the record that a target is complete, and of when it was computed."""
    return CoordinatorRecord(
        ShareGroupTargetAssignmentMetadataKey(group_id=group_id),
        ShareGroupTargetAssignmentMetadataValue(
            assignment_epoch=epoch, assignment_timestamp=timestamp_ms
        ),
    )


def target_assignment(group_id: str, member_id: str, assignment: Assignment) -> CoordinatorRecord:
    """Make the record of one member's target."""
    return CoordinatorRecord(
        ShareGroupTargetAssignmentMemberKey(group_id=group_id, member_id=member_id),
        ShareGroupTargetAssignmentMemberValue(
            topic_partitions=[
                TopicPartition(topic_id=topic_id, partitions=sorted(assignment[topic_id]))
                for topic_id in sorted(assignment)
            ]
        ),
    )


def current_assignment(group_id: str, member: ShareMember) -> CoordinatorRecord:
    """Make the record of the epoch that a member is in, and of what it has."""
    return CoordinatorRecord(
        ShareGroupCurrentMemberAssignmentKey(group_id=group_id, member_id=member.member_id),
        ShareGroupCurrentMemberAssignmentValue(
            member_epoch=member.epoch,
            previous_member_epoch=member.previous_epoch,
            state=STABLE,
            assigned_partitions=[
                TopicPartitions(topic_id=topic_id, partitions=sorted(member.assigned[topic_id]))
                for topic_id in sorted(member.assigned)
            ],
        ),
    )


def state_partitions(group_id: str, partitions: StatePartitions) -> CoordinatorRecord:
    """Make the record of which partitions have a state."""
    return CoordinatorRecord(
        ShareGroupStatePartitionMetadataKey(group_id=group_id),
        ShareGroupStatePartitionMetadataValue(
            initializing_topics=_written(partitions.initializing),
            initialized_topics=_written(partitions.initialized),
            deleting_topics=[
                TopicInfo(topic_id=topic_id, topic_name=name)
                for topic_id, name in sorted(partitions.deleting.items())
            ],
        ),
    )


def _written(topics: Topics) -> list[TopicPartitionsInfo]:
    return [
        TopicPartitionsInfo(
            topic_id=topic_id, topic_name=topic.name, partitions=sorted(topic.partitions)
        )
        for topic_id, topic in sorted(topics.items())
    ]


# ------------------------------------------------------------ tombstones


def member_tombstones(group_id: str, member_id: str) -> list[CoordinatorRecord]:
    """Make the records that remove a member; their order is part of Kafka's format."""
    return [
        CoordinatorRecord(key(group_id=group_id, member_id=member_id), None)
        for key in (
            ShareGroupCurrentMemberAssignmentKey,
            ShareGroupTargetAssignmentMemberKey,
            ShareGroupMemberMetadataKey,
        )
    ]


def group_tombstones(group_id: str, members: Mapping[str, object]) -> list[CoordinatorRecord]:
    """Make the records that remove a group with its members."""
    made: list[CoordinatorRecord] = []
    for member_id in members:
        made.extend(member_tombstones(group_id, member_id))
    keys: Iterable[object] = (
        ShareGroupTargetAssignmentMetadataKey(group_id=group_id),
        ShareGroupStatePartitionMetadataKey(group_id=group_id),
        ShareGroupMetadataKey(group_id=group_id),
    )
    made.extend(CoordinatorRecord(key, None) for key in keys)
    return made
