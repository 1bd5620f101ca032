"""A share group: its members, their targets, and the partitions with a state.

Two epochs: the group's rises with every change of members, subscriptions, topics or partitions with
a state; the target's says for which of those the target was computed.
Invariants: everything here that is not called soft is what records say, and changes in replay only;
`topic_counts` agrees with `members`.
Neighbours: `replay` changes it, `heartbeat` decides over it, `describe` tells.
"""

from collections import Counter
from typing import ClassVar, Final

from logcore.common.errors import GroupIdNotFoundError, NonEmptyGroupError, UnknownMemberIdError
from logcore.common.types import override
from logcore.coordinator.group.assignors import Assignment
from logcore.coordinator.group.consumer_group import decrease
from logcore.coordinator.group.context import TopicsView
from logcore.coordinator.group.offset_store import CommittedOffset
from logcore.coordinator.group.share import records
from logcore.coordinator.group.share.member import ShareMember
from logcore.coordinator.group.share.partitions import StatePartitions
from logcore.coordinator.group.state import CommitValidator, Group, GroupType
from logcore.coordinator.result import CoordinatorRecord

PROTOCOL_TYPE: Final = "share"
"""What members of share groups speak, as ListGroups tells."""


class ShareGroup(Group):
    """A group whose members share partitions.

    Args:
        group_id: Its name.

    Attributes:
        epoch: The group's epoch.
        metadata_hash: Of the topics subscribed to, as they were at that epoch.
        target_epoch: The epoch that the targets are of; -1 if they were removed.
        target_timestamp_ms: When they were computed; 0 if that does not matter.
        targets: By member id.
        members: By member id.
        topic_counts: How many members name each topic.
        partitions: Which partitions have a state; None if there is no record of it.
        seen_topics: The topics that `metadata_hash` was last compared with; soft.
    """

    type: ClassVar[GroupType] = GroupType.SHARE
    expires: ClassVar[bool] = False

    def __init__(self, group_id: str) -> None:
        self.group_id = group_id
        self.epoch = 0
        self.metadata_hash = 0
        self.target_epoch = 0
        self.target_timestamp_ms = 0
        self.targets: dict[str, Assignment] = {}
        self.members: dict[str, ShareMember] = {}
        self.topic_counts: Counter[str] = Counter()
        self.partitions: StatePartitions | None = None
        self.seen_topics: object = None

    # ------------------------------------------------------------ what every group tells

    @property
    @override
    def state_name(self) -> str:
        """Its state as Kafka spells it."""
        return "Stable" if self.members else "Empty"

    @property
    @override
    def protocol_type(self) -> str | None:
        """What its members speak, always."""
        return PROTOCOL_TYPE

    @property
    @override
    def is_empty(self) -> bool:
        """Whether it has no members."""
        return not self.members

    @override
    def is_subscribed_to(self, topic: str) -> bool:
        """Whether a member names a topic."""
        return topic in self.topic_counts

    @override
    def validate_offset_commit(
        self,
        member_id: str,  # noqa: ARG002
        instance_id: str | None,  # noqa: ARG002
        generation_or_epoch: int,  # noqa: ARG002
        version: int,  # noqa: ARG002
        *,
        is_transactional: bool = False,  # noqa: ARG002
    ) -> CommitValidator | None:
        """Refuse: a share group commits nothing."""
        raise self._no_offsets()

    @override
    def validate_offset_fetch(
        self,
        member_id: str | None,  # noqa: ARG002
        member_epoch: int,  # noqa: ARG002
    ) -> None:
        """Refuse: a share group has no committed offsets."""
        raise self._no_offsets()

    @override
    def validate_offset_delete(self) -> None:
        """Refuse: a share group has no committed offsets."""
        raise self._no_offsets()

    def _no_offsets(self) -> GroupIdNotFoundError:
        return GroupIdNotFoundError(f"Group {self.group_id} is not a consumer group.")

    @override
    def validate_delete(self) -> None:
        """Refuse to delete a group in use."""
        if self.members:
            raise NonEmptyGroupError("The group is not empty.")

    @override
    def tombstones(self) -> list[CoordinatorRecord]:
        """Return the records that remove it."""
        return records.group_tombstones(self.group_id, self.members)

    @override
    def offset_expiry_base_ms(self, committed: CommittedOffset) -> int | None:  # noqa: ARG002
        """Never: there are no committed offsets."""
        return None

    # ------------------------------------------------------------ looking

    def member(self, member_id: str) -> ShareMember:
        """Find a member.

        Raises:
            UnknownMemberIdError: If there is none of this id.
        """
        member = self.members.get(member_id)
        if member is None:
            raise UnknownMemberIdError(
                f"Member {member_id} is not a member of group {self.group_id}."
            )
        return member

    def has_unassigned(self, topics: TopicsView) -> bool:
        """Whether the targets are not what has a state of the topics subscribed to."""
        if self.partitions is None or not self.members:
            return False
        assigned: dict[bytes, set[int]] = {}
        for target in self.targets.values():
            for topic_id, partitions in target.items():
                assigned.setdefault(topic_id, set()).update(partitions)
        return any(
            topic.name in self.topic_counts
            and topic_id in topics.topics_by_id
            and assigned.get(topic_id, frozenset()) != topic.partitions
            for topic_id, topic in self.partitions.initialized.items()
        )

    # ------------------------------------------------------------ changing, in replay only

    def put(self, member: ShareMember) -> None:
        """Take a member in, or a later state of it."""
        before = self.members.get(member.member_id)
        if before is not None:
            decrease(self.topic_counts, before.topics)
        self.members[member.member_id] = member
        self.topic_counts.update(member.topics)

    def remove(self, member_id: str) -> None:
        """Let a member go; one that is not there is no error."""
        member = self.members.pop(member_id, None)
        if member is not None:
            decrease(self.topic_counts, member.topics)
