"""Who is still there: the timers of members of consumer groups, and what happens to who is not.

A member of the classic protocol has two timers more than others: to join again once it is told to,
and to ask for its assignment once it has joined.
Invariant: a timer that finds its member gone, or past what it waited for, does nothing.
Neighbours: `modern_sessions` has what all kinds of groups have; `consumer_heartbeat` and
`consumer_classic` set the timers and let members go; `upgrade` turns a group classic when that
leaves nobody else in it.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from logcore.common.types import override
from logcore.coordinator.group import consumer_records
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_member import ConsumerMember
from logcore.coordinator.group.context import ShardContext
from logcore.coordinator.group.modern_group import decrease
from logcore.coordinator.group.modern_sessions import GivingSessions
from logcore.coordinator.group.target import metadata_hash
from logcore.coordinator.group.upgrade import Conversions
from logcore.coordinator.result import CoordinatorRecord, CoordinatorResult, deciding

R = TypeVar("R")


class ConsumerSessions(GivingSessions[ConsumerGroup, ConsumerMember]):
    """Keeps the timers of a shard's consumer groups, and lets members go.

    Args:
        context: The shard's groups, timers and settings.
        conversions: What turns a group classic.
    """

    def __init__(self, context: ShardContext, conversions: Conversions) -> None:
        super().__init__(context, ConsumerGroup)
        self._conversions = conversions

    # ------------------------------------------------------------ timers

    @override
    def _session_timeout_ms(self, group_id: str, member: ConsumerMember) -> int:
        if member.classic is not None:
            return member.classic.session_timeout_ms
        return super()._session_timeout_ms(group_id, member)

    @override
    def watch_revocation(self, group_id: str, member: ConsumerMember) -> None:
        """Begin or end the time that a member has to give partitions up.

        Members of the classic protocol are watched by other timers.
        """
        if member.classic is None:
            super().watch_revocation(group_id, member)

    def expect_join(self, group_id: str, member: ConsumerMember) -> None:
        """Begin the time that a member of the classic protocol has to join again, if none runs."""
        if not self._timers.is_set(group_id, self._name("join", member.member_id)):
            timeout_ms = member.rebalance_timeout_ms
            self._expect("join", group_id, member, timeout_ms, "it did not join again in time")

    def end_join(self, group_id: str, member_id: str) -> None:
        """Note that a member of the classic protocol has joined."""
        self._end("join", group_id, member_id)

    def expect_sync(self, group_id: str, member: ConsumerMember) -> None:
        """Begin the time that a member of the classic protocol has to ask for its assignment."""
        why = "it did not ask for its assignment in time"
        self._expect("sync", group_id, member, member.rebalance_timeout_ms, why)

    def end_sync(self, group_id: str, member_id: str) -> None:
        """Note that a member of the classic protocol has asked for its assignment."""
        self._end("sync", group_id, member_id)

    def end(self, group_id: str, member_id: str) -> None:
        """Forget all timers of a member."""
        for what in ("session", "rebalance", "join", "sync"):
            self._end(what, group_id, member_id)

    # ------------------------------------------------------------ letting members go

    @override
    def _fence(self, group: ConsumerGroup, member: ConsumerMember) -> CoordinatorResult[Any]:
        return self.let_go(group, [member], None)

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
