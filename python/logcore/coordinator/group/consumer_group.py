"""A consumer group of the new protocol: its members, their targets, and who owns which partition.

Two epochs: the group's rises with every change of members, subscriptions or topics; the target's
says for which of those the target was computed. Members follow one by one, each with an epoch of
its own.
Invariants: everything here that is not called soft is what records say, and changes in replay
only; `owners`, `static_ids` and the counts agree with `members`.
Neighbours: `consumer_replay` changes it, `consumer` decides over it, `consumer_describe` tells.
"""

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar, Final

from logcore.common.errors import (
    IllegalGenerationError,
    StaleMemberEpochError,
    UnsupportedVersionError,
)
from logcore.common.types import override
from logcore.coordinator.group import consumer_records
from logcore.coordinator.group.assignors import NO_PARTITIONS, Assignment
from logcore.coordinator.group.consumer_member import ConsumerMember, OwnedPartitions
from logcore.coordinator.group.modern_group import ModernGroup, decrease
from logcore.coordinator.group.modern_member import MemberState
from logcore.coordinator.group.offset_store import CommittedOffset
from logcore.coordinator.group.state import CommitValidator, GroupType
from logcore.coordinator.group.subscription import CONSUMER_PROTOCOL, ResolvedRegex
from logcore.coordinator.result import CoordinatorRecord

COMMIT_SINCE: Final = 9
"""The version of OffsetCommit that members of the new protocol must use."""

_NOBODY: Mapping[int, int] = {}


class ConsumerGroup(ModernGroup[ConsumerMember, Assignment]):
    """A group whose members let the coordinator assign.

    Args:
        group_id: Its name.

    Attributes:
        static_ids: The member id of each static instance.
        owners: Topic id -> partition -> the epoch of the member that owns it.
        resolved: What the expressions stand for.
        regex_counts: How many members subscribe by each expression.
        topic_counts: How many members name each topic.
        assignor_counts: How many members ask for each assignor.
        classic_count: How many members speak the classic protocol.
        classic_protocol_counts: How many of those can speak each of its protocols.
        has_partition_metadata: Whether a record of Kafka 4.0 is still to be removed.
        refreshing: Whether its expressions are being resolved; soft.
        resolved_topics: The topics that they were last resolved over; soft.
    """

    type: ClassVar[GroupType] = GroupType.CONSUMER

    def __init__(self, group_id: str) -> None:
        super().__init__(group_id)
        self.static_ids: dict[str, str] = {}
        self.owners: dict[bytes, dict[int, int]] = {}
        self.resolved: dict[str, ResolvedRegex] = {}
        self.regex_counts: Counter[str] = Counter()
        self.topic_counts: Counter[str] = Counter()
        self.assignor_counts: Counter[str] = Counter()
        self.classic_count = 0
        self.classic_protocol_counts: Counter[str] = Counter()
        self.has_partition_metadata = False
        self.refreshing = False
        self.resolved_topics: object = None

    # ------------------------------------------------------------ what every group tells

    @property
    @override
    def state_name(self) -> str:
        """Its state as Kafka spells it."""
        if not self.members:
            return "Empty"
        if self.epoch > self.target_epoch:
            return "Assigning"
        is_there = all(member.has_reached(self.target_epoch) for member in self.members.values())
        return "Stable" if is_there else "Reconciling"

    @property
    @override
    def protocol_type(self) -> str | None:
        """Consumers are its members, always."""
        return CONSUMER_PROTOCOL

    @override
    def is_subscribed_to(self, topic: str) -> bool:
        """Whether a member names a topic, or subscribes by an expression that stands for it."""
        if topic in self.topic_counts:
            return True
        return any(topic in resolved.topics for resolved in self.resolved.values())

    @override
    def validate_offset_commit(
        self,
        member_id: str,
        instance_id: str | None,
        generation_or_epoch: int,
        version: int,
        *,
        is_transactional: bool = False,
    ) -> CommitValidator | None:
        """Refuse a commit by who is no member; one from an older epoch is looked at in detail.

        A member that has not heard of its next epoch may commit what it owned in the older one and
        still owns.
        """
        if generation_or_epoch < 0 and not self.members:
            return None
        if is_transactional and generation_or_epoch < 0 and not member_id and instance_id is None:
            return None
        member = self.member(member_id)
        if not is_transactional and member.classic is None and version < COMMIT_SINCE:
            raise UnsupportedVersionError(
                f"OffsetCommit version {COMMIT_SINCE} or above must be used by members "
                "using the modern group protocol"
            )
        if generation_or_epoch == member.epoch:
            return None
        if generation_or_epoch > member.epoch:
            raise wrong_epoch(member, generation_or_epoch)

        def validate(_: str, topic_id: bytes, partition: int) -> None:
            since = member.assigned_at(topic_id, partition)
            if since is None or generation_or_epoch < since:
                raise wrong_epoch(member, generation_or_epoch)

        return validate

    @override
    def validate_offset_fetch(self, member_id: str | None, member_epoch: int) -> None:
        """Refuse a fetch by who is no member of this epoch; who says nothing may fetch."""
        if member_id is None and member_epoch < 0:
            return
        member = self.member(member_id or "")
        if member.epoch != member_epoch:
            raise wrong_epoch(member, member_epoch)

    @override
    def validate_offset_delete(self) -> None:
        """Offsets of topics that nobody subscribes to may be deleted."""

    @override
    def tombstones(self) -> list[CoordinatorRecord]:
        """Return the records that remove it, without its offsets."""
        tombstones = consumer_records.group_tombstones(self.group_id, self.members, self.resolved)
        if self.has_partition_metadata:
            removed = consumer_records.partition_metadata_tombstone(self.group_id)
            tombstones.insert(-1, removed)
        return tombstones

    @override
    def offset_expiry_base_ms(self, committed: CommittedOffset) -> int | None:
        """Since when an offset's retention counts: its commit."""
        return committed.commit_timestamp_ms

    # ------------------------------------------------------------ looking

    def static_member(self, instance_id: str | None) -> ConsumerMember | None:
        """Find the member that a static instance is."""
        member_id = self.static_ids.get(instance_id) if instance_id is not None else None
        return None if member_id is None else self.members[member_id]

    def target_of(self, member: ConsumerMember) -> Assignment:
        """Return a member's target; who takes a static member's place has that one's."""
        target = self.targets.get(member.member_id)
        if target is None and member.instance_id is not None:
            target = self.targets.get(self.static_ids.get(member.instance_id, ""))
        return NO_PARTITIONS if target is None else target

    def is_owned(self, topic_id: bytes, partition: int) -> bool:
        """Whether anybody owns a partition."""
        return partition in self.owners.get(topic_id, _NOBODY)

    def is_waiting_for_others(self, member: ConsumerMember) -> bool:
        """Whether a partition of a member's target is still owned by another."""
        return member.state is MemberState.UNRELEASED and any(
            partition not in member.assigned.get(topic_id, _NOBODY)
            and self.is_owned(topic_id, partition)
            for topic_id, partitions in self.target_of(member).items()
            for partition in partitions
        )

    @property
    def subscribed_topics(self) -> set[str]:
        """The topics that members name or that their expressions stand for."""
        found = [self.resolved[each].topics for each in self.regex_counts if each in self.resolved]
        return set(self.topic_counts).union(*found)

    def copy(self) -> "ConsumerGroup":
        """Return a group alike, to try records on."""
        made = ConsumerGroup(self.group_id)
        for name, value in vars(self).items():
            setattr(made, name, value.copy() if isinstance(value, dict) else value)
        made.owners = {topic_id: dict(owners) for topic_id, owners in self.owners.items()}
        return made

    # ------------------------------------------------------------ changing, in replay only

    def put(self, member: ConsumerMember) -> None:
        """Take a member in, or a later state of it."""
        before = self.members.get(member.member_id)
        if before is not None:
            self._uncount(before)
            if before.instance_id not in (None, member.instance_id):
                self._forget_static(before)
        self.members[member.member_id] = member
        self._count(member)
        if member.instance_id is not None:
            self.static_ids[member.instance_id] = member.member_id

    def remove(self, member_id: str) -> None:
        """Let a member go; one that is not there is no error."""
        member = self.members.pop(member_id, None)
        if member is not None:
            self._uncount(member)
            self._forget_static(member)

    def _forget_static(self, member: ConsumerMember) -> None:
        instance_id = member.instance_id
        if instance_id is not None and self.static_ids.get(instance_id) == member.member_id:
            del self.static_ids[instance_id]

    def _count(self, member: ConsumerMember) -> None:
        self.topic_counts.update(member.topics)
        if member.regex:
            self.regex_counts[member.regex] += 1
        if member.assignor is not None:
            self.assignor_counts[member.assignor] += 1
        if member.classic is not None:
            self.classic_count += 1
            self.classic_protocol_counts.update(name for name, _ in member.classic.protocols)
        for owned in (member.assigned, member.revoking):
            self._own(owned, member.epoch)

    def _uncount(self, member: ConsumerMember) -> None:
        decrease(self.topic_counts, member.topics)
        decrease(self.regex_counts, [member.regex] if member.regex else ())
        decrease(self.assignor_counts, () if member.assignor is None else [member.assignor])
        if member.classic is not None:
            self.classic_count -= 1
            names = [name for name, _ in member.classic.protocols]
            decrease(self.classic_protocol_counts, names)
        for owned in (member.assigned, member.revoking):
            self._disown(owned, member.epoch)

    def _own(self, owned: OwnedPartitions, epoch: int) -> None:
        for topic_id, partitions in owned.items():
            owners = self.owners.setdefault(topic_id, {})
            for partition in partitions:
                # Compaction may have removed the record by which an earlier owner gave it up. The
                # later epoch tells who has it.
                if partition not in owners or owners[partition] <= epoch:
                    owners[partition] = epoch

    def _disown(self, owned: OwnedPartitions, epoch: int) -> None:
        for topic_id, partitions in owned.items():
            owners = self.owners.get(topic_id)
            if owners is None:
                continue
            for partition in partitions:
                if owners.get(partition) == epoch:
                    del owners[partition]
            if not owners:
                del self.owners[topic_id]


def wrong_epoch(
    member: ConsumerMember, epoch: int
) -> IllegalGenerationError | StaleMemberEpochError:
    """Make the error of a request in another epoch than the member's, as its protocol has it."""
    if member.classic is not None:
        return IllegalGenerationError(
            f"The received generation id {epoch} does not match "
            f"the expected member epoch {member.epoch}."
        )
    return StaleMemberEpochError(
        f"The received member epoch {epoch} does not match "
        f"the expected member epoch {member.epoch}."
    )
