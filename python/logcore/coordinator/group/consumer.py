"""Consumer groups of the new protocol (KIP-848): everything that a shard does with them.

Invariant: a group changes in the replay of its records alone.
Neighbours: `consumer_heartbeat` serves members of the new protocol, `consumer_classic` those of the
classic one, `upgrade` turns groups from one kind into the other.
"""

from collections.abc import Mapping
from typing import Any

from logcore.common.deferred import Deferred
from logcore.coordinator.group.classic_rebalance import ClassicRebalance
from logcore.coordinator.group.consumer_classic import ConsumerClassic
from logcore.coordinator.group.consumer_describe import describe
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_heartbeat import ConsumerHeartbeat
from logcore.coordinator.group.consumer_regex import ConsumerRegexes
from logcore.coordinator.group.consumer_replay import replayers
from logcore.coordinator.group.consumer_sessions import ConsumerSessions
from logcore.coordinator.group.context import Caller, MayDescribe, ShardContext
from logcore.coordinator.group.state import Replayer
from logcore.coordinator.group.upgrade import Conversions
from logcore.coordinator.result import CoordinatorResult
from logcore.protocol.messages.consumer_group_describe import DescribedGroup
from logcore.protocol.messages.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)
from logcore.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from logcore.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse
from logcore.protocol.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse
from logcore.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse


class ConsumerProtocol:
    """Serves the consumer groups of a shard.

    Args:
        context: The shard's groups, timers and settings.
        rebalance: Rebalances the groups that become classic.
    """

    def __init__(self, context: ShardContext, rebalance: ClassicRebalance) -> None:
        self._context = context
        conversions = Conversions(context, rebalance)
        regexes = ConsumerRegexes(context)
        self._sessions = ConsumerSessions(context, conversions)
        self._heartbeat = ConsumerHeartbeat(context, self._sessions, conversions, regexes)
        self._classic = ConsumerClassic(context, self._sessions, conversions, regexes)

    def group(self, group_id: str) -> ConsumerGroup | None:
        """Find a consumer group; None if there is none of this id, or one of another kind."""
        return self._sessions.group(group_id)

    def heartbeat(
        self, caller: Caller, request: ConsumerGroupHeartbeatRequest, may_describe: MayDescribe
    ) -> CoordinatorResult[ConsumerGroupHeartbeatResponse]:
        """Hear of a member of the new protocol.

        Raises:
            KafkaError: What to answer.
        """
        return self._heartbeat.heartbeat(caller, request, may_describe)

    def describe(self, group_id: str) -> DescribedGroup:
        """Describe a group.

        Raises:
            GroupIdNotFoundError: If it is not there.
        """
        return describe(self._context, group_id)

    # ------------------------------------------------------------ members of the classic protocol

    def join(
        self,
        group: ConsumerGroup,
        caller: Caller,
        request: JoinGroupRequest,
        answer: Deferred[JoinGroupResponse],
    ) -> CoordinatorResult[None]:
        """Take a member in that speaks the classic protocol.

        Raises:
            KafkaError: What to answer.
        """
        return self._classic.join(group, caller, request, answer)

    def sync(
        self, group: ConsumerGroup, request: SyncGroupRequest, answer: Deferred[SyncGroupResponse]
    ) -> CoordinatorResult[None]:
        """Tell a member that speaks the classic protocol what it may own.

        Raises:
            KafkaError: What to answer.
        """
        return self._classic.sync(group, request, answer)

    def classic_heartbeat(
        self, group: ConsumerGroup, request: HeartbeatRequest
    ) -> CoordinatorResult[HeartbeatResponse]:
        """Hear of a member that speaks the classic protocol.

        Raises:
            KafkaError: What to answer.
        """
        return self._classic.heartbeat(group, request)

    def leave(
        self, group: ConsumerGroup, request: LeaveGroupRequest
    ) -> CoordinatorResult[LeaveGroupResponse]:
        """Let members go that speak the classic protocol."""
        return self._classic.leave(group, request)

    # ------------------------------------------------------------ records

    def replayers(self) -> Mapping[type[Any], Replayer]:
        """Say what applies the records of consumer groups."""
        return replayers(self._context.state)

    def on_loaded(self) -> None:
        """Give every member that was loaded a session's time to be heard of."""
        self._sessions.on_loaded()
