"""A member of a classic group.

Invariant: bytes in here are the member's own copies, never views of a received frame. What parks a
request of the member (`awaiting_join`, `awaiting_sync`) is soft: it is in no record and gone after
a restart.
Neighbours: `classic_group` keeps members; `classic_join` and `classic_sync` park and answer.
"""

import logging
from collections.abc import Collection, Sequence
from typing import TypeAlias, TypeVar

from logcore.common.deferred import Deferred
from logcore.protocol.messages.join_group import JoinGroupResponse
from logcore.protocol.messages.sync_group import SyncGroupResponse

logger = logging.getLogger(__name__)

R = TypeVar("R")

Protocols: TypeAlias = Sequence[tuple[str, bytes]]
"""Names and metadata of what a member can speak, the one it likes best first."""


class ClassicMember:
    """One member.

    Attributes:
        member_id: The id the coordinator gave it.
        instance_id: The name a static member keeps over restarts; None for a dynamic one.
        client_id: What its client calls itself.
        client_host: Where it was when it joined.
        rebalance_timeout_ms: How long it may take to join again.
        session_timeout_ms: How long it may be silent.
        protocols: What it can speak.
        assignment: What the leader assigned to it in this generation; empty before that.
        awaiting_join: Its JoinGroup that is not answered yet.
        awaiting_sync: Its SyncGroup that is not answered yet.
        is_loaded: Whether it has not joined here, so that all that is known of it is from the log.
        is_new: Whether it has not been through a rebalance yet, so that nothing else vouches for
            it while its first JoinGroup is parked.
    """

    __slots__ = (
        "assignment",
        "awaiting_join",
        "awaiting_sync",
        "client_host",
        "client_id",
        "instance_id",
        "is_loaded",
        "is_new",
        "member_id",
        "protocols",
        "rebalance_timeout_ms",
        "session_timeout_ms",
    )

    def __init__(  # noqa: PLR0913 - the facts of a member, all by name
        self,
        *,
        member_id: str,
        instance_id: str | None,
        client_id: str,
        client_host: str,
        rebalance_timeout_ms: int,
        session_timeout_ms: int,
        protocols: Protocols,
        assignment: bytes = b"",
    ) -> None:
        self.member_id = member_id
        self.instance_id = instance_id
        self.client_id = client_id
        self.client_host = client_host
        self.rebalance_timeout_ms = rebalance_timeout_ms
        self.session_timeout_ms = session_timeout_ms
        self.protocols = protocols
        self.assignment = assignment
        self.awaiting_join: Deferred[JoinGroupResponse] | None = None
        self.awaiting_sync: Deferred[SyncGroupResponse] | None = None
        self.is_loaded = False
        self.is_new = False

    @property
    def protocol_names(self) -> set[str]:
        """What it can speak, without order."""
        return {name for name, _ in self.protocols}

    @property
    def has_satisfied_heartbeat(self) -> bool:
        """Whether a request it has parked here shows that it is alive."""
        if self.is_new:
            return False
        return self.awaiting_join is not None or self.awaiting_sync is not None

    def metadata(self, protocol_name: str) -> bytes:
        """Return what it said under one protocol."""
        for name, metadata in self.protocols:
            if name == protocol_name:
                return metadata
        raise AssertionError(f"{self.member_id} does not speak {protocol_name}")

    def vote(self, candidates: Collection[str]) -> str:
        """Return which of the protocols that everybody speaks it likes best."""
        for name, _ in self.protocols:
            if name in candidates:
                return name
        raise AssertionError(f"{self.member_id} speaks none of {sorted(candidates)}")

    def answer_sync(self, response: SyncGroupResponse) -> None:
        """Answer its parked SyncGroup, if there is one."""
        parked, self.awaiting_sync = self.awaiting_sync, None
        if parked is not None:
            answer(parked, response)


def answer(parked: Deferred[R], response: R) -> None:
    """Answer a request, unless it was answered for having waited too long for the log.

    Whoever hears of it must not keep the others from hearing: what it raises ends here.
    """
    if parked.is_done:
        return
    try:
        parked.complete(response)
    except Exception:
        logger.exception("a member's answer could not be passed on")
