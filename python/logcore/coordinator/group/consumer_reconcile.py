"""One step of a member towards its target: what it must give up, gets, or has to wait for.

Three rules make a partition belong to one member at a time. A member that must give partitions up
stays in its epoch until it no longer reports them. A partition that another member still owns is
not handed out. And a partition taken away counts as owned until its owner has confirmed.
Invariant: pure, and idempotent: a step from its own result, with nothing new, is no step.
Neighbours: `consumer` calls it with every heartbeat of a member that is not at its target.
Source: Apache Kafka 4.3, the rules of `CurrentAssignmentBuilder`.
"""

from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from logcore.common.errors import FencedMemberEpochError
from logcore.coordinator.group.assignors import Assignment
from logcore.coordinator.group.consumer_member import NOTHING_OWNED, ConsumerMember, OwnedPartitions
from logcore.coordinator.group.modern_member import MemberState

Reported: TypeAlias = Mapping[bytes, Collection[int]]
"""What a member says that it owns, by topic id."""


class Target(NamedTuple):
    """What a member is to reach.

    Attributes:
        epoch: The epoch of the group's target.
        assignment: The member's part of it.
        topic_ids: The topics the member subscribes to now. Its subscription may be newer than the
            target; what it no longer subscribes to is taken from it all the same.
    """

    epoch: int
    assignment: Assignment
    topic_ids: Container[bytes]


IsOwned: TypeAlias = Callable[[bytes, int], bool]
"""Tells whether any member owns a partition."""


def step(
    member: ConsumerMember,
    target: Target,
    is_owned: IsOwned,
    reported: Reported | None,
    *,
    has_new_subscription: bool = False,
) -> ConsumerMember:
    """Move a member towards its target as far as it can go now.

    Args:
        member: As it is.
        target: Where it is to go.
        is_owned: Tells whether any member owns a partition.
        reported: What the member says that it owns; None if it does not say.
        has_new_subscription: Whether the member has just changed what it subscribes to.

    Returns:
        The member as it is next; itself if there is nothing to do.

    Raises:
        FencedMemberEpochError: If its state is of a later release, and it has to start over.
    """
    if member.state is MemberState.UNKNOWN:
        if reported is None or reported:
            raise FencedMemberEpochError(
                "The consumer group member is in an unknown state. "
                "The member must abandon all its partitions and rejoin."
            )
        member = replace(member, epoch=target.epoch)
    elif member.has_reached(target.epoch) or (
        member.state is MemberState.UNREVOKED and still_owns(reported, member.revoking)
    ):
        return without_unsubscribed(member, target, reported) if has_new_subscription else member
    return next_assignment(member, target, is_owned, reported)


def still_owns(reported: Reported | None, partitions: OwnedPartitions) -> bool:
    """Whether a member owns any of these partitions still, for all we know."""
    if reported is None:
        return True
    return any(
        partition in reported[topic_id]
        for topic_id, numbers in partitions.items()
        if topic_id in reported
        for partition in numbers
    )


def next_assignment(
    member: ConsumerMember, target: Target, is_owned: IsOwned, reported: Reported | None
) -> ConsumerMember:
    """Compare what a member owns with its target: revoke first, then assign what is free."""
    kept: dict[bytes, Mapping[int, int]] = {}
    revoking: dict[bytes, Mapping[int, int]] = {}
    free: dict[bytes, list[int]] = {}
    is_waiting = False
    for topic_id in target.assignment.keys() | member.assigned.keys():
        wanted = target.assignment.get(topic_id, frozenset())
        if topic_id not in target.topic_ids:
            wanted = frozenset()
        owned = member.assigned.get(topic_id, {})
        remaining = {number: epoch for number, epoch in owned.items() if number in wanted}
        lost = {number: epoch for number, epoch in owned.items() if number not in wanted}
        own = member.revoking.get(topic_id, {})
        missing = [number for number in wanted if number not in owned]
        # What this very member has yet to confirm giving up is not held by anybody else.
        available = [
            number for number in missing if number in own or not is_owned(topic_id, number)
        ]
        is_waiting = is_waiting or len(available) < len(missing)
        if remaining:
            kept[topic_id] = remaining
        if lost:
            revoking[topic_id] = lost
        if available:
            free[topic_id] = available
    if revoking and still_owns(reported, revoking):
        return moved(member, member.epoch, MemberState.UNREVOKED, kept, revoking)
    for topic_id, numbers in free.items():
        kept[topic_id] = {**kept.get(topic_id, {}), **dict.fromkeys(numbers, target.epoch)}
    state = MemberState.UNRELEASED if is_waiting else MemberState.STABLE
    return moved(member, target.epoch, state, kept, NOTHING_OWNED)


def without_unsubscribed(
    member: ConsumerMember, target: Target, reported: Reported | None
) -> ConsumerMember:
    """Take away what a member no longer subscribes to, without looking at the rest."""
    gone = {
        topic_id: numbers
        for topic_id, numbers in member.assigned.items()
        if topic_id not in target.topic_ids
    }
    if not gone:
        return member
    kept = {
        topic_id: numbers for topic_id, numbers in member.assigned.items() if topic_id not in gone
    }
    revoking = dict(member.revoking)
    for topic_id, numbers in gone.items():
        revoking[topic_id] = {**revoking.get(topic_id, {}), **numbers}
    if still_owns(reported, revoking):
        return moved(member, member.epoch, MemberState.UNREVOKED, kept, revoking)
    return moved(member, member.epoch, member.state, kept, member.revoking)


def moved(
    member: ConsumerMember,
    epoch: int,
    state: MemberState,
    assigned: OwnedPartitions,
    revoking: OwnedPartitions,
) -> ConsumerMember:
    """Return the member with its next epoch and partitions; itself if nothing changed.

    The epoch it was in until now becomes its previous one, also where it stays the same: a member
    that has been heard of in an epoch need not be let in with the one before.
    """
    made = replace(
        member,
        epoch=epoch,
        previous_epoch=member.epoch,
        state=state,
        assigned=assigned,
        revoking=revoking,
    )
    return member if made == member else made
