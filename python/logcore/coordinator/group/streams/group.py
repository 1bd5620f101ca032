"""A streams group: its topology, members and their targets, and which process has which task.

Two epochs: the group's rises with every change of members, topology, topics or settings; the
target's says for which of those the target was computed. Members follow one by one.
Invariants: everything here that is not called soft is what records say, and changes in replay only;
`Holdings` agrees with `members`.
Neighbours: `replay` changes it, `heartbeat` decides over it, `describe` tells.
"""

from collections.abc import Mapping
from typing import ClassVar, Final

from logcore.common.errors import (
    StaleMemberEpochError,
    UnsupportedVersionError,
)
from logcore.common.types import override
from logcore.coordinator.group.modern_group import ModernGroup
from logcore.coordinator.group.offset_store import CommittedOffset
from logcore.coordinator.group.state import CommitValidator, GroupType
from logcore.coordinator.group.streams import records
from logcore.coordinator.group.streams.configured import ConfiguredTopology
from logcore.coordinator.group.streams.holdings import Holdings
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.tasks import NOTHING_TO_RUN, Tasks
from logcore.coordinator.group.streams.topology import Topology
from logcore.coordinator.result import CoordinatorRecord

PROTOCOL_TYPE: Final = "streams"
"""What members of streams groups speak, as ListGroups tells."""

COMMIT_SINCE: Final = 9
"""The version of OffsetCommit that members must use."""

FIRST_EPOCH: Final = 1
"""The epoch of a group, and of its empty target, before anybody has joined."""


class StreamsGroup(ModernGroup[StreamsMember, Tasks]):
    """A group whose members run the tasks of one topology.

    Args:
        group_id: Its name.

    Attributes:
        validated_topology_epoch: The epoch of the topology that was found to fit its topics.
        configs: The settings that targets were last computed by.
        holdings: Which process has which task.
        topology: What members run; None only while records of the group are missing.
        configured: The topology over the topics; soft.
        shutdown_by: The member that asked everybody to stop; soft.
        endpoint_epoch: Counts changes of what is told of processes' endpoints; soft.
    """

    type: ClassVar[GroupType] = GroupType.STREAMS

    def __init__(self, group_id: str) -> None:
        super().__init__(group_id, FIRST_EPOCH)
        self.validated_topology_epoch = 0
        self.configs: Mapping[str, str] = {}
        self.holdings = Holdings()
        self.topology: Topology | None = None
        self.configured: ConfiguredTopology | None = None
        self.shutdown_by: str | None = None
        self.endpoint_epoch = 0

    # ------------------------------------------------------------ what every group tells

    @property
    @override
    def state_name(self) -> str:
        """Its state as Kafka spells it."""
        if not self.members:
            return "Empty"
        if self.topology is None or self.topology.epoch != self.validated_topology_epoch:
            return "NotReady"
        if self.epoch > self.target_epoch:
            return "Assigning"
        is_there = all(member.has_reached(self.target_epoch) for member in self.members.values())
        return "Stable" if is_there else "Reconciling"

    @property
    @override
    def protocol_type(self) -> str | None:
        """What its members speak, always."""
        return PROTOCOL_TYPE

    @override
    def is_subscribed_to(self, topic: str) -> bool:
        """Whether its tasks read a topic; nobody's do while there are no members."""
        is_read = self.topology is not None and topic in self.topology.by_source_topic
        return is_read and not self.is_empty

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

        A member that has not heard of its next epoch may commit for tasks that it had in the older
        one and still has.
        """
        if generation_or_epoch < 0 and not self.members:
            return None
        if is_transactional and generation_or_epoch < 0 and not member_id and instance_id is None:
            return None
        member = self.member(member_id)
        if not is_transactional and version < COMMIT_SINCE:
            raise UnsupportedVersionError(
                f"OffsetCommit version {COMMIT_SINCE} or above must be used by members "
                "using the streams group protocol"
            )
        if generation_or_epoch == member.epoch:
            return None
        if generation_or_epoch > member.epoch:
            raise StaleMemberEpochError(
                f"Received member epoch {generation_or_epoch} is newer than "
                f"current member epoch {member.epoch}."
            )
        return self._task_validator(member, generation_or_epoch)

    def _task_validator(self, member: StreamsMember, epoch: int) -> CommitValidator:
        topology = self.topology
        if topology is None:
            raise StaleMemberEpochError("Topology is not available for offset commit validation.")

        def validate(topic: str, _: bytes, partition: int) -> None:
            subtopology = topology.by_source_topic.get(topic)
            if subtopology is None:
                raise StaleMemberEpochError(f"Topic {topic} is not in the topology.")
            task = f"{subtopology.subtopology_id}-{partition}"
            since = member.assigned_at(subtopology.subtopology_id, partition)
            if since is None:
                raise StaleMemberEpochError(
                    f"Task {task} is not assigned or pending revocation for member."
                )
            if epoch < since:
                raise StaleMemberEpochError(
                    f"Received member epoch {epoch} is older than "
                    f"assignment epoch {since} for task {task}."
                )

        return validate

    @override
    def validate_offset_fetch(self, member_id: str | None, member_epoch: int) -> None:
        """Refuse a fetch by who is no member of this epoch; who says nothing may fetch."""
        if member_id is None and member_epoch < 0:
            return
        member = self.member(member_id or "")
        if member.epoch != member_epoch:
            raise StaleMemberEpochError(
                f"The received member epoch {member_epoch} does not match "
                f"the expected member epoch {member.epoch}."
            )

    @override
    def validate_offset_delete(self) -> None:
        """Offsets of topics that no task reads may be deleted."""

    @override
    def tombstones(self) -> list[CoordinatorRecord]:
        """Return the records that remove it, without its offsets."""
        return records.group_tombstones(self.group_id, self.members)

    @override
    def offset_expiry_base_ms(self, committed: CommittedOffset) -> int | None:
        """Since when an offset's retention counts: its commit."""
        return committed.commit_timestamp_ms

    # ------------------------------------------------------------ looking

    def target_of(self, member_id: str) -> Tasks:
        """Return a member's target."""
        return self.targets.get(member_id, NOTHING_TO_RUN)

    # ------------------------------------------------------------ changing, in replay only

    def put(self, member: StreamsMember) -> None:
        """Take a member in, or a later state of it."""
        before = self.members.get(member.member_id)
        if before is not None:
            self.holdings.remove(before)
        self.members[member.member_id] = member
        self.holdings.add(member)

    def remove(self, member_id: str) -> None:
        """Let a member go; one that is not there is no error."""
        member = self.members.pop(member_id, None)
        if member is not None:
            self.holdings.remove(member)
        if not self.members:
            self.shutdown_by = None
