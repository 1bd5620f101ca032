"""Who is still there: the sessions of members of share groups, and what happens to who is not.

Invariant: a session that finds its member gone does nothing.
Neighbours: `modern_sessions` has what all kinds of groups have; `heartbeat` pushes sessions back
and lets members go.
"""

from functools import partial
from typing import Any, TypeVar

from logcore.common.types import override
from logcore.coordinator.group.context import ShardContext
from logcore.coordinator.group.modern_group import decrease
from logcore.coordinator.group.modern_sessions import ModernSessions
from logcore.coordinator.group.share import records
from logcore.coordinator.group.share.group import ShareGroup
from logcore.coordinator.group.share.member import ShareMember
from logcore.coordinator.group.target import metadata_hash
from logcore.coordinator.result import CoordinatorResult, deciding

R = TypeVar("R")


class ShareSessions(ModernSessions[ShareGroup, ShareMember]):
    """Keeps the sessions of a shard's share groups, and lets members go.

    Args:
        context: The shard's groups, timers and settings.
    """

    def __init__(self, context: ShardContext) -> None:
        super().__init__(context, ShareGroup)

    @override
    def _fence(self, group: ShareGroup, member: ShareMember) -> CoordinatorResult[Any]:
        return self.let_go(group, member, None)

    def let_go(self, group: ShareGroup, member: ShareMember, response: R) -> CoordinatorResult[R]:
        """Remove a member; the group assigns anew what it had."""
        names = group.topic_counts.copy()
        decrease(names, member.topics)
        new_hash = metadata_hash(names, self._context.topics())
        written = [
            *records.member_tombstones(group.group_id, member.member_id),
            records.group_epoch(group.group_id, group.epoch + 1, new_hash),
        ]
        end = partial(self._end, "session", group.group_id, member.member_id)
        return deciding(written, response, [end])
