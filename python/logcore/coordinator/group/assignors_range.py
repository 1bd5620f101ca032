"""The range assignor: of each topic, a run of neighbouring partitions for each member.

Members with the same subscriptions get the same partition numbers of topics with equally many
partitions, which is what joining streams by key needs.
Invariant: of each topic, two subscribers differ by at most one partition. Static members come
first, in the order of their instance ids, so that a restart under new member ids moves nothing.
Neighbours: `assignors` says what an assignor is.
Source: Apache Kafka 4.3, the rules of `RangeAssignor`.
"""

from typing import Final

from logcore.coordinator.group.assignors import Assignment, GroupSpec

NAME: Final = "range"


class RangeAssignor:
    """Assigns ranges."""

    name = NAME

    def assign(self, spec: GroupSpec) -> dict[str, Assignment]:
        """Assign every partition."""
        ordered = in_order(spec)
        shares = subscriber_shares(spec)
        taken = dict.fromkeys(shares, 0)
        targets: dict[str, Assignment] = {}
        for member_id in ordered:
            assigned: dict[bytes, frozenset[int]] = {}
            for topic in spec.members[member_id].topics:
                least, extra = shares[topic]
                place = taken[topic]
                taken[topic] = place + 1
                start = place * least + min(place, extra)
                end = start + least + (place < extra)
                if start < end:
                    assigned[topic] = frozenset(range(start, end))
            before = spec.members[member_id].assigned
            targets[member_id] = before if before == assigned else assigned
        return targets


def in_order(spec: GroupSpec) -> list[str]:
    """Return the members in the order in which they take their ranges."""

    def key(member_id: str) -> tuple[bool, str]:
        instance_id = spec.members[member_id].instance_id
        return instance_id is None, member_id if instance_id is None else instance_id

    return sorted(spec.members, key=key)


def subscriber_shares(spec: GroupSpec) -> dict[bytes, tuple[int, int]]:
    """Return how many partitions of a topic each subscriber gets, and how many get one more."""
    subscribers: dict[bytes, int] = {}
    for member in spec.members.values():
        for topic in member.topics:
            subscribers[topic] = subscribers.get(topic, 0) + 1
    return {
        topic: divmod(spec.partition_counts[topic], count) for topic, count in subscribers.items()
    }
