"""What StreamsGroupDescribe tells of a group.

Invariant: only looks; the topology is told with the partitions of its internal topics as soon as it
fits its topics, and as members told it before.
Neighbours: `requests` finds the group; the broker's handler adds what the caller may do.
"""

from collections.abc import Collection, Mapping

from logcore.common.errors import GroupIdNotFoundError
from logcore.coordinator.group.state import GroupState
from logcore.coordinator.group.streams import topology
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.tasks import Tasks, sorted_tasks
from logcore.protocol.messages.streams_group_describe import (
    Assignment,
    DescribedGroup,
    Endpoint,
    KeyValue,
    Member,
    TaskIds,
    Topology,
)


def describe(state: GroupState, group_id: str) -> DescribedGroup:
    """Describe a group.

    Raises:
        GroupIdNotFoundError: If there is none of this id, or one of another kind.
    """
    group = state.group(group_id)
    if not isinstance(group, StreamsGroup):
        raise GroupIdNotFoundError(f"Group {group_id} is not a streams group.")
    return DescribedGroup(
        group_id=group_id,
        group_state=group.state_name,
        group_epoch=group.epoch,
        assignment_epoch=group.target_epoch,
        topology=_topology(group),
        members=[
            _member(member, group.target_of(member.member_id)) for member in group.members.values()
        ],
    )


def _topology(group: StreamsGroup) -> Topology | None:
    if group.topology is None:
        return None
    configured = group.configured
    is_ready = configured is not None and configured.is_ready
    counts = configured.counts if configured is not None and is_ready else {}
    return topology.described(group.topology, counts)


def _member(member: StreamsMember, target: Tasks) -> Member:
    endpoint = member.user_endpoint
    assigned = member.assigned
    return Member(
        member_id=member.member_id,
        member_epoch=member.epoch,
        instance_id=member.instance_id,
        rack_id=member.rack_id,
        client_id=member.client_id,
        client_host=member.client_host,
        topology_epoch=member.topology_epoch,
        process_id=member.process_id,
        user_endpoint=None
        if endpoint is None
        else Endpoint(host=endpoint.host, port=endpoint.port),
        client_tags=[
            KeyValue(key=key, value=value) for key, value in sorted(member.client_tags.items())
        ],
        assignment=_assignment(assigned.active, assigned.standby, assigned.warmup),
        target_assignment=_assignment(target.active, target.standby, target.warmup),
    )


def _assignment(
    active: Mapping[str, Collection[int]],
    standby: Mapping[str, Collection[int]],
    warmup: Mapping[str, Collection[int]],
) -> Assignment:
    return Assignment(
        active_tasks=_tasks(active), standby_tasks=_tasks(standby), warmup_tasks=_tasks(warmup)
    )


def _tasks(tasks: Mapping[str, Collection[int]]) -> list[TaskIds]:
    return [
        TaskIds(subtopology_id=name, partitions=partitions)
        for name, partitions in sorted_tasks(tasks)
    ]
