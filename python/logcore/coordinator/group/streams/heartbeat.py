"""StreamsGroupHeartbeat: how members join, follow their target, and leave.

A heartbeat says what the member runs and has, when that has changed. The answer says its epoch, the
condition of the group, and what it is to have when that has changed or when it joins. Internal
topics that are missing go to the broker, which creates them.
Invariant: pure but for timers and what is soft, which are set once the records are in the log.
Neighbours: `change` turns it into records; `sessions` watches.
Source: Apache Kafka 4.3, the rules of `GroupMetadataManager.streamsGroupHeartbeat`.
"""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from logcore.common.errors import GroupIdNotFoundError, UnknownServerError
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.context import Caller, ShardContext
from logcore.coordinator.group.modern_member import JOINING, LEAVING, LEAVING_FOR_NOW
from logcore.coordinator.group.streams.change import Change
from logcore.coordinator.group.streams.checks import (
    refuse_if_full,
    refuse_unknown_tasks,
    refuse_wrong_epoch,
    reported_tasks,
    told,
    validate,
)
from logcore.coordinator.group.streams.configured import StatusCode
from logcore.coordinator.group.streams.endpoints import partitions_by_endpoint
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.sessions import StreamsSessions
from logcore.coordinator.group.streams.tasks import sorted_tasks
from logcore.coordinator.group.upgrade import consumer_and_classic_tombstones
from logcore.coordinator.result import CoordinatorRecord, CoordinatorResult, deciding
from logcore.protocol.messages.create_topics import CreatableTopic
from logcore.protocol.messages.streams_group_heartbeat import (
    StreamsGroupHeartbeatRequest,
    StreamsGroupHeartbeatResponse,
    TaskIds,
)

HEARTBEAT_INTERVAL: Final = "streams.heartbeat.interval.ms"
"""The key that says how often members are to be heard of."""
INITIAL_DELAY: Final = "streams.initial.rebalance.delay.ms"
"""The key that says how long an empty group waits for more members than the first."""


class Answer(NamedTuple):
    """What comes out of a heartbeat.

    Attributes:
        response: For the member.
        missing: Internal topics that are to be created, by name.
    """

    response: StreamsGroupHeartbeatResponse
    missing: Mapping[str, CreatableTopic]


class StreamsHeartbeat:
    """Serves heartbeats.

    Args:
        context: The shard's groups and settings.
        sessions: Watches members, and lets them go.
    """

    def __init__(self, context: ShardContext, sessions: StreamsSessions) -> None:
        self._context = context
        self._sessions = sessions

    def heartbeat(
        self, caller: Caller, request: StreamsGroupHeartbeatRequest
    ) -> CoordinatorResult[Answer]:
        """Hear of a member.

        Raises:
            KafkaError: What to answer.
        """
        validate(request)
        if request.member_epoch in (LEAVING, LEAVING_FOR_NOW):
            return self._leave(request)
        written: list[CoordinatorRecord] = []
        group = self._group_for(request, written)
        before = self._member_for(group, request)
        reported = reported_tasks(request)
        refuse_wrong_epoch(before, request.member_epoch, reported)
        change = Change(self._context, group, before, told(before, caller, request), written)
        change.note_member()
        change.note_topology(request.topology)
        change.configure()
        if change.configured.is_ready:
            refuse_unknown_tasks(request, change.configured)
        change.update_epoch()
        if self._is_delayed(group, change):
            change.delay_target()
        else:
            change.update_target()
        has_moved = change.reconcile(reported)
        after = change.after
        if has_moved:
            change.actions.append(lambda: self._sessions.watch_revocation(group.group_id, after))
        change.actions.append(lambda: self._sessions.keep_alive(group.group_id, after))
        response = self._response(group, change, request)
        answer = Answer(response, change.configured.missing)
        return deciding(change.records, answer, change.actions)

    # ------------------------------------------------------------ groups

    def _group_for(
        self, request: StreamsGroupHeartbeatRequest, written: list[CoordinatorRecord]
    ) -> StreamsGroup:
        """Find the group, or make it for who joins: of nothing, or of an empty classic group."""
        group_id = request.group_id
        group = self._context.state.groups.get(group_id)
        if isinstance(group, StreamsGroup):
            return group
        if request.member_epoch == JOINING:
            if group is None:
                return StreamsGroup(group_id)
            if isinstance(group, ClassicGroup) and group.is_empty:
                written.extend(consumer_and_classic_tombstones(group))
                return StreamsGroup(group_id)
        if group is None:
            raise GroupIdNotFoundError(f"Streams group {group_id} not found.")
        raise GroupIdNotFoundError(f"Group {group_id} is not a streams group.")

    def _member_for(
        self, group: StreamsGroup, request: StreamsGroupHeartbeatRequest
    ) -> StreamsMember:
        """Find the member, or begin one if it joins."""
        if request.member_epoch != JOINING:
            return group.member(request.member_id)
        refuse_if_full(group, request.member_id, self._context.settings)
        return group.members.get(request.member_id) or StreamsMember(member_id=request.member_id)

    def _is_delayed(self, group: StreamsGroup, change: Change) -> bool:
        """Whether the group waits for more members; the first one begins the wait."""
        group_id = group.group_id
        if self._sessions.is_delaying(group_id):
            return True
        delay_ms = int(self._context.group_config(group_id)[INITIAL_DELAY])
        if not group.is_empty or delay_ms <= 0:
            return False
        change.actions.append(lambda: self._sessions.delay(group_id, delay_ms))
        return True

    # ------------------------------------------------------------ answering

    def _response(
        self, group: StreamsGroup, change: Change, request: StreamsGroupHeartbeatRequest
    ) -> StreamsGroupHeartbeatResponse:
        before, after = change.before, change.after
        response = StreamsGroupHeartbeatResponse(
            member_id=after.member_id,
            member_epoch=after.epoch,
            heartbeat_interval_ms=int(
                self._context.group_config(group.group_id)[HEARTBEAT_INTERVAL]
            ),
        )
        has_new_tasks = before.assigned != after.assigned
        if request.member_epoch == JOINING or has_new_tasks:
            response.active_tasks = task_ids(after.assigned.active)
            response.standby_tasks = task_ids(after.assigned.standby)
            response.warmup_tasks = task_ids(after.assigned.warmup)
            if after.user_endpoint is not None and self._is_known(group):
                change.actions.append(lambda: self._count_endpoints(group.group_id))
        self._tell_endpoints(group, change, request, response)
        problem = change.configured.problem
        if problem is not None:
            change.tell(problem.code, problem.detail)
        self._tell_shutdown(group, change, request)
        response.status = change.statuses
        return response

    def _tell_endpoints(
        self,
        group: StreamsGroup,
        change: Change,
        request: StreamsGroupHeartbeatRequest,
        response: StreamsGroupHeartbeatResponse,
    ) -> None:
        """Tell who has which endpoint, unless the member has heard of the last change."""
        after = change.after
        has_told_tasks = response.active_tasks is not None and after.user_endpoint is not None
        epoch = group.endpoint_epoch + (1 if has_told_tasks else 0)
        if epoch != request.endpoint_information_epoch:
            members = {**group.members, after.member_id: after}
            response.partitions_by_user_endpoint = partitions_by_endpoint(
                members.values(), change.topology, self._context.topics()
            )
        if self._is_known(group):
            response.endpoint_information_epoch = epoch

    def _is_known(self, group: StreamsGroup) -> bool:
        """Whether a group is there already: a new one begins to count with its next heartbeat."""
        return self._sessions.group(group.group_id) is group

    def _count_endpoints(self, group_id: str) -> None:
        group = self._sessions.group(group_id)
        if group is not None:
            group.endpoint_epoch += 1

    def _tell_shutdown(
        self, group: StreamsGroup, change: Change, request: StreamsGroupHeartbeatRequest
    ) -> None:
        """Tell that the application is to stop, if a member asked for that."""
        asked_by = group.shutdown_by
        if request.shutdown_application and asked_by is None:
            asked_by = request.member_id
            change.actions.append(lambda: self._note_shutdown(request))
        if asked_by is not None:
            change.tell(
                StatusCode.SHUTDOWN_APPLICATION,
                f"Streams group member {asked_by} encountered a fatal error and requested "
                "a shutdown for the entire application.",
            )

    def _note_shutdown(self, request: StreamsGroupHeartbeatRequest) -> None:
        group = self._sessions.group(request.group_id)
        if group is not None and group.members and group.shutdown_by is None:
            group.shutdown_by = request.member_id

    # ------------------------------------------------------------ leaving

    def _leave(self, request: StreamsGroupHeartbeatRequest) -> CoordinatorResult[Answer]:
        """Let a member go; it may ask all others to stop as well."""
        found = self._context.state.group(request.group_id)
        if not isinstance(found, StreamsGroup):
            raise GroupIdNotFoundError(f"Group {request.group_id} is not a streams group.")
        if request.instance_id is not None:
            raise UnknownServerError("Static members are not supported in streams groups.")
        response = StreamsGroupHeartbeatResponse(
            member_id=request.member_id, member_epoch=request.member_epoch
        )
        member = found.member(request.member_id)
        gone = self._sessions.let_go(found, member, Answer(response, {}))
        if request.shutdown_application:
            self._note_shutdown(request)
        return gone


def task_ids(tasks: Mapping[str, Collection[int]]) -> list[TaskIds]:
    """Tell tasks."""
    return [
        TaskIds(subtopology_id=name, partitions=partitions)
        for name, partitions in sorted_tasks(tasks)
    ]
