"""The assignors that run in the coordinator, and what they are given and give back.

Members of a new-style group leave it to the coordinator who consumes what. An assignor is a pure
function from subscriptions and the previous target to the next target.
Invariant: an assignor gives every partition of every subscribed topic to exactly one member that
subscribed to it, and nothing else; what did not change for a member is the same object as before.
Neighbours: `assignors_range` and `assignors_uniform` are the two that Kafka has; `target` prepares
what they are given.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol, TypeAlias

Assignment: TypeAlias = Mapping[bytes, frozenset[int]]
"""Topic id -> partitions; a topic without partitions is not in it. Never changed once made."""

NO_PARTITIONS: Assignment = {}
"""The assignment of who has nothing."""


class MemberSpec(NamedTuple):
    """What an assignor knows of a member.

    Attributes:
        topics: The topics it subscribed to, as far as they exist.
        assigned: Its previous target.
        instance_id: The name a static member keeps over restarts; None for a dynamic one.
    """

    topics: frozenset[bytes]
    assigned: Assignment = NO_PARTITIONS
    instance_id: str | None = None


class GroupSpec(NamedTuple):
    """What an assignor is given.

    Attributes:
        members: Every member, by its id.
        partition_counts: How many partitions each topic has; at least those subscribed to.
    """

    members: Mapping[str, MemberSpec]
    partition_counts: Mapping[bytes, int]

    @property
    def is_homogeneous(self) -> bool:
        """Whether all members subscribed to the same topics."""
        first: frozenset[bytes] | None = None
        for member in self.members.values():
            if first is None:
                first = member.topics
            elif member.topics is not first and member.topics != first:
                return False
        return True


class Assignor(Protocol):
    """Decides who consumes what."""

    @property
    def name(self) -> str:
        """What members ask for it by."""

    def assign(self, spec: GroupSpec) -> dict[str, Assignment]:
        """Assign every partition.

        Args:
            spec: Members and topics.

        Returns:
            The target of every member.
        """
