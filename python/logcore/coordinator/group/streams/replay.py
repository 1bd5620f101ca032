"""Applies the records of streams groups: the only way such a group changes.

Invariant: a tombstone of what is not there is no error, because compaction may have removed the
rest; any record but a tombstone makes its group, in the place of one that only held offsets.
Neighbours: `records` makes the records; `group` is what they change.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from logcore.coordinator.group.modern_member import LEAVING, MemberState
from logcore.coordinator.group.modern_replay import NO_TARGET, replayers_of
from logcore.coordinator.group.state import GroupState, Replayer
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.member import StreamsMember, UserEndpoint
from logcore.coordinator.group.streams.tasks import (
    NOTHING_OWNED,
    OwnedTasks,
    Tasks,
    read_sets,
)
from logcore.coordinator.group.streams.topology import Topology
from logcore.protocol.internal.streams_group import (
    StreamsGroupCurrentMemberAssignmentKey,
    StreamsGroupCurrentMemberAssignmentTaskIds,
    StreamsGroupCurrentMemberAssignmentValue,
    StreamsGroupMemberMetadataKey,
    StreamsGroupMemberMetadataValue,
    StreamsGroupMetadataKey,
    StreamsGroupMetadataValue,
    StreamsGroupTargetAssignmentMemberKey,
    StreamsGroupTargetAssignmentMemberValue,
    StreamsGroupTargetAssignmentMetadataKey,
    StreamsGroupTargetAssignmentMetadataValue,
    StreamsGroupTopologyKey,
    StreamsGroupTopologyValue,
)

Apply = Callable[[StreamsGroup, Any, Any], None]


def replayers(state: GroupState) -> Mapping[type[Any], Replayer]:
    """Return what applies the records of streams groups to a shard's state."""
    return replayers_of(StreamsGroup, state, _APPLY, StreamsGroupMetadataKey)


def _apply_epoch(
    group: StreamsGroup, _: StreamsGroupMetadataKey, value: StreamsGroupMetadataValue | None
) -> None:
    if value is not None:
        group.epoch = value.epoch
        group.metadata_hash = value.metadata_hash
        group.validated_topology_epoch = value.validated_topology_epoch
        group.configs = {each.key: each.value for each in value.last_assignment_configs or ()}


def _apply_topology(
    group: StreamsGroup, _: StreamsGroupTopologyKey, value: StreamsGroupTopologyValue | None
) -> None:
    group.topology = None if value is None else Topology(value)


def _apply_member(
    group: StreamsGroup,
    key: StreamsGroupMemberMetadataKey,
    value: StreamsGroupMemberMetadataValue | None,
) -> None:
    if value is None:
        group.remove(key.member_id)
        return
    endpoint = value.user_endpoint
    group.put(
        replace(
            group.members.get(key.member_id) or StreamsMember(member_id=key.member_id),
            instance_id=value.instance_id,
            rack_id=value.rack_id,
            client_id=value.client_id,
            client_host=value.client_host,
            rebalance_timeout_ms=value.rebalance_timeout_ms,
            topology_epoch=value.topology_epoch,
            process_id=value.process_id,
            user_endpoint=None if endpoint is None else UserEndpoint(endpoint.host, endpoint.port),
            client_tags={each.key: each.value for each in value.client_tags},
        )
    )


def _apply_target_epoch(
    group: StreamsGroup,
    _: StreamsGroupTargetAssignmentMetadataKey,
    value: StreamsGroupTargetAssignmentMetadataValue | None,
) -> None:
    group.target_epoch = NO_TARGET if value is None else value.assignment_epoch
    group.target_timestamp_ms = 0 if value is None else value.assignment_timestamp


def _apply_target(
    group: StreamsGroup,
    key: StreamsGroupTargetAssignmentMemberKey,
    value: StreamsGroupTargetAssignmentMemberValue | None,
) -> None:
    if value is None:
        group.targets.pop(key.member_id, None)
        return
    group.targets[key.member_id] = Tasks(
        read_sets(value.active_tasks),
        read_sets(value.standby_tasks),
        read_sets(value.warmup_tasks),
    )


def _apply_current(
    group: StreamsGroup,
    key: StreamsGroupCurrentMemberAssignmentKey,
    value: StreamsGroupCurrentMemberAssignmentValue | None,
) -> None:
    before = group.members.get(key.member_id)
    if value is None:
        if before is not None:
            gone = before.moved(LEAVING, before.state, NOTHING_OWNED, NOTHING_OWNED)
            group.put(replace(gone, previous_epoch=LEAVING))
        return
    epoch = value.member_epoch
    group.put(
        replace(
            before or StreamsMember(member_id=key.member_id),
            epoch=epoch,
            previous_epoch=value.previous_member_epoch,
            state=MemberState.of(value.state),
            assigned=OwnedTasks(
                owned_tasks(value.active_tasks, epoch),
                read_sets(value.standby_tasks),
                read_sets(value.warmup_tasks),
            ),
            revoking=OwnedTasks(
                owned_tasks(value.active_tasks_pending_revocation, epoch),
                read_sets(value.standby_tasks_pending_revocation),
                read_sets(value.warmup_tasks_pending_revocation),
            ),
        )
    )


def owned_tasks(
    written: Iterable[StreamsGroupCurrentMemberAssignmentTaskIds], epoch: int
) -> dict[str, dict[int, int]]:
    """Read active tasks; those without an epoch of their own count from the member's."""
    owned: dict[str, dict[int, int]] = {}
    for each in written:
        epochs = each.assignment_epochs
        if epochs is None or len(epochs) != len(each.partitions):
            epochs = [epoch] * len(each.partitions)
        if each.partitions:
            owned[each.subtopology_id] = dict(zip(each.partitions, epochs, strict=True))
    return owned


_APPLY: Mapping[type[Any], Apply] = {
    StreamsGroupMetadataKey: _apply_epoch,
    StreamsGroupTopologyKey: _apply_topology,
    StreamsGroupMemberMetadataKey: _apply_member,
    StreamsGroupTargetAssignmentMetadataKey: _apply_target_epoch,
    StreamsGroupTargetAssignmentMemberKey: _apply_target,
    StreamsGroupCurrentMemberAssignmentKey: _apply_current,
}
