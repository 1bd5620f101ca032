"""Applies the records of share groups: the only way such a group changes.

Invariant: a tombstone of what is not there is no error, because compaction may have removed the
rest; any record but a tombstone makes its group, in the place of one that only held offsets.
Neighbours: `records` makes the records; `group` is what they change.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from logcore.common.clock import Clock
from logcore.coordinator.group.assignors import NO_PARTITIONS
from logcore.coordinator.group.modern_member import LEAVING
from logcore.coordinator.group.modern_replay import NO_TARGET, replayers_of
from logcore.coordinator.group.share.group import ShareGroup
from logcore.coordinator.group.share.member import ShareMember
from logcore.coordinator.group.share.partitions import StatePartitions, TopicState
from logcore.coordinator.group.state import GroupState, Replayer
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
    TopicPartitionsInfo,
)

Apply = Callable[[ShareGroup, Any, Any, int], None]
"""Applies key and value to a group; told the time for what is soft."""


def replayers(state: GroupState, clock: Clock) -> Mapping[type[Any], Replayer]:
    """Return what applies the records of share groups to a shard's state."""

    def at_its_time(apply: Apply) -> Callable[[ShareGroup, Any, Any], None]:
        return lambda group, key, value: apply(group, key, value, clock.now_ms())

    timed = {key: at_its_time(apply) for key, apply in _APPLY.items()}
    return replayers_of(ShareGroup, state, timed, ShareGroupMetadataKey)


def _apply_epoch(
    group: ShareGroup, _: ShareGroupMetadataKey, value: ShareGroupMetadataValue | None, __: int
) -> None:
    if value is not None:
        group.epoch = value.epoch
        group.metadata_hash = value.metadata_hash


def _apply_member(
    group: ShareGroup,
    key: ShareGroupMemberMetadataKey,
    value: ShareGroupMemberMetadataValue | None,
    _: int,
) -> None:
    if value is None:
        group.remove(key.member_id)
        return
    before = group.members.get(key.member_id) or ShareMember(member_id=key.member_id)
    group.put(
        replace(
            before,
            rack_id=value.rack_id,
            client_id=value.client_id,
            client_host=value.client_host,
            topics=frozenset(value.subscribed_topic_names),
        )
    )


def _apply_target_epoch(
    group: ShareGroup,
    _: ShareGroupTargetAssignmentMetadataKey,
    value: ShareGroupTargetAssignmentMetadataValue | None,
    __: int,
) -> None:
    group.target_epoch = NO_TARGET if value is None else value.assignment_epoch
    group.target_timestamp_ms = 0 if value is None else value.assignment_timestamp


def _apply_target(
    group: ShareGroup,
    key: ShareGroupTargetAssignmentMemberKey,
    value: ShareGroupTargetAssignmentMemberValue | None,
    _: int,
) -> None:
    if value is None:
        group.targets.pop(key.member_id, None)
        return
    group.targets[key.member_id] = {
        each.topic_id: frozenset(each.partitions) for each in value.topic_partitions
    }


def _apply_current(
    group: ShareGroup,
    key: ShareGroupCurrentMemberAssignmentKey,
    value: ShareGroupCurrentMemberAssignmentValue | None,
    _: int,
) -> None:
    before = group.members.get(key.member_id)
    if value is None:
        if before is not None:
            left = replace(before, epoch=LEAVING, previous_epoch=LEAVING, assigned=NO_PARTITIONS)
            group.put(left)
        return
    group.put(
        replace(
            before or ShareMember(member_id=key.member_id),
            epoch=value.member_epoch,
            previous_epoch=value.previous_member_epoch,
            assigned={
                each.topic_id: frozenset(each.partitions) for each in value.assigned_partitions
            },
        )
    )


def _apply_partitions(
    group: ShareGroup,
    _: ShareGroupStatePartitionMetadataKey,
    value: ShareGroupStatePartitionMetadataValue | None,
    now_ms: int,
) -> None:
    if value is None:
        group.partitions = None
        return
    group.partitions = StatePartitions(
        _read(value.initializing_topics, now_ms),
        _read(value.initialized_topics, now_ms),
        {each.topic_id: each.topic_name for each in value.deleting_topics},
    )


def _read(written: Iterable[TopicPartitionsInfo], now_ms: int) -> dict[bytes, TopicState]:
    return {
        each.topic_id: TopicState(each.topic_name, frozenset(each.partitions), now_ms)
        for each in written
    }


_APPLY: Mapping[type[Any], Apply] = {
    ShareGroupMetadataKey: _apply_epoch,
    ShareGroupMemberMetadataKey: _apply_member,
    ShareGroupTargetAssignmentMetadataKey: _apply_target_epoch,
    ShareGroupTargetAssignmentMemberKey: _apply_target,
    ShareGroupCurrentMemberAssignmentKey: _apply_current,
    ShareGroupStatePartitionMetadataKey: _apply_partitions,
}
