"""The one assignor of share groups: ``simple``.

It spreads members over partitions so that each partition has as many as any other, give or take
one, and each member too; then it keeps what members had. Members with equal subscriptions are
balanced over all of their partitions at once, others topic by topic.
Invariant: every partition that may be assigned, of a topic that somebody subscribes to, has a
member; nobody has a partition of a topic that it does not subscribe to.
Neighbours: `step` asks for the next target.
Source: Apache Kafka 4.3, the rules of `SimpleAssignor`.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from logcore.coordinator.group.assignors import Assignment, GroupSpec, MemberSpec

NAME: Final = "simple"
"""What ShareGroupDescribe calls it."""

Place: TypeAlias = tuple[bytes, int]
"""A topic's id and a partition."""

_Held: TypeAlias = dict[str, dict[Place, None]]
"""Member -> what it has, in order."""


def assign(
    members: Mapping[str, MemberSpec], assignable: Mapping[bytes, frozenset[int]]
) -> dict[str, Assignment]:
    """Compute the next target of every member.

    Args:
        members: Subscriptions, and the targets before.
        assignable: The partitions that may be assigned, by topic; at least of those subscribed to.
    """
    held: _Held = {member_id: {} for member_id in members}
    if GroupSpec(members, {}).is_homogeneous:
        topics: Iterable[bytes] = next(iter(members.values())).topics if members else ()
        _balance(list(members), _places(topics, assignable), members, held)
    else:
        subscribers: dict[bytes, list[str]] = {}
        for member_id, member in members.items():
            for topic_id in member.topics:
                subscribers.setdefault(topic_id, []).append(member_id)
        for topic_id in sorted(subscribers):
            places = _places([topic_id], assignable)
            _balance(subscribers[topic_id], places, members, held)
    return {member_id: _made(held[member_id], member) for member_id, member in members.items()}


def _places(topics: Iterable[bytes], assignable: Mapping[bytes, frozenset[int]]) -> list[Place]:
    return [
        (topic_id, partition)
        for topic_id in sorted(topics)
        for partition in sorted(assignable.get(topic_id, ()))
    ]


def _balance(
    member_ids: Sequence[str], places: list[Place], members: Mapping[str, MemberSpec], held: _Held
) -> None:
    """Spread some members over some partitions, and add what each gets to what it has."""
    if not places:
        return
    sharing = -(-len(member_ids) // len(places))
    wanted = sharing * len(places)
    count = len(member_ids)
    fair = {
        member_id: -(-wanted * (index + 1) // count) - -(-wanted * index // count)
        for index, member_id in enumerate(member_ids)
    }
    holders: dict[Place, set[str]] = {place: set() for place in places}
    kept: dict[str, list[Place]] = {}
    for member_id in member_ids:
        before = members[member_id].assigned
        mine = [place for place in _places(before, before) if place in holders]
        kept[member_id] = mine
        for place in mine:
            holders[place].add(member_id)
    _revoke(kept, holders, fair, sharing)
    _fill(kept, holders, fair, sharing)
    for member_id, mine in kept.items():
        held[member_id].update(dict.fromkeys(mine))


def _revoke(
    kept: dict[str, list[Place]],
    holders: dict[Place, set[str]],
    fair: Mapping[str, int],
    sharing: int,
) -> None:
    """Take partitions from members that have too many, and members from partitions that do."""
    for member_id, mine in kept.items():
        while len(mine) > fair[member_id]:
            place = max(reversed(mine), key=lambda each: len(holders[each]))
            mine.remove(place)
            holders[place].discard(member_id)
    for place, having in holders.items():
        for member_id in sorted(having, key=lambda each: len(kept[each]), reverse=True):
            if len(having) <= sharing:
                break
            having.discard(member_id)
            kept[member_id].remove(place)


def _fill(
    kept: dict[str, list[Place]],
    holders: dict[Place, set[str]],
    fair: Mapping[str, int],
    sharing: int,
) -> None:
    """Give partitions that lack members to members that lack partitions, in turn."""
    lacking = deque(member_id for member_id, mine in kept.items() if len(mine) < fair[member_id])
    for place, having in holders.items():
        for _ in range(len(lacking)):
            if len(having) >= sharing:
                break
            member_id = lacking.popleft()
            if member_id not in having:
                having.add(member_id)
                kept[member_id].append(place)
            if len(kept[member_id]) < fair[member_id]:
                lacking.append(member_id)


def _made(mine: Mapping[Place, None], member: MemberSpec) -> Assignment:
    """Return what a member has; the object from before if that is the same."""
    by_topic: dict[bytes, set[int]] = {}
    for topic_id, partition in mine:
        by_topic.setdefault(topic_id, set()).add(partition)
    made = {topic_id: frozenset(partitions) for topic_id, partitions in by_topic.items()}
    return member.assigned if made == member.assigned else made
