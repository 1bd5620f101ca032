"""Who is still there: the sessions of members of share groups, and what happens to who is not.

Invariant: a session that finds its member gone does nothing.
Neighbours: `heartbeat` pushes sessions back and lets members go.
"""

import logging
from functools import partial
from typing import Any, Final, TypeVar

from logcore.coordinator.group.consumer_group import decrease
from logcore.coordinator.group.consumer_step import deciding
from logcore.coordinator.group.context import ShardContext
from logcore.coordinator.group.share import records
from logcore.coordinator.group.share.group import ShareGroup
from logcore.coordinator.group.share.member import ShareMember
from logcore.coordinator.group.target import metadata_hash
from logcore.coordinator.result import NOTHING, CoordinatorResult

logger = logging.getLogger(__name__)

R = TypeVar("R")

SESSION_TIMEOUT: Final = "share.session.timeout.ms"
"""The key that says how long a member may be silent."""

RETRY_MS: Final = 500
"""How long to wait where a member's removal could not be written."""

_SESSION: Final = "share-session/"


class ShareSessions:
    """Keeps the sessions of a shard's share groups, and lets members go.

    Args:
        context: The shard's groups, timers and settings.
    """

    def __init__(self, context: ShardContext) -> None:
        self._context = context

    def keep_alive(self, group_id: str, member_id: str) -> None:
        """Note that a member was heard of."""
        timeout_ms = int(self._context.group_config(group_id)[SESSION_TIMEOUT])
        expire = partial(self._expire, group_id, member_id)
        self._context.timers.schedule(group_id, _SESSION + member_id, timeout_ms, expire, RETRY_MS)

    def _expire(self, group_id: str, member_id: str) -> CoordinatorResult[Any]:
        group = self._context.state.groups.get(group_id)
        if not isinstance(group, ShareGroup) or member_id not in group.members:
            return NOTHING
        logger.info(
            "member %s of share group %s is fenced: its session expired", member_id, group_id
        )
        return self.let_go(group, group.members[member_id], None)

    def let_go(self, group: ShareGroup, member: ShareMember, response: R) -> CoordinatorResult[R]:
        """Remove a member; the group assigns anew what it had."""
        names = group.topic_counts.copy()
        decrease(names, member.topics)
        new_hash = metadata_hash(names, self._context.topics())
        written = [
            *records.member_tombstones(group.group_id, member.member_id),
            records.group_epoch(group.group_id, group.epoch + 1, new_hash),
        ]
        name = _SESSION + member.member_id
        end = partial(self._context.timers.cancel, group.group_id, name)
        return deciding(written, response, [end])

    def on_loaded(self) -> None:
        """Give every member that was loaded a session's time to be heard of."""
        for group in list(self._context.state.groups.values()):
            if isinstance(group, ShareGroup):
                for member_id in group.members:
                    self.keep_alive(group.group_id, member_id)
