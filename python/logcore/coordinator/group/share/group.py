"""A share group: its members, their targets, and the partitions with a state.

Two epochs: the group's rises with every change of members, subscriptions, topics or partitions with
a state; the target's says for which of those the target was computed.
Invariants: everything here that is not called soft is what records say, and changes in replay only;
`topic_counts` agrees with `members`.
Neighbours: `replay` changes it, `heartbeat` decides over it, `describe` tells.
"""

from collections import Counter
from typing import ClassVar, Final

from logcore.common.errors import GroupIdNotFoundError
from logcore.common.types import override
from logcore.coordinator.group.assignors import Assignment
from logcore.coordinator.group.context import TopicsView
from logcore.coordinator.group.modern_group import ModernGroup, decrease
from logcore.coordinator.group.offset_store import CommittedOffset
from logcore.coordinator.group.share import records
from logcore.coordinator.group.share.member import ShareMember
from logcore.coordinator.group.share.partitions import StatePartitions
from logcore.coordinator.group.state import CommitValidator, GroupType
from logcore.coordinator.result import CoordinatorRecord

PROTOCOL_TYPE: Final = "share"
"""What members of share groups speak, as ListGroups tells."""


class ShareGroup(ModernGroup[ShareMember, Assignment]):
    """A group whose members share partitions.

    Args:
        group_id: Its name.

    Attributes:
        topic_counts: How many members name each topic.
        partitions: Which partitions have a state; None if there is no record of it.
    """

    type: ClassVar[GroupType] = GroupType.SHARE
    expires: ClassVar[bool] = False

    def __init__(self, group_id: str) -> None:
        super().__init__(group_id)
        self.topic_counts: Counter[str] = Counter()
        self.partitions: StatePartitions | None = None

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
    def tombstones(self) -> list[CoordinatorRecord]:
        """Return the records that remove it."""
        return records.group_tombstones(self.group_id, self.members)

    @override
    def offset_expiry_base_ms(self, committed: CommittedOffset) -> int | None:  # noqa: ARG002
        """Never: there are no committed offsets."""
        return None

    # ------------------------------------------------------------ looking

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
