"""A classic group: its members, how far its rebalance is, and what of that is durable.

Durable is what a GroupMetadata record holds: generation, protocol, leader, and the members with
their assignments, written when the leader has assigned, when the group has become empty, and when a
static member came back under a new id. `apply` is the only way that gets in. Between two such
records members join and leave in memory alone; a restart takes the group back to the last record,
and members that are not in it are told so and join again.
Invariants: the leader is a member, if there are members; `awaiting_join_count` and
`supported_counts` agree with the members; a static instance id maps to the one member that has it.
Neighbours: `classic_join`, `classic_sync` and `classic_leave` decide; `classic_state` is the table
of states; `records` writes what `apply` reads.
"""

from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from logcore.common.deferred import Deferred
from logcore.common.errors import (
    CoordinatorNotAvailableError,
    FencedInstanceIdError,
    GroupIdNotFoundError,
    IllegalGenerationError,
    NonEmptyGroupError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from logcore.common.types import override
from logcore.coordinator.group import records
from logcore.coordinator.group.classic_member import ClassicMember, Protocols, answer
from logcore.coordinator.group.classic_state import PREVIOUS, ClassicState
from logcore.coordinator.group.offset_store import CommittedOffset
from logcore.coordinator.group.state import CommitValidator, Group, GroupType
from logcore.coordinator.group.subscription import CONSUMER_PROTOCOL, subscribed_topics
from logcore.coordinator.result import CoordinatorRecord
from logcore.protocol.internal.group import GroupMetadataValue, MemberMetadata
from logcore.protocol.messages.join_group import JoinGroupResponse

_IN_USE = {
    ClassicState.STABLE,
    ClassicState.PREPARING_REBALANCE,
    ClassicState.COMPLETING_REBALANCE,
}


class ClassicGroup(Group):
    """A group whose members agree among themselves who consumes what.

    Args:
        group_id: Its name.
        now_ms: What time it is.

    Attributes:
        state: How far its rebalance is.
        previous_state: Where it was before.
        state_timestamp_ms: Since when; -1 if a record does not tell.
        protocol_name: What the members of this generation speak.
        generation: Counts the rebalances.
        leader_id: The member that assigns.
        members: By member id, in the order in which they joined.
        static_ids: The member id of each static instance.
        pending_join: Ids handed out whose members have not joined with them yet.
        pending_sync: Members of this generation that have not asked for their assignment yet.
        awaiting_join_count: How many members have a JoinGroup parked here.
        supported_counts: How many members speak each protocol.
        subscribed: The topics of all members; None if that cannot be told.
        has_new_member: Whether somebody joined while the first rebalance was delayed.
    """

    type: ClassVar[GroupType] = GroupType.CLASSIC

    def __init__(self, group_id: str, now_ms: int) -> None:
        self.group_id = group_id
        self.state = ClassicState.EMPTY
        self.previous_state = ClassicState.DEAD
        self.state_timestamp_ms = now_ms
        self._protocol_type: str | None = None
        self.protocol_name: str | None = None
        self.generation = 0
        self.leader_id: str | None = None
        self.members: dict[str, ClassicMember] = {}
        self.static_ids: dict[str, str] = {}
        self.pending_join: set[str] = set()
        self.pending_sync: set[str] = set()
        self.awaiting_join_count = 0
        self.supported_counts: Counter[str] = Counter()
        self.subscribed: frozenset[str] | None = None
        self.has_new_member = False

    # ------------------------------------------------------------ what every group tells

    @property
    @override
    def state_name(self) -> str:
        """Its state as Kafka spells it."""
        return str(self.state)

    @property
    @override
    def protocol_type(self) -> str | None:
        """What its members speak; None if nobody ever joined."""
        return self._protocol_type

    @property
    @override
    def is_empty(self) -> bool:
        """Whether it has no members."""
        return self.state is ClassicState.EMPTY

    @property
    def is_simple(self) -> bool:
        """Whether it only ever held offsets: nobody joined, and no record stands behind it."""
        return self._protocol_type is None and self.is_empty and not self.pending_join

    @property
    def uses_consumer_protocol(self) -> bool:
        """Whether its members are consumers, so that their metadata is a subscription."""
        return self._protocol_type == CONSUMER_PROTOCOL

    @override
    def is_subscribed_to(self, topic: str) -> bool:
        """Whether a member consumes a topic, or may for all we know."""
        if self.subscribed is None:
            return self.uses_consumer_protocol
        return topic in self.subscribed

    @override
    def validate_offset_commit(
        self,
        member_id: str,
        instance_id: str | None,
        generation_or_epoch: int,
        version: int,  # noqa: ARG002 - for other kinds of groups
        *,
        is_transactional: bool = False,
    ) -> CommitValidator | None:
        """Refuse a commit by who is not in this generation."""
        if self.state is ClassicState.DEAD:
            raise CoordinatorNotAvailableError
        if generation_or_epoch < 0 and self.is_empty:
            return None  # a tool, or a consumer that assigns partitions to itself
        if generation_or_epoch >= 0 or member_id or instance_id is not None:
            self.validate_member(member_id, instance_id)
            if generation_or_epoch != self.generation:
                raise IllegalGenerationError
        elif not is_transactional:
            raise UnknownMemberIdError
        if not is_transactional and self.state is ClassicState.COMPLETING_REBALANCE:
            raise RebalanceInProgressError
        return None

    @override
    def validate_offset_fetch(
        self,
        member_id: str | None,  # noqa: ARG002 - for other kinds of groups
        member_epoch: int,  # noqa: ARG002 - for other kinds of groups
    ) -> None:
        """Anybody may fetch."""
        if self.state is ClassicState.DEAD:
            raise GroupIdNotFoundError(f"Group {self.group_id} is in dead state.")

    @override
    def validate_offset_delete(self) -> None:
        """Refuse to delete offsets of a group in use, unless its subscriptions can be read."""
        if self.state is ClassicState.DEAD:
            raise GroupIdNotFoundError(f"Group {self.group_id} is in dead state.")
        if self.state in _IN_USE and not self.uses_consumer_protocol:
            raise NonEmptyGroupError

    @override
    def validate_delete(self) -> None:
        """Refuse to delete a group in use."""
        if self.state is ClassicState.DEAD:
            raise GroupIdNotFoundError(f"Group {self.group_id} is in dead state.")
        if self.state in _IN_USE:
            raise NonEmptyGroupError

    @override
    def tombstones(self) -> list[CoordinatorRecord]:
        """Return the records that remove it, without its offsets."""
        return [records.group_metadata_tombstone(self.group_id)]

    @override
    def offset_expiry_base_ms(self, committed: CommittedOffset) -> int | None:
        """Since when an offset's retention counts; None while it must not expire."""
        if self._protocol_type is None:
            return committed.commit_timestamp_ms
        if self.is_empty:
            known = self.state_timestamp_ms >= 0
            return self.state_timestamp_ms if known else committed.commit_timestamp_ms
        is_read = self.uses_consumer_protocol and self.subscribed is not None
        if is_read and self.state is ClassicState.STABLE:
            return committed.commit_timestamp_ms
        return None

    # ------------------------------------------------------------ members

    def add(
        self,
        member: ClassicMember,
        protocol_type: str | None,
        awaiting_join: Deferred[JoinGroupResponse] | None = None,
    ) -> None:
        """Take a member in; the first one leads."""
        if member.instance_id is not None:
            assert member.instance_id not in self.static_ids, "an instance is a member once"
            self.static_ids[member.instance_id] = member.member_id
        if not self.members:
            self._protocol_type = protocol_type
        if self.leader_id is None:
            self.leader_id = member.member_id
        self.members[member.member_id] = member
        self.supported_counts.update(member.protocol_names)
        self.park_join(member, awaiting_join)
        self.pending_join.discard(member.member_id)

    def remove(self, member_id: str) -> None:
        """Let a member or a pending one go; if it led, the next one does."""
        member = self.members.pop(member_id, None)
        if member is not None:
            self.supported_counts.subtract(member.protocol_names)
            self.awaiting_join_count -= member.awaiting_join is not None
            if member.instance_id is not None:
                self.static_ids.pop(member.instance_id, None)
        if self.leader_id == member_id:
            self.leader_id = next(iter(self.members), None)
        self.pending_join.discard(member_id)
        self.pending_sync.discard(member_id)

    def update(
        self,
        member: ClassicMember,
        protocols: Protocols,
        rebalance_timeout_ms: int,
        session_timeout_ms: int,
    ) -> None:
        """Note what a member says when it joins again."""
        member.is_loaded = False
        self.supported_counts.subtract(member.protocol_names)
        member.protocols = protocols
        self.supported_counts.update(member.protocol_names)
        member.rebalance_timeout_ms = rebalance_timeout_ms
        member.session_timeout_ms = session_timeout_ms

    def park_join(
        self, member: ClassicMember, awaiting_join: Deferred[JoinGroupResponse] | None
    ) -> None:
        """Park a member's JoinGroup, instead of one it gave up on."""
        self.awaiting_join_count += awaiting_join is not None
        self.awaiting_join_count -= member.awaiting_join is not None
        member.awaiting_join = awaiting_join

    def answer_join(self, member: ClassicMember, response: JoinGroupResponse) -> None:
        """Answer a member's parked JoinGroup, if there is one."""
        parked = member.awaiting_join
        if parked is not None:
            self.park_join(member, None)
            answer(parked, response)

    def replace_static(self, instance_id: str, new_id: str) -> ClassicMember:
        """Give a static member's place to who has come back under a new id."""
        old_id = self.static_ids[instance_id]
        old = self.members[old_id]
        is_leader = self.leader_id == old_id
        new = ClassicMember(
            member_id=new_id,
            instance_id=instance_id,
            client_id=old.client_id,
            client_host=old.client_host,
            rebalance_timeout_ms=old.rebalance_timeout_ms,
            session_timeout_ms=old.session_timeout_ms,
            protocols=old.protocols,
            assignment=old.assignment,
        )
        new.is_loaded = old.is_loaded
        self.members = {
            (new_id if member_id == old_id else member_id): (new if member is old else member)
            for member_id, member in self.members.items()
        }
        self.awaiting_join_count -= old.awaiting_join is not None
        if is_leader:
            self.leader_id = new_id
        self.static_ids[instance_id] = new_id
        self.pending_sync.discard(old_id)
        return new

    def validate_member(self, member_id: str, instance_id: str | None) -> None:
        """Refuse who is no member, or a static one whose place was taken.

        Raises:
            UnknownMemberIdError: If it is no member.
            FencedInstanceIdError: If its instance id belongs to another member now.
        """
        if instance_id is not None:
            existing = self.static_ids.get(instance_id)
            if existing is None:
                raise UnknownMemberIdError
            if existing != member_id:
                raise FencedInstanceIdError
        if member_id not in self.members:
            raise UnknownMemberIdError

    @property
    def has_all_joined(self) -> bool:
        """Whether nobody is missing for the next generation."""
        return len(self.members) == self.awaiting_join_count and not self.pending_join

    @property
    def rebalance_timeout_ms(self) -> int:
        """How long the slowest member may take."""
        return max((member.rebalance_timeout_ms for member in self.members.values()), default=0)

    def elect_joined_leader(self) -> bool:
        """Make sure that the leader is one that has joined; return whether there is such a one."""
        if self.leader_id is None:
            return False
        if self.members[self.leader_id].awaiting_join is not None:
            return True
        for member in self.members.values():
            if member.awaiting_join is not None:
                self.leader_id = member.member_id
                return True
        return False

    # ------------------------------------------------------------ protocols and generations

    def supports(self, protocol_type: str, names: Iterable[str]) -> bool:
        """Whether a member that speaks these can be in one group with the others."""
        if self.is_empty:
            return bool(protocol_type) and any(True for _ in names)
        count = len(self.members)
        return protocol_type == self._protocol_type and any(
            self.supported_counts[name] == count for name in names
        )

    def select_protocol(self) -> str:
        """Return what everybody speaks and most like best; among equals, who joined first decides.

        Each member votes for the first of its protocols that all members speak.
        """
        count = len(self.members)
        candidates = {name for name, speakers in self.supported_counts.items() if speakers == count}
        votes = Counter(member.vote(candidates) for member in self.members.values())
        return votes.most_common(1)[0][0]

    def move_to(self, state: ClassicState, now_ms: int) -> None:
        """Change the state."""
        assert self.state in PREVIOUS[state], f"{self.group_id}: from {self.state} to {state}"
        self.previous_state = self.state
        self.state = state
        self.state_timestamp_ms = now_ms

    def begin_generation(self, now_ms: int) -> None:
        """Close the joining of members that are there, and wait for the leader's assignment."""
        assert self.members, "a generation without members is a record"
        self.generation += 1
        self.protocol_name = self.select_protocol()
        self.subscribed = self.compute_subscribed()
        self.pending_sync.clear()
        self.move_to(ClassicState.COMPLETING_REBALANCE, now_ms)

    def compute_subscribed(self) -> frozenset[str] | None:
        """Return the topics that the members name; None if that cannot be told."""
        if not self.uses_consumer_protocol:
            return None
        if not self.members:
            return frozenset()
        if self.protocol_name is None:
            return None
        topics: set[str] = set()
        for member in self.members.values():
            named = subscribed_topics(member.metadata(self.protocol_name))
            if named is None:
                return None
            topics.update(named)
        return frozenset(topics)

    # ------------------------------------------------------------ replay

    def apply(self, value: GroupMetadataValue) -> None:
        """Take over what a record says; members that live here keep what no record holds."""
        kept = {member.member_id for member in value.members}
        for member_id in [each for each in self.members if each not in kept]:
            self.remove(member_id)
        for written in value.members:
            member = self.members.get(written.member_id)
            if member is None:
                self.add(member_of(written, value.protocol), value.protocol_type)
            else:
                member.assignment = bytes(written.assignment)
                if member.is_loaded:
                    self._load(member, member_of(written, value.protocol))
        self._protocol_type = value.protocol_type or None
        self.protocol_name = value.protocol
        self.generation = value.generation
        self.leader_id = value.leader if value.leader in self.members else self.leader_id
        self.previous_state = self.state
        self.state = ClassicState.STABLE if self.members else ClassicState.EMPTY
        self.state_timestamp_ms = value.current_state_timestamp
        self.subscribed = self.compute_subscribed()

    def _load(self, member: ClassicMember, written: ClassicMember) -> None:
        """Take over what a later record says of a member that has not joined here."""
        timeouts_ms = written.rebalance_timeout_ms, written.session_timeout_ms
        self.update(member, written.protocols, *timeouts_ms)
        member.client_id, member.client_host = written.client_id, written.client_host
        member.is_loaded = True


def member_of(written: MemberMetadata, protocol_name: str | None) -> ClassicMember:
    """Make the member that a record tells of; it has only the protocol the group spoke."""
    timeout_ms = written.rebalance_timeout
    member = ClassicMember(
        member_id=written.member_id,
        instance_id=written.group_instance_id,
        client_id=written.client_id,
        client_host=written.client_host,
        rebalance_timeout_ms=written.session_timeout if timeout_ms == -1 else timeout_ms,
        session_timeout_ms=written.session_timeout,
        protocols=[(protocol_name or "", bytes(written.subscription))],
        assignment=bytes(written.assignment),
    )
    member.is_loaded = True
    return member
