"""The records of streams groups, in the versions that Kafka 4.3 writes.

Invariant: what `member_metadata` and `current_assignment` write together is the whole of a member.
Neighbours: `replay` applies them; the values' classes are Kafka's schemas.
"""

from collections.abc import Iterable, Mapping

from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.tasks import TaskEpochs, Tasks, TaskSets, sorted_tasks
from logcore.coordinator.result import CoordinatorRecord
from logcore.protocol.internal.streams_group import (
    Endpoint,
    KeyValue,
    LastAssignmentConfig,
    StreamsGroupCurrentMemberAssignmentKey,
    StreamsGroupCurrentMemberAssignmentTaskIds,
    StreamsGroupCurrentMemberAssignmentValue,
    StreamsGroupMemberMetadataKey,
    StreamsGroupMemberMetadataValue,
    StreamsGroupMetadataKey,
    StreamsGroupMetadataValue,
    StreamsGroupTargetAssignmentMemberKey,
    StreamsGroupTargetAssignmentMemberTaskIds,
    StreamsGroupTargetAssignmentMemberValue,
    StreamsGroupTargetAssignmentMetadataKey,
    StreamsGroupTargetAssignmentMetadataValue,
    StreamsGroupTopologyKey,
    StreamsGroupTopologyValue,
)


def member_metadata(group_id: str, member: StreamsMember) -> CoordinatorRecord:
    """Make the record of what a member says of itself."""
    endpoint = member.user_endpoint
    return CoordinatorRecord(
        StreamsGroupMemberMetadataKey(group_id=group_id, member_id=member.member_id),
        StreamsGroupMemberMetadataValue(
            instance_id=member.instance_id,
            rack_id=member.rack_id,
            client_id=member.client_id,
            client_host=member.client_host,
            rebalance_timeout_ms=member.rebalance_timeout_ms,
            topology_epoch=member.topology_epoch,
            process_id=member.process_id,
            user_endpoint=None
            if endpoint is None
            else Endpoint(host=endpoint.host, port=endpoint.port),
            client_tags=[
                KeyValue(key=key, value=value) for key, value in sorted(member.client_tags.items())
            ],
        ),
    )


def topology(group_id: str, value: StreamsGroupTopologyValue) -> CoordinatorRecord:
    """Make the record of a group's topology."""
    return CoordinatorRecord(StreamsGroupTopologyKey(group_id=group_id), value)


def group_epoch(
    group_id: str,
    epoch: int,
    *,
    metadata_hash: int,
    validated_topology_epoch: int,
    configs: Mapping[str, str],
) -> CoordinatorRecord:
    """Make the record of a group's epoch, and of the topics and settings that it goes by."""
    return CoordinatorRecord(
        StreamsGroupMetadataKey(group_id=group_id),
        StreamsGroupMetadataValue(
            epoch=epoch,
            metadata_hash=metadata_hash,
            validated_topology_epoch=validated_topology_epoch,
            last_assignment_configs=[
                LastAssignmentConfig(key=key, value=value) for key, value in sorted(configs.items())
            ],
        ),
    )


def target_epoch(group_id: str, epoch: int, timestamp_ms: int) -> CoordinatorRecord:
    """Make the record that a target is complete, and of when it was computed."""
    return CoordinatorRecord(
        StreamsGroupTargetAssignmentMetadataKey(group_id=group_id),
        StreamsGroupTargetAssignmentMetadataValue(
            assignment_epoch=epoch, assignment_timestamp=timestamp_ms
        ),
    )


def target_assignment(group_id: str, member_id: str, tasks: Tasks) -> CoordinatorRecord:
    """Make the record of one member's target."""
    return CoordinatorRecord(
        StreamsGroupTargetAssignmentMemberKey(group_id=group_id, member_id=member_id),
        StreamsGroupTargetAssignmentMemberValue(
            active_tasks=_target_tasks(tasks.active),
            standby_tasks=_target_tasks(tasks.standby),
            warmup_tasks=_target_tasks(tasks.warmup),
        ),
    )


def _target_tasks(tasks: TaskSets) -> list[StreamsGroupTargetAssignmentMemberTaskIds]:
    return [
        StreamsGroupTargetAssignmentMemberTaskIds(subtopology_id=name, partitions=partitions)
        for name, partitions in sorted_tasks(tasks)
    ]


def current_assignment(group_id: str, member: StreamsMember) -> CoordinatorRecord:
    """Make the record of what a member has, and of how far it is."""
    assigned, revoking = member.assigned, member.revoking
    return CoordinatorRecord(
        StreamsGroupCurrentMemberAssignmentKey(group_id=group_id, member_id=member.member_id),
        StreamsGroupCurrentMemberAssignmentValue(
            member_epoch=member.epoch,
            previous_member_epoch=member.previous_epoch,
            state=int(member.state),
            active_tasks=_active_tasks(assigned.active),
            standby_tasks=_copies(assigned.standby),
            warmup_tasks=_copies(assigned.warmup),
            active_tasks_pending_revocation=_active_tasks(revoking.active),
            standby_tasks_pending_revocation=_copies(revoking.standby),
            warmup_tasks_pending_revocation=_copies(revoking.warmup),
        ),
    )


def _active_tasks(tasks: TaskEpochs) -> list[StreamsGroupCurrentMemberAssignmentTaskIds]:
    return [
        StreamsGroupCurrentMemberAssignmentTaskIds(
            subtopology_id=name,
            partitions=partitions,
            assignment_epochs=[tasks[name][partition] for partition in partitions],
        )
        for name, partitions in sorted_tasks(tasks)
    ]


def _copies(tasks: TaskSets) -> list[StreamsGroupCurrentMemberAssignmentTaskIds]:
    return [
        StreamsGroupCurrentMemberAssignmentTaskIds(
            subtopology_id=name, partitions=partitions, assignment_epochs=None
        )
        for name, partitions in sorted_tasks(tasks)
    ]


def member_tombstones(group_id: str, member_id: str) -> list[CoordinatorRecord]:
    """Make the records that remove one member, in the order in which it was made up."""
    of_member = {"group_id": group_id, "member_id": member_id}
    return [
        CoordinatorRecord(StreamsGroupCurrentMemberAssignmentKey(**of_member), None),
        CoordinatorRecord(StreamsGroupTargetAssignmentMemberKey(**of_member), None),
        CoordinatorRecord(StreamsGroupMemberMetadataKey(**of_member), None),
    ]


def group_tombstones(group_id: str, member_ids: Iterable[str]) -> list[CoordinatorRecord]:
    """Make the records that remove a whole group."""
    ids = list(member_ids)

    def of_members(key: type) -> list[CoordinatorRecord]:
        return [CoordinatorRecord(key(group_id=group_id, member_id=each), None) for each in ids]

    return [
        *of_members(StreamsGroupCurrentMemberAssignmentKey),
        *of_members(StreamsGroupTargetAssignmentMemberKey),
        CoordinatorRecord(StreamsGroupTargetAssignmentMetadataKey(group_id=group_id), None),
        *of_members(StreamsGroupMemberMetadataKey),
        CoordinatorRecord(StreamsGroupMetadataKey(group_id=group_id), None),
        CoordinatorRecord(StreamsGroupTopologyKey(group_id=group_id), None),
    ]
