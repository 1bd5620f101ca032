"""Who is still there: the timers of streams groups, and what happens to members that are gone.

A member has a session, pushed back by every heartbeat; while it has tasks to give up, it also has
its rebalance timeout to do so. A group that was empty waits a moment for more members before its
first target, so that tasks need not move at once.
Invariant: a timer that finds its member gone, or past what it waited for, does nothing.
Neighbours: `heartbeat` sets the timers; `protocol` starts them for what was loaded.
"""

import logging
from functools import partial
from typing import Any, Final, TypeVar

from logcore.coordinator.group.consumer_step import deciding
from logcore.coordinator.group.context import ShardContext
from logcore.coordinator.group.streams import records
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.member import MemberState, StreamsMember
from logcore.coordinator.group.streams.target import compute_targets
from logcore.coordinator.result import NOTHING, CoordinatorRecord, CoordinatorResult

logger = logging.getLogger(__name__)

R = TypeVar("R")

SESSION_TIMEOUT: Final = "streams.session.timeout.ms"
"""The key that says how long a member may be silent."""

RETRY_MS: Final = 500
"""How long to wait where a member's removal could not be written."""

_SESSION = "streams-session/"
_REBALANCE = "streams-rebalance/"
_DELAY = "streams-delay"


class StreamsSessions:
    """Keeps the timers of a shard's streams groups, and lets members go.

    Args:
        context: The shard's groups, timers and settings.
    """

    def __init__(self, context: ShardContext) -> None:
        self._context = context
        self._timers = context.timers

    def group(self, group_id: str) -> StreamsGroup | None:
        """Find a streams group; None if there is none of this id, or one of another kind."""
        group = self._context.state.groups.get(group_id)
        return group if isinstance(group, StreamsGroup) else None

    # ------------------------------------------------------------ members

    def keep_alive(self, group_id: str, member_id: str) -> None:
        """Note that a member was heard of."""
        timeout_ms = int(self._context.group_config(group_id)[SESSION_TIMEOUT])
        end = partial(self._expire, group_id, member_id, "its session expired")
        self._timers.schedule(group_id, _SESSION + member_id, timeout_ms, end, RETRY_MS)

    def watch_revocation(self, group_id: str, member: StreamsMember) -> None:
        """Begin or end the time that a member has to give tasks up."""
        name = _REBALANCE + member.member_id
        if member.state is not MemberState.UNREVOKED:
            self._timers.cancel(group_id, name)
            return
        end = partial(self._end_revocation, group_id, member.member_id, member.epoch)
        self._timers.schedule(group_id, name, member.rebalance_timeout_ms, end, RETRY_MS)

    def _end_revocation(self, group_id: str, member_id: str, epoch: int) -> CoordinatorResult[Any]:
        group = self.group(group_id)
        member = None if group is None else group.members.get(member_id)
        if member is None or member.epoch != epoch or member.state is not MemberState.UNREVOKED:
            return NOTHING
        return self._expire(group_id, member_id, f"it did not leave epoch {epoch} in time")

    def _expire(self, group_id: str, member_id: str, why: str) -> CoordinatorResult[Any]:
        group = self.group(group_id)
        member = None if group is None else group.members.get(member_id)
        if group is None or member is None:
            return NOTHING
        logger.info("member %s of streams group %s is fenced: %s", member_id, group_id, why)
        return self.let_go(group, member, None)

    def let_go(
        self, group: StreamsGroup, member: StreamsMember, response: R
    ) -> CoordinatorResult[R]:
        """Remove a member; what it had is free at once, and the group assigns anew."""
        group_id, member_id = group.group_id, member.member_id

        def end() -> None:
            for name in (_SESSION, _REBALANCE):
                self._timers.cancel(group_id, name + member_id)

        written = [
            *records.member_tombstones(group_id, member_id),
            records.group_epoch(
                group_id,
                group.epoch + 1,
                metadata_hash=group.metadata_hash,
                validated_topology_epoch=group.validated_topology_epoch,
                configs=group.configs,
            ),
        ]
        return deciding(written, response, [end])

    # ------------------------------------------------------------ the first target's delay

    def is_delaying(self, group_id: str) -> bool:
        """Whether a group waits for more members before its first target."""
        return self._timers.is_set(group_id, _DELAY)

    def delay(self, group_id: str, delay_ms: int) -> None:
        """Let a group wait for more members, if it does not yet."""
        if not self.is_delaying(group_id):
            end = partial(self._end_delay, group_id)
            self._timers.schedule(group_id, _DELAY, delay_ms, end)

    def end_delay(self, group_id: str) -> None:
        """Let a group wait no longer."""
        self._timers.cancel(group_id, _DELAY)

    def _end_delay(self, group_id: str) -> CoordinatorResult[None]:
        """Compute the target that waited; without the topics at hand the next heartbeat does."""
        group = self.group(group_id)
        if (
            group is None
            or group.is_empty
            or group.configured is None
            or group.epoch <= group.target_epoch
        ):
            return NOTHING
        return CoordinatorResult(self.computed(group))

    def computed(self, group: StreamsGroup) -> list[CoordinatorRecord]:
        """Make the records of a group's target for its members and settings as they are."""
        assert group.configured is not None, "a target is computed over topics"
        made = compute_targets(group.members, group.targets, group.configured, group.configs)
        written = [
            records.target_assignment(group.group_id, member_id, made.tasks[member_id])
            for member_id in made.changed
        ]
        now_ms = self._context.clock.now_ms()
        return [*written, records.target_epoch(group.group_id, group.epoch, now_ms)]

    # ------------------------------------------------------------ loading

    def on_loaded(self) -> None:
        """Give every member that was loaded a session's time to be heard of."""
        for group in list(self._context.state.groups.values()):
            if isinstance(group, StreamsGroup):
                for member in group.members.values():
                    self.keep_alive(group.group_id, member.member_id)
                    if member.state is MemberState.UNREVOKED:
                        self.watch_revocation(group.group_id, member)
