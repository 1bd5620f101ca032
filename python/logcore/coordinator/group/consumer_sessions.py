"""Who is still there: the timers of members of consumer groups, and what happens to who is not.

A member has a session, pushed back by every heartbeat; while it has partitions to give up, it also
has its rebalance timeout to do so. A member of the classic protocol has two more: to join again
once it is told to, and to ask for its assignment once it has joined.
Invariant: a timer that finds its member gone, or past what it waited for, does nothing.
Neighbours: `consumer_heartbeat` and `consumer_classic` set the timers and let members go; `upgrade`
turns a group classic when that leaves nobody else in it.
"""

import logging
from collections.abc import Iterable
from functools import partial
from typing import Any, Final, TypeVar

from logcore.coordinator.group import consumer_records
from logcore.coordinator.group.consumer_group import ConsumerGroup, decrease
from logcore.coordinator.group.consumer_member import ConsumerMember, MemberState
from logcore.coordinator.group.consumer_step import deciding
from logcore.coordinator.group.context import ShardContext
from logcore.coordinator.group.target import metadata_hash
from logcore.coordinator.group.upgrade import Conversions
from logcore.coordinator.result import NOTHING, CoordinatorRecord, CoordinatorResult

logger = logging.getLogger(__name__)

R = TypeVar("R")

SESSION_TIMEOUT: Final = "consumer.session.timeout.ms"
"""The key that says how long a member may be silent."""

RETRY_MS: Final = 500
"""How long to wait where a member's removal could not be written."""

_SESSION = "consumer-session/"
_REBALANCE = "consumer-rebalance/"
_JOIN = "consumer-join/"
_SYNC = "consumer-sync/"


class ConsumerSessions:
    """Keeps the timers of a shard's consumer groups, and lets members go.

    Args:
        context: The shard's groups, timers and settings.
        conversions: What turns a group classic.
    """

    def __init__(self, context: ShardContext, conversions: Conversions) -> None:
        self._context = context
        self._timers = context.timers
        self._conversions = conversions

    def group(self, group_id: str) -> ConsumerGroup | None:
        """Find a consumer group; None if there is none of this id, or one of another kind."""
        group = self._context.state.groups.get(group_id)
        return group if isinstance(group, ConsumerGroup) else None

    # ------------------------------------------------------------ timers

    def keep_alive(self, group_id: str, member: ConsumerMember) -> None:
        """Note that a member was heard of."""
        if member.classic is not None:
            timeout_ms = member.classic.session_timeout_ms
        else:
            timeout_ms = int(self._context.group_config(group_id)[SESSION_TIMEOUT])
        self._expect(_SESSION, group_id, member.member_id, timeout_ms, "its session expired")

    def watch_revocation(self, group_id: str, member: ConsumerMember) -> None:
        """Begin or end the time that a member has to give partitions up.

        Members of the classic protocol are watched by other timers.
        """
        name = _REBALANCE + member.member_id
        if member.classic is not None:
            return
        if member.state is not MemberState.UNREVOKED:
            self._timers.cancel(group_id, name)
            return
        end = partial(self._end_revocation, group_id, member.member_id, member.epoch)
        timeout_ms = member.rebalance_timeout_ms
        self._timers.schedule(group_id, name, timeout_ms, end, RETRY_MS)

    def expect_join(self, group_id: str, member: ConsumerMember) -> None:
        """Begin the time that a member of the classic protocol has to join again, if none runs."""
        if not self._timers.is_set(group_id, _JOIN + member.member_id):
            timeout_ms = member.rebalance_timeout_ms
            why = "it did not join again in time"
            self._expect(_JOIN, group_id, member.member_id, timeout_ms, why)

    def end_join(self, group_id: str, member_id: str) -> None:
        """Note that a member of the classic protocol has joined."""
        self._timers.cancel(group_id, _JOIN + member_id)

    def expect_sync(self, group_id: str, member: ConsumerMember) -> None:
        """Begin the time that a member of the classic protocol has to ask for its assignment."""
        timeout_ms = member.rebalance_timeout_ms
        why = "it did not ask for its assignment in time"
        self._expect(_SYNC, group_id, member.member_id, timeout_ms, why)

    def end_sync(self, group_id: str, member_id: str) -> None:
        """Note that a member of the classic protocol has asked for its assignment."""
        self._timers.cancel(group_id, _SYNC + member_id)

    def end(self, group_id: str, member_id: str) -> None:
        """Forget all timers of a member."""
        for name in (_SESSION, _REBALANCE, _JOIN, _SYNC):
            self._timers.cancel(group_id, name + member_id)

    def _expect(self, name: str, group_id: str, member_id: str, timeout_ms: int, why: str) -> None:
        end = partial(self._expire, group_id, member_id, why)
        self._timers.schedule(group_id, name + member_id, timeout_ms, end, RETRY_MS)

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
        logger.info("member %s of group %s is fenced: %s", member_id, group_id, why)
        return self.let_go(group, [member], None)

    # ------------------------------------------------------------ letting members go

    def let_go(
        self, group: ConsumerGroup, members: Iterable[ConsumerMember], response: R
    ) -> CoordinatorResult[R]:
        """Remove members; what they owned is free at once, and the group assigns anew.

        If only members of the classic protocol are left, the group becomes a classic one.
        """
        going = list(members)
        group_id = group.group_id
        if not going:
            return CoordinatorResult((), response)

        def end() -> None:
            for member in going:
                self.end(group_id, member.member_id)

        if self._conversions.may_downgrade(group, going):
            ids = [member.member_id for member in going]
            downgraded = self._conversions.downgrade(group, ids)
            actions = [lambda: self.end_all(group), downgraded.finish]
            return deciding(downgraded.records, response, actions)
        records = [
            record
            for member in going
            for record in consumer_records.member_tombstones(group_id, member.member_id)
        ]
        records.extend(self._without(group, going))
        return deciding(records, response, [end])

    def _without(
        self, group: ConsumerGroup, going: list[ConsumerMember]
    ) -> list[CoordinatorRecord]:
        """Make the records of what a group is without some members."""
        names = group.topic_counts.copy()
        regexes = group.regex_counts.copy()
        for member in going:
            decrease(names, member.topics)
            decrease(regexes, [member.regex] if member.regex else ())
        gone = [
            regex
            for regex in group.resolved
            if regex in group.regex_counts and regex not in regexes
        ]
        found = [group.resolved[regex].topics for regex in regexes if regex in group.resolved]
        topics = set(names).union(*found)
        new_hash = metadata_hash(topics, self._context.topics())
        return [
            *(consumer_records.regex_tombstone(group.group_id, regex) for regex in gone),
            consumer_records.group_epoch(group.group_id, group.epoch + 1, new_hash),
        ]

    def end_all(self, group: ConsumerGroup) -> None:
        """Forget all timers of a group."""
        for member_id in group.members:
            self.end(group.group_id, member_id)

    # ------------------------------------------------------------ loading

    def on_loaded(self) -> None:
        """Give every member that was loaded a session's time to be heard of."""
        for group in list(self._context.state.groups.values()):
            if isinstance(group, ConsumerGroup):
                for member in group.members.values():
                    self.keep_alive(group.group_id, member)
                    if member.state is MemberState.UNREVOKED:
                        self.watch_revocation(group.group_id, member)
