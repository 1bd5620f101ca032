"""The uniform assignor: equally many partitions for everybody, and as few moves as that allows.

Where all members subscribed to the same topics, one pass suffices: each keeps what it has up to
its share, and what is left over fills up those below theirs. Otherwise `assignors_mixed` does it.
Invariant: members with the same subscriptions differ by at most one partition. Who already holds
one more than the least share keeps it rather than pass it on.
Neighbours: `assignors` says what an assignor is.
Source: Apache Kafka 4.3, the rules of `UniformHomogeneousAssignmentBuilder`; which members keep the
odd partitions is decided here by who has them, there by order.
"""

from typing import Final

from logcore.coordinator.group.assignors import Assignment, GroupSpec
from logcore.coordinator.group.assignors_mixed import assign_mixed

NAME: Final = "uniform"

_Partition = tuple[bytes, int]


class UniformAssignor:
    """Assigns equal shares."""

    name = NAME

    def assign(self, spec: GroupSpec) -> dict[str, Assignment]:
        """Assign every partition."""
        if not spec.members:
            return {}
        return assign_alike(spec) if spec.is_homogeneous else assign_mixed(spec)


def assign_alike(spec: GroupSpec) -> dict[str, Assignment]:
    """Assign where everybody subscribed to the same topics."""
    topics = next(iter(spec.members.values())).topics
    kept = {
        member_id: still_subscribed(member.assigned, topics)
        for member_id, member in spec.members.items()
    }
    shares = fair_shares(kept, sum(spec.partition_counts[topic] for topic in topics))
    free = unassigned(spec, topics)
    targets: dict[str, Assignment] = {}
    for member_id, assigned in kept.items():
        targets[member_id], given_up = within(assigned, shares[member_id])
        free.extend(given_up)
    fill_up(targets, shares, free)
    return targets


def still_subscribed(assigned: Assignment, topics: frozenset[bytes]) -> Assignment:
    """Return what of an assignment is of these topics; itself if all of it is."""
    if assigned.keys() <= topics:
        return assigned
    return {topic: partitions for topic, partitions in assigned.items() if topic in topics}


def size(assigned: Assignment) -> int:
    """Return how many partitions an assignment has."""
    return sum(map(len, assigned.values()))


def fair_shares(kept: dict[str, Assignment], total: int) -> dict[str, int]:
    """Return how many partitions each member is to have, larger shares to who has more now."""
    least, extra = divmod(total, len(kept))
    shares = dict.fromkeys(kept, least)
    large = [member_id for member_id, assigned in kept.items() if size(assigned) > least]
    favoured = large[:extra]
    if len(favoured) < extra:
        known = set(favoured)
        others = (member_id for member_id in kept if member_id not in known)
        favoured.extend(next(others) for _ in range(extra - len(favoured)))
    for member_id in favoured:
        shares[member_id] = least + 1
    return shares


def unassigned(spec: GroupSpec, topics: frozenset[bytes]) -> list[_Partition]:
    """Return the partitions that nobody has, topic by topic."""
    held: dict[bytes, set[int]] = {topic: set() for topic in topics}
    for member in spec.members.values():
        for topic, partitions in member.assigned.items():
            if topic in held:
                held[topic].update(partitions)
    return [
        (topic, partition)
        for topic in sorted(topics)
        for partition in range(spec.partition_counts[topic])
        if partition not in held[topic]
    ]


def within(assigned: Assignment, share: int) -> tuple[Assignment, list[_Partition]]:
    """Cut an assignment down to a share; return it and what was cut off."""
    surplus = size(assigned) - share
    if surplus <= 0:
        return assigned, []
    cut = dict(assigned)
    given_up: list[_Partition] = []
    for topic in reversed(list(assigned)):
        partitions = sorted(cut[topic])
        split = max(0, len(partitions) - (surplus - len(given_up)))
        given_up.extend((topic, partition) for partition in partitions[split:])
        if split:
            cut[topic] = frozenset(partitions[:split])
        else:
            del cut[topic]
        if len(given_up) == surplus:
            break
    return cut, given_up


def fill_up(targets: dict[str, Assignment], shares: dict[str, int], free: list[_Partition]) -> None:
    """Give what is free to members below their share."""
    position = 0
    for member_id, share in shares.items():
        lacking = share - size(targets[member_id])
        if lacking <= 0:
            continue
        added: dict[bytes, list[int]] = {}
        for topic, partition in free[position : position + lacking]:
            added.setdefault(topic, []).append(partition)
        position += lacking
        targets[member_id] = with_added(targets[member_id], added)
    assert position == len(free), "the shares add up to all partitions"


def with_added(assigned: Assignment, added: dict[bytes, list[int]]) -> Assignment:
    """Return an assignment with partitions more."""
    grown = dict(assigned)
    for topic, partitions in added.items():
        grown[topic] = grown.get(topic, frozenset()).union(partitions)
    return grown
