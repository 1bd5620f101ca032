"""The records of consumer groups of the new protocol, in the versions that Kafka 4.3 writes.

Invariant: what `member_metadata` and `current_assignment` write together is the whole of a member.
Neighbours: `consumer_replay` applies them; the values' classes are Kafka's schemas.
"""

from collections.abc import Iterable, Mapping

from logcore.coordinator.group.assignors import Assignment
from logcore.coordinator.group.consumer_member import ConsumerMember, OwnedPartitions
from logcore.coordinator.group.subscription import ResolvedRegex
from logcore.coordinator.result import CoordinatorRecord
from logcore.protocol.internal.consumer_group import (
    ClassicMemberMetadata,
    ClassicProtocol,
    ConsumerGroupCurrentMemberAssignmentKey,
    ConsumerGroupCurrentMemberAssignmentValue,
    ConsumerGroupMemberMetadataKey,
    ConsumerGroupMemberMetadataValue,
    ConsumerGroupMetadataKey,
    ConsumerGroupMetadataValue,
    ConsumerGroupPartitionMetadataKey,
    ConsumerGroupRegularExpressionKey,
    ConsumerGroupRegularExpressionValue,
    ConsumerGroupTargetAssignmentMemberKey,
    ConsumerGroupTargetAssignmentMemberValue,
    ConsumerGroupTargetAssignmentMetadataKey,
    ConsumerGroupTargetAssignmentMetadataValue,
    TopicPartition,
    TopicPartitions,
)


def member_metadata(group_id: str, member: ConsumerMember) -> CoordinatorRecord:
    """Make the record of what a member says of itself."""
    classic = member.classic
    return CoordinatorRecord(
        ConsumerGroupMemberMetadataKey(group_id=group_id, member_id=member.member_id),
        ConsumerGroupMemberMetadataValue(
            instance_id=member.instance_id,
            rack_id=member.rack_id,
            client_id=member.client_id,
            client_host=member.client_host,
            subscribed_topic_names=sorted(member.topics),
            subscribed_topic_regex=member.regex,
            rebalance_timeout_ms=member.rebalance_timeout_ms,
            server_assignor=member.assignor,
            classic_member_metadata=None
            if classic is None
            else ClassicMemberMetadata(
                session_timeout_ms=classic.session_timeout_ms,
                supported_protocols=[
                    ClassicProtocol(name=name, metadata=metadata)
                    for name, metadata in classic.protocols
                ],
            ),
        ),
    )


def group_epoch(group_id: str, epoch: int, metadata_hash: int) -> CoordinatorRecord:
    """Make the record of a group's epoch, and of the topics that it goes by."""
    return CoordinatorRecord(
        ConsumerGroupMetadataKey(group_id=group_id),
        ConsumerGroupMetadataValue(epoch=epoch, metadata_hash=metadata_hash),
    )


def target_epoch(group_id: str, epoch: int, timestamp_ms: int) -> CoordinatorRecord:
    """Make the record that a target is complete, and of when it was computed."""
    return CoordinatorRecord(
        ConsumerGroupTargetAssignmentMetadataKey(group_id=group_id),
        ConsumerGroupTargetAssignmentMetadataValue(
            assignment_epoch=epoch, assignment_timestamp=timestamp_ms
        ),
    )


def target_assignment(group_id: str, member_id: str, assignment: Assignment) -> CoordinatorRecord:
    """Make the record of one member's target."""
    return CoordinatorRecord(
        ConsumerGroupTargetAssignmentMemberKey(group_id=group_id, member_id=member_id),
        ConsumerGroupTargetAssignmentMemberValue(
            topic_partitions=[
                TopicPartition(topic_id=topic_id, partitions=sorted(assignment[topic_id]))
                for topic_id in sorted(assignment)
            ]
        ),
    )


def target_assignments(
    group_id: str, targets: Mapping[str, Assignment], member_ids: Iterable[str]
) -> list[CoordinatorRecord]:
    """Make the records of several members' targets."""
    return [target_assignment(group_id, each, targets[each]) for each in member_ids]


def current_assignment(group_id: str, member: ConsumerMember) -> CoordinatorRecord:
    """Make the record of how far a member is, and of what it owns."""
    return CoordinatorRecord(
        ConsumerGroupCurrentMemberAssignmentKey(group_id=group_id, member_id=member.member_id),
        ConsumerGroupCurrentMemberAssignmentValue(
            member_epoch=member.epoch,
            previous_member_epoch=member.previous_epoch,
            state=int(member.state),
            assigned_partitions=written_partitions(member.assigned),
            partitions_pending_revocation=written_partitions(member.revoking),
        ),
    )


def written_partitions(owned: OwnedPartitions) -> list[TopicPartitions]:
    """Spell partitions and the epochs in which they were assigned as records do."""
    written = []
    for topic_id in sorted(owned):
        numbers = sorted(owned[topic_id])
        epochs = [owned[topic_id][number] for number in numbers]
        written.append(
            TopicPartitions(topic_id=topic_id, partitions=numbers, assignment_epochs=epochs)
        )
    return written


def resolved_regex(group_id: str, regex: str, resolved: ResolvedRegex) -> CoordinatorRecord:
    """Make the record of what an expression stands for."""
    return CoordinatorRecord(
        ConsumerGroupRegularExpressionKey(group_id=group_id, regular_expression=regex),
        ConsumerGroupRegularExpressionValue(
            topics=sorted(resolved.topics),
            version=resolved.version,
            timestamp=resolved.timestamp_ms,
        ),
    )


# ------------------------------------------------------------ tombstones


def regex_tombstone(group_id: str, regex: str) -> CoordinatorRecord:
    """Make the record that forgets an expression."""
    key = ConsumerGroupRegularExpressionKey(group_id=group_id, regular_expression=regex)
    return CoordinatorRecord(key, None)


def member_tombstones(group_id: str, member_id: str) -> list[CoordinatorRecord]:
    """Make the records that remove a member; their order is part of Kafka's format."""
    return [
        CoordinatorRecord(key(group_id=group_id, member_id=member_id), None)
        for key in (
            ConsumerGroupCurrentMemberAssignmentKey,
            ConsumerGroupTargetAssignmentMemberKey,
            ConsumerGroupMemberMetadataKey,
        )
    ]


def partition_metadata_tombstone(group_id: str) -> CoordinatorRecord:
    """Make the record that removes what groups of Kafka 4.0 noted of their topics."""
    return CoordinatorRecord(ConsumerGroupPartitionMetadataKey(group_id=group_id), None)


def group_tombstones(
    group_id: str, member_ids: Iterable[str], regexes: Iterable[str]
) -> list[CoordinatorRecord]:
    """Make the records that remove a group with its members."""
    made: list[CoordinatorRecord] = []
    for member_id in member_ids:
        made.extend(member_tombstones(group_id, member_id))
    made.append(
        CoordinatorRecord(ConsumerGroupTargetAssignmentMetadataKey(group_id=group_id), None)
    )
    made.extend(regex_tombstone(group_id, regex) for regex in regexes)
    made.append(CoordinatorRecord(ConsumerGroupMetadataKey(group_id=group_id), None))
    return made
