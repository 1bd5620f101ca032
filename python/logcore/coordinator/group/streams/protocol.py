"""Streams groups: everything that a shard does with them.

Invariant: a group changes in the replay of its records alone.
Neighbours: `heartbeat` serves members, `describe` who asks; `requests` is the service's side.
"""

from collections.abc import Mapping
from typing import Any

from logcore.coordinator.group.context import Caller, ShardContext
from logcore.coordinator.group.state import Replayer
from logcore.coordinator.group.streams.describe import describe
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.heartbeat import Answer, StreamsHeartbeat
from logcore.coordinator.group.streams.replay import replayers
from logcore.coordinator.group.streams.sessions import StreamsSessions
from logcore.coordinator.result import CoordinatorResult
from logcore.protocol.messages.streams_group_describe import DescribedGroup
from logcore.protocol.messages.streams_group_heartbeat import StreamsGroupHeartbeatRequest


class StreamsProtocol:
    """Serves the streams groups of a shard.

    Args:
        context: The shard's groups, timers and settings.
    """

    def __init__(self, context: ShardContext) -> None:
        self._context = context
        self._sessions = StreamsSessions(context)
        self._heartbeat = StreamsHeartbeat(context, self._sessions)

    def group(self, group_id: str) -> StreamsGroup | None:
        """Find a streams group; None if there is none of this id, or one of another kind."""
        return self._sessions.group(group_id)

    def heartbeat(
        self, caller: Caller, request: StreamsGroupHeartbeatRequest
    ) -> CoordinatorResult[Answer]:
        """Hear of a member.

        Raises:
            KafkaError: What to answer.
        """
        return self._heartbeat.heartbeat(caller, request)

    def describe(self, group_id: str) -> DescribedGroup:
        """Describe a group.

        Raises:
            GroupIdNotFoundError: If it is not there.
        """
        return describe(self._context.state, group_id)

    # ------------------------------------------------------------ records

    def replayers(self) -> Mapping[type[Any], Replayer]:
        """Say what applies the records of streams groups."""
        return replayers(self._context.state)

    def on_loaded(self) -> None:
        """Give every member that was loaded a session's time to be heard of."""
        self._sessions.on_loaded()
