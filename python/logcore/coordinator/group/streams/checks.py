"""What is checked of a heartbeat before anything is decided, and read out of it.

Invariant: nothing here changes anything; a check passes, or raises what the client is told. What
Kafka 4.3 has fields for and does not support yet is refused, so nobody relies on it.
Neighbours: `heartbeat` asks.
Source: Apache Kafka 4.3, the rules of `GroupCoordinatorService` for streams groups.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from logcore.common.errors import (
    FencedMemberEpochError,
    GroupMaxSizeReachedError,
    InvalidRequestError,
    StreamsInvalidTopologyError,
)
from logcore.coordinator.group.context import Caller
from logcore.coordinator.group.modern_member import JOINING, LEAVING_FOR_NOW
from logcore.coordinator.group.settings import GroupSettings
from logcore.coordinator.group.streams.configured import ConfiguredTopology
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.member import StreamsMember, UserEndpoint
from logcore.coordinator.group.streams.tasks import Tasks, contains, read_sets
from logcore.protocol.messages.streams_group_heartbeat import (
    StreamsGroupHeartbeatRequest,
    TaskIds,
)


def validate(request: StreamsGroupHeartbeatRequest) -> None:
    """Refuse what is not supported or does not fit together, before a group is looked at.

    Raises:
        InvalidRequestError: What is wrong.
        StreamsInvalidTopologyError: If the topology asks for what it cannot have.
    """
    refuse_unsupported(request)
    given = (
        ("MemberId", request.member_id),
        ("GroupId", request.group_id),
        ("InstanceId", request.instance_id),
        ("RackId", request.rack_id),
    )
    for name, value in given:
        if value is not None and not value.strip():
            raise InvalidRequestError(f"{name} can't be empty.")
    if request.member_epoch == JOINING:
        validate_joining(request)
    elif request.member_epoch == LEAVING_FOR_NOW:
        if request.instance_id is None:
            raise InvalidRequestError("InstanceId can't be null.")
    elif request.member_epoch < LEAVING_FOR_NOW:
        raise InvalidRequestError(
            f"MemberEpoch is {request.member_epoch}, but must be greater than or equal to -2."
        )
    kinds = (request.active_tasks, request.standby_tasks, request.warmup_tasks)
    if None in kinds and any(each is not None for each in kinds):
        raise InvalidRequestError("If one task-type is non-null, all must be non-null.")
    if request.member_epoch != JOINING and request.topology is not None:
        raise InvalidRequestError("Topology can only be provided when (re-)joining.")


def refuse_unsupported(request: StreamsGroupHeartbeatRequest) -> None:
    """Refuse what Kafka 4.3 does not do yet.

    Raises:
        InvalidRequestError: If it is asked for.
    """
    if request.instance_id is not None:
        raise InvalidRequestError("Static membership is not yet supported.")
    if request.task_offsets is not None:
        raise InvalidRequestError("TaskOffsets are not supported yet.")
    if request.task_end_offsets is not None:
        raise InvalidRequestError("TaskEndOffsets are not supported yet.")
    if request.warmup_tasks:
        raise InvalidRequestError("WarmupTasks are not supported yet.")
    subtopologies = [] if request.topology is None else request.topology.subtopologies
    if any(each.source_topic_regex for each in subtopologies):
        raise InvalidRequestError("Regular expressions for source topics are not supported yet.")


def validate_joining(request: StreamsGroupHeartbeatRequest) -> None:
    """Refuse a first heartbeat that does not say everything.

    Raises:
        InvalidRequestError: What is missing.
        StreamsInvalidTopologyError: If a changelog is to have a number of partitions of its own.
    """
    if request.rebalance_timeout_ms == -1:
        raise InvalidRequestError("RebalanceTimeoutMs must be provided in first request.")
    kinds = (
        ("ActiveTasks", request.active_tasks),
        ("StandbyTasks", request.standby_tasks),
        ("WarmupTasks", request.warmup_tasks),
    )
    for name, tasks in kinds:
        if tasks is None or tasks:
            raise InvalidRequestError(f"{name} must be empty when (re-)joining.")
    if request.topology is None:
        raise InvalidRequestError("Topology must be non-null when (re-)joining.")
    for subtopology in request.topology.subtopologies:
        for topic in subtopology.state_changelog_topics:
            if topic.partitions != 0:
                raise StreamsInvalidTopologyError(
                    f"Changelog topic {topic.name} must have an undefined partition count, "
                    f"but it is set to {topic.partitions}."
                )


def refuse_if_full(group: StreamsGroup, member_id: str, settings: GroupSettings) -> None:
    """Refuse a further member of a group that is full.

    Raises:
        GroupMaxSizeReachedError: If there is no room.
    """
    size_max = settings.group_streams_max_size
    if len(group.members) >= size_max and member_id not in group.members:
        raise GroupMaxSizeReachedError(
            f"The streams group has reached its maximum capacity of {size_max} members."
        )


def refuse_wrong_epoch(member: StreamsMember, epoch: int, reported: Tasks | None) -> None:
    """Refuse a member that is in another epoch than we know it in.

    One that has not got our last answer comes with the epoch before, and has no more than it did.

    Raises:
        FencedMemberEpochError: If it has to begin anew.
    """
    if epoch in (JOINING, member.epoch):
        return
    is_behind = epoch < member.epoch
    if is_behind and epoch == member.previous_epoch and has_all(member, reported):
        return
    comparison = "smaller" if is_behind else "greater"
    raise FencedMemberEpochError(
        f"The streams group member has a {comparison} member epoch ({epoch}) than the one known "
        f"by the group coordinator ({member.epoch}). The member must abandon all its partitions "
        "and rejoin."
    )


def has_all(member: StreamsMember, reported: Tasks | None) -> bool:
    """Whether a member has everything that it says it does; saying nothing proves nothing."""
    if reported is None:
        return False
    assigned = member.assigned
    return (
        contains(assigned.active, reported.active)
        and contains(assigned.standby, reported.standby)
        and contains(assigned.warmup, reported.warmup)
    )


def reported_tasks(request: StreamsGroupHeartbeatRequest) -> Tasks | None:
    """Return what a heartbeat says that its member has; None if it does not say."""
    active, standby, warmup = request.active_tasks, request.standby_tasks, request.warmup_tasks
    if active is None or standby is None or warmup is None:
        return None
    return Tasks(read_sets(active), read_sets(standby), read_sets(warmup))


def refuse_unknown_tasks(
    request: StreamsGroupHeartbeatRequest, configured: ConfiguredTopology
) -> None:
    """Refuse tasks that the topology does not have.

    Raises:
        InvalidRequestError: If one is told of.
    """
    for tasks in (request.active_tasks, request.standby_tasks, request.warmup_tasks):
        for told in tasks or ():
            _refuse_unknown(told, configured.task_counts or {})


def _refuse_unknown(told: TaskIds, task_counts: Mapping[str, int]) -> None:
    name = told.subtopology_id
    count = task_counts.get(name)
    if count is None:
        raise InvalidRequestError(f"Subtopology {name} does not exist in the topology.")
    for partition in told.partitions:
        if not 0 <= partition < count:
            raise InvalidRequestError(
                f"Task {partition} for subtopology {name} is invalid. "
                f"Number of tasks for this subtopology: {count}"
            )


def told(
    member: StreamsMember, caller: Caller, request: StreamsGroupHeartbeatRequest
) -> StreamsMember:
    """Return a member with what a heartbeat says of it; what it does not say stays as it was."""
    changes: dict[str, Any] = {"client_id": caller.client_id, "client_host": caller.client_host}
    if request.rack_id is not None:
        changes["rack_id"] = request.rack_id
    if request.rebalance_timeout_ms != -1:
        changes["rebalance_timeout_ms"] = request.rebalance_timeout_ms
    if request.topology is not None:
        changes["topology_epoch"] = request.topology.epoch
    if request.process_id is not None:
        changes["process_id"] = request.process_id
    if request.user_endpoint is not None:
        endpoint = request.user_endpoint
        changes["user_endpoint"] = UserEndpoint(endpoint.host, endpoint.port)
    if request.client_tags is not None:
        changes["client_tags"] = {each.key: each.value for each in request.client_tags}
    made = replace(member, **changes)
    return member if made == member else made
