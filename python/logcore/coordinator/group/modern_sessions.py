"""Who is still there: the timers of members of modern groups, and what happens to who is not.

A member has a session, pushed back by every heartbeat; while it has something to give up, it also
has its rebalance timeout to do so.
Invariant: a timer that finds its member gone, or past what it waited for, does nothing.
Neighbours: `consumer_sessions`, `share.sessions` and `streams.sessions` are these, and say how a
member is let go.
"""

import logging
from abc import ABC, abstractmethod
from functools import partial
from typing import Any, Final, Generic, Protocol, TypeVar

from logcore.common.types import override
from logcore.coordinator.group.context import ShardContext
from logcore.coordinator.group.modern_group import ModernGroup
from logcore.coordinator.group.modern_member import MemberState
from logcore.coordinator.result import NOTHING, CoordinatorResult

logger = logging.getLogger(__name__)

RETRY_MS: Final = 500
"""How long to wait where a member's removal could not be written."""


class SessionMember(Protocol):
    """A member, as far as its session is concerned."""

    @property
    def member_id(self) -> str:
        """Its id."""


class GivingMember(SessionMember, Protocol):
    """A member that gives up what others are to have."""

    @property
    def epoch(self) -> int:
        """The epoch that it is in."""

    @property
    def state(self) -> MemberState:
        """How far it is on the way to its target."""

    @property
    def rebalance_timeout_ms(self) -> int:
        """How long it may take to give something up."""


M = TypeVar("M", bound=SessionMember)
N = TypeVar("N", bound=GivingMember)
G = TypeVar("G", bound=ModernGroup[Any, Any])


class ModernSessions(ABC, Generic[G, M]):
    """Keeps the sessions of a shard's groups of one kind.

    Args:
        context: The shard's groups, timers and settings.
        kind: The class of the groups.
    """

    def __init__(self, context: ShardContext, kind: type[G]) -> None:
        self._context = context
        self._kind = kind
        self._timers = context.timers

    def group(self, group_id: str) -> G | None:
        """Find a group of this kind; None if there is none of this id, or one of another kind."""
        group = self._context.state.groups.get(group_id)
        return group if isinstance(group, self._kind) else None

    def keep_alive(self, group_id: str, member: M) -> None:
        """Note that a member was heard of."""
        timeout_ms = self._session_timeout_ms(group_id, member)
        self._expect("session", group_id, member, timeout_ms, "its session expired")

    def _session_timeout_ms(self, group_id: str, _: M) -> int:
        """Return how long a member may be silent."""
        return int(self._context.group_config(group_id)[f"{self._kind.type}.session.timeout.ms"])

    def _name(self, what: str, member_id: str) -> str:
        return f"{self._kind.type}-{what}/{member_id}"

    def _expect(self, what: str, group_id: str, member: M, timeout_ms: int, why: str) -> None:
        """Let a member go after some time, unless it does meanwhile what is expected."""
        end = partial(self._expire, group_id, member.member_id, why)
        name = self._name(what, member.member_id)
        self._timers.schedule(group_id, name, timeout_ms, end, RETRY_MS)

    def _end(self, what: str, group_id: str, member_id: str) -> None:
        """Expect nothing any more."""
        self._timers.cancel(group_id, self._name(what, member_id))

    def _expire(self, group_id: str, member_id: str, why: str) -> CoordinatorResult[Any]:
        group = self.group(group_id)
        if group is None or member_id not in group.members:
            return NOTHING
        kind = self._kind.type
        logger.info("member %s of %s group %s is fenced: %s", member_id, kind, group_id, why)
        return self._fence(group, group.members[member_id])

    @abstractmethod
    def _fence(self, group: G, member: M) -> CoordinatorResult[Any]:
        """Let a member go that does not do what is expected."""

    def on_loaded(self) -> None:
        """Give every member that was loaded a session's time to be heard of."""
        for group in list(self._context.state.groups.values()):
            if isinstance(group, self._kind):
                for member in group.members.values():
                    self._resume(group.group_id, member)

    def _resume(self, group_id: str, member: M) -> None:
        """Set the timers of a member that was loaded."""
        self.keep_alive(group_id, member)


class GivingSessions(ModernSessions[G, N]):
    """Keeps the sessions of members that give up what others are to have."""

    def watch_revocation(self, group_id: str, member: N) -> None:
        """Begin or end the time that a member has to give something up."""
        if member.state is not MemberState.UNREVOKED:
            self._end("rebalance", group_id, member.member_id)
            return
        end = partial(self._end_revocation, group_id, member.member_id, member.epoch)
        name = self._name("rebalance", member.member_id)
        self._timers.schedule(group_id, name, member.rebalance_timeout_ms, end, RETRY_MS)

    def _end_revocation(self, group_id: str, member_id: str, epoch: int) -> CoordinatorResult[Any]:
        group = self.group(group_id)
        member = None if group is None else group.members.get(member_id)
        if member is None or member.epoch != epoch or member.state is not MemberState.UNREVOKED:
            return NOTHING
        return self._expire(group_id, member_id, f"it did not leave epoch {epoch} in time")

    @override
    def _resume(self, group_id: str, member: N) -> None:
        super()._resume(group_id, member)
        if member.state is MemberState.UNREVOKED:
            self.watch_revocation(group_id, member)
