"""Applies the records of consumer groups of the new protocol: the only way such a group changes.

Invariant: a tombstone of what is not there is no error, because compaction may have removed the
rest; any record but a tombstone makes its group, in the place of one that only held offsets.
Neighbours: `consumer_records` makes the records; `consumer_group` is what they change.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_member import (
    NOTHING_OWNED,
    ClassicMetadata,
    ConsumerMember,
    OwnedPartitions,
)
from logcore.coordinator.group.modern_member import LEAVING, MemberState
from logcore.coordinator.group.modern_replay import NO_TARGET, replayers_of
from logcore.coordinator.group.state import GroupState, Replayer
from logcore.coordinator.group.subscription import ResolvedRegex
from logcore.coordinator.result import CoordinatorRecord
from logcore.protocol.internal.consumer_group import (
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
    TopicPartitions,
)

Apply = Callable[[ConsumerGroup, Any, Any], None]


def replayers(state: GroupState) -> Mapping[type[Any], Replayer]:
    """Return what applies the records of consumer groups to a shard's state."""
    return replayers_of(ConsumerGroup, state, _APPLY, ConsumerGroupMetadataKey)


def apply_all(group: ConsumerGroup, records: Iterable[CoordinatorRecord]) -> None:
    """Apply records to one group, other than those that remove it."""
    for record in records:
        _APPLY[type(record.key)](group, record.key, record.value)


def _apply_epoch(
    group: ConsumerGroup, _: ConsumerGroupMetadataKey, value: ConsumerGroupMetadataValue | None
) -> None:
    if value is not None:
        group.epoch = value.epoch
        group.metadata_hash = value.metadata_hash


def _apply_partition_metadata(
    group: ConsumerGroup, _: ConsumerGroupPartitionMetadataKey, value: object
) -> None:
    group.has_partition_metadata = value is not None


def _apply_member(
    group: ConsumerGroup,
    key: ConsumerGroupMemberMetadataKey,
    value: ConsumerGroupMemberMetadataValue | None,
) -> None:
    if value is None:
        group.remove(key.member_id)
        return
    before = group.members.get(key.member_id) or ConsumerMember(member_id=key.member_id)
    classic = value.classic_member_metadata
    group.put(
        replace(
            before,
            instance_id=value.instance_id,
            rack_id=value.rack_id,
            client_id=value.client_id,
            client_host=value.client_host,
            topics=frozenset(value.subscribed_topic_names),
            regex=value.subscribed_topic_regex or "",
            rebalance_timeout_ms=value.rebalance_timeout_ms,
            assignor=value.server_assignor,
            classic=None
            if classic is None
            else ClassicMetadata(
                classic.session_timeout_ms,
                tuple((each.name, bytes(each.metadata)) for each in classic.supported_protocols),
            ),
        )
    )


def _apply_target_epoch(
    group: ConsumerGroup,
    _: ConsumerGroupTargetAssignmentMetadataKey,
    value: ConsumerGroupTargetAssignmentMetadataValue | None,
) -> None:
    group.target_epoch = NO_TARGET if value is None else value.assignment_epoch
    group.target_timestamp_ms = 0 if value is None else value.assignment_timestamp


def _apply_target(
    group: ConsumerGroup,
    key: ConsumerGroupTargetAssignmentMemberKey,
    value: ConsumerGroupTargetAssignmentMemberValue | None,
) -> None:
    if value is None:
        group.targets.pop(key.member_id, None)
        return
    group.targets[key.member_id] = {
        each.topic_id: frozenset(each.partitions) for each in value.topic_partitions
    }


def _apply_current(
    group: ConsumerGroup,
    key: ConsumerGroupCurrentMemberAssignmentKey,
    value: ConsumerGroupCurrentMemberAssignmentValue | None,
) -> None:
    before = group.members.get(key.member_id)
    if value is None:
        if before is not None:
            group.put(
                replace(
                    before,
                    epoch=LEAVING,
                    previous_epoch=LEAVING,
                    assigned=NOTHING_OWNED,
                    revoking=NOTHING_OWNED,
                )
            )
        return
    group.put(
        replace(
            before or ConsumerMember(member_id=key.member_id),
            epoch=value.member_epoch,
            previous_epoch=value.previous_member_epoch,
            state=MemberState.of(value.state),
            assigned=owned_partitions(value.assigned_partitions, value.member_epoch),
            revoking=owned_partitions(value.partitions_pending_revocation, value.member_epoch),
        )
    )


def owned_partitions(written: Iterable[TopicPartitions], epoch: int) -> OwnedPartitions:
    """Read partitions; those without an epoch of their own count from the member's."""
    owned: dict[bytes, dict[int, int]] = {}
    for topic in written:
        epochs = topic.assignment_epochs
        if epochs is None or len(epochs) != len(topic.partitions):
            epochs = [epoch] * len(topic.partitions)
        owned[topic.topic_id] = dict(zip(topic.partitions, epochs, strict=True))
    return owned


def _apply_regex(
    group: ConsumerGroup,
    key: ConsumerGroupRegularExpressionKey,
    value: ConsumerGroupRegularExpressionValue | None,
) -> None:
    if value is None:
        group.resolved.pop(key.regular_expression, None)
    else:
        group.resolved[key.regular_expression] = ResolvedRegex(
            frozenset(value.topics), value.version, value.timestamp
        )


_APPLY: Mapping[type[Any], Apply] = {
    ConsumerGroupMetadataKey: _apply_epoch,
    ConsumerGroupPartitionMetadataKey: _apply_partition_metadata,
    ConsumerGroupMemberMetadataKey: _apply_member,
    ConsumerGroupTargetAssignmentMetadataKey: _apply_target_epoch,
    ConsumerGroupTargetAssignmentMemberKey: _apply_target,
    ConsumerGroupCurrentMemberAssignmentKey: _apply_current,
    ConsumerGroupRegularExpressionKey: _apply_regex,
}
