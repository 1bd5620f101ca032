"""Who is still there: the timers of streams groups, and what happens to members that are gone.

A group that was empty waits a moment for more members before its first target, so that tasks need
not move at once.
Invariant: a timer that finds its member gone, or past what it waited for, does nothing.
Neighbours: `modern_sessions` has what all kinds of groups have; `heartbeat` sets the timers;
`protocol` starts them for what was loaded.
"""

from functools import partial
from typing import Any, Final, TypeVar

from logcore.common.types import override
from logcore.coordinator.group.context import ShardContext
from logcore.coordinator.group.modern_sessions import GivingSessions
from logcore.coordinator.group.streams import records
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.target import compute_targets
from logcore.coordinator.result import NOTHING, CoordinatorRecord, CoordinatorResult, deciding

R = TypeVar("R")

_DELAY: Final = "streams-delay"


class StreamsSessions(GivingSessions[StreamsGroup, StreamsMember]):
    """Keeps the timers of a shard's streams groups, and lets members go.

    Args:
        context: The shard's groups, timers and settings.
    """

    def __init__(self, context: ShardContext) -> None:
        super().__init__(context, StreamsGroup)

    @override
    def _fence(self, group: StreamsGroup, member: StreamsMember) -> CoordinatorResult[Any]:
        return self.let_go(group, member, None)

    def let_go(
        self, group: StreamsGroup, member: StreamsMember, response: R
    ) -> CoordinatorResult[R]:
        """Remove a member; what it had is free at once, and the group assigns anew."""
        group_id, member_id = group.group_id, member.member_id

        def end() -> None:
            for what in ("session", "rebalance"):
                self._end(what, group_id, member_id)

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
