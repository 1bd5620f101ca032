"""What groups have in common whose targets the coordinator computes: consumer, share and streams.

Two epochs: the group's rises with every change that asks for another target; the target's says for
which of those it was computed. Members follow one by one.
Invariant: what is here is what records say, and changes in replay only; `seen_topics` is soft.
Neighbours: `consumer_group`, `share.group` and `streams.group` are these; `state` is every group.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Generic, TypeVar

from logcore.common.errors import NonEmptyGroupError, UnknownMemberIdError
from logcore.common.types import override
from logcore.coordinator.group.state import Group

M = TypeVar("M")
T = TypeVar("T")


class ModernGroup(Group, Generic[M, T]):
    """A group whose members get targets.

    Args:
        group_id: Its name.
        epoch: Its epoch, and that of its empty target, before anybody has joined.

    Attributes:
        epoch: The group's epoch.
        metadata_hash: Of the topics that matter to it, as they were at that epoch.
        target_epoch: The epoch that the targets are of; -1 if they were removed.
        target_timestamp_ms: When they were computed; 0 if that is not known.
        targets: By member id.
        members: By member id.
        seen_topics: The topics that `metadata_hash` was last compared with; soft.
    """

    def __init__(self, group_id: str, epoch: int = 0) -> None:
        self.group_id = group_id
        self.epoch = epoch
        self.metadata_hash = 0
        self.target_epoch = epoch
        self.target_timestamp_ms = 0
        self.targets: dict[str, T] = {}
        self.members: dict[str, M] = {}
        self.seen_topics: object = None

    @property
    @override
    def is_empty(self) -> bool:
        """Whether it has no members."""
        return not self.members

    @override
    def validate_delete(self) -> None:
        """Refuse to delete a group in use."""
        if self.members:
            raise NonEmptyGroupError("The group is not empty.")

    def member(self, member_id: str) -> M:
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


def decrease(counts: Counter[str], names: Iterable[str]) -> None:
    """Count names one less; those at zero are out."""
    for name in names:
        counts[name] -= 1
        if counts[name] <= 0:
            del counts[name]
