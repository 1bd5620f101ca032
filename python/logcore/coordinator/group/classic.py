"""The classic protocol of groups: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, and their records.

Invariant: only classic groups get here; what is to be done with a group of another kind is decided
in `shard`.
Neighbours: `classic_join`, `classic_sync`, `classic_leave` and `classic_rebalance` are its parts.
"""

from collections.abc import Mapping
from typing import Any

from logcore.common.deferred import Deferred
from logcore.common.errors import NotCoordinatorError, UnknownMemberIdError
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.classic_join import ClassicJoin
from logcore.coordinator.group.classic_leave import ClassicLeave
from logcore.coordinator.group.classic_rebalance import ClassicRebalance
from logcore.coordinator.group.classic_state import ClassicState
from logcore.coordinator.group.classic_sync import ClassicSync
from logcore.coordinator.group.context import Caller, ShardContext
from logcore.coordinator.group.state import Replayer
from logcore.coordinator.result import CoordinatorResult
from logcore.protocol.internal.group import GroupMetadataKey, GroupMetadataValue
from logcore.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from logcore.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse
from logcore.protocol.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse
from logcore.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse


class ClassicProtocol:
    """Serves the classic groups of a shard.

    Args:
        context: The shard's groups, timers and settings.

    Attributes:
        rebalance: What causes and ends rebalances, for who turns groups into classic ones.
    """

    def __init__(self, context: ShardContext) -> None:
        self._context = context
        self.rebalance = ClassicRebalance(context)
        self._join = ClassicJoin(context, self.rebalance)
        self._sync = ClassicSync(context, self.rebalance)
        self._leave = ClassicLeave(self.rebalance)

    def join(
        self, caller: Caller, request: JoinGroupRequest, answer: Deferred[JoinGroupResponse]
    ) -> CoordinatorResult[None]:
        """Answer or park a JoinGroup."""
        return self._join.join(caller, request, answer)

    def sync(
        self, request: SyncGroupRequest, answer: Deferred[SyncGroupResponse]
    ) -> CoordinatorResult[None]:
        """Answer or park a SyncGroup.

        Raises:
            KafkaError: What to answer.
        """
        return self._sync.sync(self._group(request.group_id), request, answer)

    def heartbeat(self, request: HeartbeatRequest) -> CoordinatorResult[HeartbeatResponse]:
        """Hear that a member is alive.

        Raises:
            KafkaError: What to answer.
        """
        return self._sync.heartbeat(self._group(request.group_id), request)

    def leave(self, request: LeaveGroupRequest) -> CoordinatorResult[LeaveGroupResponse]:
        """Let members go.

        Raises:
            KafkaError: What to answer.
        """
        return self._leave.leave(self._group(request.group_id), request)

    def _group(self, group_id: str) -> ClassicGroup:
        group = self.rebalance.group(group_id)
        if group is None:
            raise UnknownMemberIdError(f"Group {group_id} not found.")
        return group

    # ------------------------------------------------------------ records

    def replayers(self) -> Mapping[type[Any], Replayer]:
        """Say what applies the records of classic groups."""
        return {GroupMetadataKey: self._replay}

    def _replay(
        self, _offset: int, key: GroupMetadataKey, value: GroupMetadataValue | None
    ) -> None:
        groups = self._context.state.groups
        group = groups.get(key.group)
        if value is None:
            if isinstance(group, ClassicGroup):
                self.rebalance.end_timers(group)
                group.move_to(ClassicState.DEAD, self._context.clock.now_ms())
                del groups[key.group]
            return
        if not isinstance(group, ClassicGroup):
            group = groups[key.group] = ClassicGroup(key.group, value.current_state_timestamp)
        group.apply(value)

    def on_loaded(self) -> None:
        """Give every member that was loaded a session's time to be heard of."""
        for group in list(self._context.state.groups.values()):
            if isinstance(group, ClassicGroup):
                for member in group.members.values():
                    self.rebalance.keep_alive(group, member)
                if len(group.members) > self._context.settings.group_max_size:
                    self.rebalance.prepare(group, "loaded with more members than it may have")

    def on_unloaded(self) -> None:
        """Tell whoever waits to look for the new coordinator."""
        code = NotCoordinatorError.code
        for group in self._context.state.groups.values():
            if not isinstance(group, ClassicGroup):
                continue
            group.move_to(ClassicState.DEAD, self._context.clock.now_ms())
            for member in list(group.members.values()):
                response = JoinGroupResponse(error_code=code, member_id=member.member_id)
                group.answer_join(member, response)
                member.answer_sync(SyncGroupResponse(error_code=code))
