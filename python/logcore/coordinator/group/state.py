"""The durable state of one shard: its groups by id, whatever their kind, and their offsets.

Invariant: `replay` is what changes it, in loading and in handling alike; each kind of record has
one replayer, registered by the class of its key. A group id has one group: a classic one and one of
the newer kinds never exist side by side, and what turns one into the other is records.
Neighbours: `classic_group` and `consumer_group` are the kinds of groups, `offset_store` holds the
offsets, `shard` registers the replayers.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, ClassVar

from logcore.common.errors import GroupIdNotFoundError
from logcore.coordinator.group.offset_store import CommittedOffset, OffsetStore
from logcore.coordinator.group.pending_offsets import PendingOffsets
from logcore.coordinator.result import CoordinatorRecord


class GroupType(StrEnum):
    """The kinds of groups, spelled as ListGroups spells them."""

    CLASSIC = "classic"
    CONSUMER = "consumer"
    SHARE = "share"
    STREAMS = "streams"


class Group(ABC):
    """What offsets, listing and deleting need to know of a group of any kind.

    Attributes:
        group_id: Its name.
        type: Which kind it is.
        expires: Whether it goes once it is empty and has no offsets left.
    """

    type: ClassVar[GroupType]
    expires: ClassVar[bool] = True
    group_id: str

    @property
    @abstractmethod
    def state_name(self) -> str:
        """Its state as Kafka spells it, such as ``Stable``."""

    @property
    @abstractmethod
    def protocol_type(self) -> str | None:
        """What its members speak, ``consumer`` for consumers; None if nobody ever joined."""

    @property
    @abstractmethod
    def is_empty(self) -> bool:
        """Whether it has no members."""

    @abstractmethod
    def is_subscribed_to(self, topic: str) -> bool:
        """Whether a member consumes a topic, or may do so for all we know."""

    @abstractmethod
    def validate_offset_commit(
        self,
        member_id: str,
        instance_id: str | None,
        generation_or_epoch: int,
        version: int,
        *,
        is_transactional: bool = False,
    ) -> "CommitValidator | None":
        """Refuse a commit by who is not, or no longer, a member.

        Returns:
            What looks at each partition of the commit; None if all of them are fine.

        Raises:
            KafkaError: What to answer.
        """

    @abstractmethod
    def validate_offset_fetch(self, member_id: str | None, member_epoch: int) -> None:
        """Refuse a fetch of offsets by who is no longer a member.

        Raises:
            KafkaError: What to answer.
        """

    @abstractmethod
    def validate_offset_delete(self) -> None:
        """Refuse to delete offsets of a group in use.

        Raises:
            KafkaError: What to answer.
        """

    @abstractmethod
    def validate_delete(self) -> None:
        """Refuse to delete a group in use.

        Raises:
            KafkaError: What to answer.
        """

    @abstractmethod
    def tombstones(self) -> list[CoordinatorRecord]:
        """Return the records that remove it, without its offsets."""

    @abstractmethod
    def offset_expiry_base_ms(self, committed: CommittedOffset) -> int | None:
        """Since when an offset's retention counts; None while it must not expire."""


CommitValidator = Callable[[str, bytes, int], None]
"""Looks at topic, topic id and partition of a commit; what it raises refuses the whole commit."""

Replayer = Callable[[int, Any, Any], None]
"""Applies a record: its offset in the log, its key, its value (None: a tombstone)."""


class GroupState:
    """The groups and offsets of one shard.

    Attributes:
        groups: Every group by its id.
        offsets: What they committed.
        pending_offsets: What they would commit by transactions that are open.
        replayers: What applies a record, by the class of its key.
    """

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self.offsets = OffsetStore()
        self.pending_offsets = PendingOffsets()
        self.replayers: dict[type[Any], Replayer] = {}

    def register(self, replayers: Mapping[type[Any], Replayer]) -> None:
        """Say what applies records of some kinds."""
        assert not self.replayers.keys() & replayers.keys(), "a kind of record has one replayer"
        self.replayers.update(replayers)

    def replay(self, offset: int, record: CoordinatorRecord) -> None:
        """Apply a record that is in the log."""
        self.replayers[type(record.key)](offset, record.key, record.value)

    def group(self, group_id: str) -> Group:
        """Find a group.

        Raises:
            GroupIdNotFoundError: If there is none of this id.
        """
        group = self.groups.get(group_id)
        if group is None:
            raise GroupIdNotFoundError(f"Group {group_id} not found.")
        return group
