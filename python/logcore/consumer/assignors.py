"""Who reads what in a classic group: range, round-robin, and the sticky ones. Pure.

Invariants: every partition of every topic that somebody subscribed to goes to exactly one member
that subscribed to it. The sticky ones keep what is held as far as balance allows; the cooperative
one gives away nothing that another member still holds: that comes with the next rebalance.
Neighbours: `classic_membership` asks when it leads; `group_metadata` carries what members say.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from logcore.client.positions import TopicPartition


class Member(NamedTuple):
    """What a member says of itself.

    Attributes:
        topics: What it subscribed to.
        owned: What it holds.
        generation: Since which generation it does, -1 if it is not said.
        instance_id: The name of a static member.
    """

    topics: frozenset[str]
    owned: tuple[TopicPartition, ...] = ()
    generation: int = -1
    instance_id: str | None = None


Members = Mapping[str, Member]
Counts = Mapping[str, int]
Assignment = dict[str, list[TopicPartition]]
Assignor = Callable[[Members, Counts], Assignment]


def _ordered(members: Members) -> list[str]:
    """Return members in the order in which partitions are dealt: static ones first, by name."""
    return sorted(
        members,
        key=lambda name: (members[name].instance_id is None, members[name].instance_id or name),
    )


def _subscribers(members: Members) -> dict[str, list[str]]:
    topics: dict[str, list[str]] = defaultdict(list)
    for name in _ordered(members):
        for topic in members[name].topics:
            topics[topic].append(name)
    return topics


def range_assignor(members: Members, counts: Counts) -> Assignment:
    """Give each member a range of each topic's partitions.

    Example:
        >>> who = {"a": Member(frozenset({"t"})), "b": Member(frozenset({"t"}))}
        >>> [len(share) for share in range_assignor(who, {"t": 3}).values()]
        [2, 1]
    """
    shares: Assignment = {name: [] for name in members}
    for topic, names in sorted(_subscribers(members).items()):
        each, more = divmod(counts.get(topic, 0), len(names))
        start = 0
        for at, name in enumerate(names):
            end = start + each + (at < more)
            shares[name] += [TopicPartition(topic, number) for number in range(start, end)]
            start = end
    return shares


def round_robin_assignor(members: Members, counts: Counts) -> Assignment:
    """Deal partitions one by one."""
    shares: Assignment = {name: [] for name in members}
    order = _ordered(members)
    at = 0
    for place in _places(members, counts):
        while place.topic not in members[order[at % len(order)]].topics:
            at += 1
        shares[order[at % len(order)]].append(place)
        at += 1
    return shares


def _places(members: Members, counts: Counts) -> list[TopicPartition]:
    topics = sorted(set().union(*(member.topics for member in members.values())))
    return [
        TopicPartition(topic, number) for topic in topics for number in range(counts.get(topic, 0))
    ]


def sticky_assignor(members: Members, counts: Counts) -> Assignment:
    """Keep what is held, as far as nobody gets two more than somebody else could have."""
    places = _places(members, counts)
    owners = _owners(members, set(places))
    shares: Assignment = {name: [] for name in members}
    for place, name in owners.items():
        shares[name].append(place)
    able = {
        topic: [name for name in names if name in members]
        for topic, names in _subscribers(members).items()
    }
    for place in places:
        if place not in owners:
            name = min(able[place.topic], key=lambda name: len(shares[name]))
            shares[name].append(place)
    _balance(shares, able)
    for share in shares.values():
        share.sort()
    return shares


def _owners(members: Members, places: set[TopicPartition]) -> dict[TopicPartition, str]:
    """Return who holds what; of two who say so, the one of the newer generation."""
    owners: dict[TopicPartition, str] = {}
    for name in _ordered(members):
        member = members[name]
        for place in member.owned:
            if place not in places or place.topic not in member.topics:
                continue
            other = owners.get(place)
            if other is None or members[other].generation < member.generation:
                owners[place] = name
    return owners


def _balance(shares: Assignment, able: Mapping[str, list[str]]) -> None:
    """Move partitions from who has more to who has at least two fewer, until nobody can."""
    has_moved = True
    while has_moved:
        has_moved = False
        for name in sorted(shares, key=lambda name: -len(shares[name])):
            for place in sorted(shares[name], reverse=True):
                least = min(able[place.topic], key=lambda other: len(shares[other]))
                if len(shares[least]) + 1 < len(shares[name]):
                    shares[name].remove(place)
                    shares[least].append(place)
                    has_moved = True


def cooperative_sticky_assignor(members: Members, counts: Counts) -> Assignment:
    """As the sticky one, but what another member still holds is left out for now."""
    shares = sticky_assignor(members, counts)
    owners = _owners(members, set(_places(members, counts)))
    return {
        name: [place for place in share if owners.get(place, name) == name]
        for name, share in shares.items()
    }


ASSIGNORS: Final[dict[str, Assignor]] = {
    "range": range_assignor,
    "roundrobin": round_robin_assignor,
    "sticky": sticky_assignor,
    "cooperative-sticky": cooperative_sticky_assignor,
}
"""By the name in the group's protocol."""

COOPERATIVE: Final = "cooperative-sticky"


def all_cooperative(names: Iterable[str]) -> bool:
    """Whether members may keep their partitions while the group rebalances."""
    return all(name == COOPERATIVE for name in names)
