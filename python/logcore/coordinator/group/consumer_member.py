"""A member of a consumer group of the new protocol.

Invariant: a member never changes; whatever happens to it makes another one, and that takes the old
one's place when its record is replayed. Every partition in `assigned` and `revoking` is owned by
this member alone: who is to have a partition next waits until it is in neither.
Neighbours: `consumer_reconcile` moves a member towards its target; `consumer_records` writes
members down; `consumer_group` holds them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from logcore.coordinator.group.modern_member import MemberState

OwnedPartitions: TypeAlias = Mapping[bytes, Mapping[int, int]]
"""Topic id -> partition -> the epoch in which it was assigned."""

NOTHING_OWNED: Final[OwnedPartitions] = {}


class ClassicMetadata(NamedTuple):
    """What a member said that speaks the classic protocol.

    Attributes:
        session_timeout_ms: How long it may be silent.
        protocols: Names and subscriptions of what it can speak, the one it likes best first.
    """

    session_timeout_ms: int
    protocols: tuple[tuple[str, bytes], ...]

    @property
    def protocol_name(self) -> str:
        """What it is told that its group speaks: what it likes best."""
        return self.protocols[0][0]

    @property
    def subscription(self) -> bytes:
        """The bytes of its subscription, the same under every name."""
        return self.protocols[0][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerMember:
    """One member.

    Attributes:
        member_id: Its id.
        instance_id: The name a static member keeps over restarts; None for a dynamic one.
        rack_id: Where it stands, if it says.
        client_id: What its client calls itself.
        client_host: Where it speaks from.
        rebalance_timeout_ms: How long it may take to give partitions up.
        topics: The topics it names.
        regex: The expression whose topics it wants as well; empty for none.
        assignor: The assignor it asks for.
        classic: What it said in the classic protocol, if it speaks that.
        epoch: The epoch of the target that it has reached or is on its way from.
        previous_epoch: The one before, for who has not heard of the last step.
        state: How far it is.
        assigned: What it owns and is to keep.
        revoking: What it owns and is to give up.
    """

    member_id: str
    instance_id: str | None = None
    rack_id: str | None = None
    client_id: str = ""
    client_host: str = ""
    rebalance_timeout_ms: int = -1
    topics: frozenset[str] = frozenset()
    regex: str = ""
    assignor: str | None = None
    classic: ClassicMetadata | None = None
    epoch: int = 0
    previous_epoch: int = -1
    state: MemberState = MemberState.STABLE
    assigned: OwnedPartitions = field(default_factory=dict)
    revoking: OwnedPartitions = field(default_factory=dict)

    def has_reached(self, target_epoch: int) -> bool:
        """Whether there is nothing left to do for it."""
        return self.state is MemberState.STABLE and self.epoch == target_epoch

    def assigned_at(self, topic_id: bytes, partition: int) -> int | None:
        """Return the epoch in which a partition became its own; None if it is not."""
        epoch = self.assigned.get(topic_id, {}).get(partition)
        return self.revoking.get(topic_id, {}).get(partition) if epoch is None else epoch


def partitions_of(owned: OwnedPartitions) -> dict[bytes, list[int]]:
    """Return the partitions without their epochs, in order."""
    return {topic_id: sorted(partitions) for topic_id, partitions in owned.items()}


def has_same_partitions(one: OwnedPartitions, other: OwnedPartitions) -> bool:
    """Whether two hold the same partitions, whatever their epochs."""
    if one is other:
        return True
    return one.keys() == other.keys() and all(
        partitions.keys() == other[topic_id].keys() for topic_id, partitions in one.items()
    )
