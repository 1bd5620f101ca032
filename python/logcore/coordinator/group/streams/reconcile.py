"""One step of a member towards its target: what it must give up, gets, or has to wait for.

A member that must give tasks up stays in its epoch until it no longer reports them. An active task
is handed out once no process has it active and its own process has no copy of it; a copy, once its
own process has the task in no way. A task taken away counts as held until its holder has confirmed.
Invariant: pure, and idempotent: a step from its own result, with nothing new, is no step.
Neighbours: `heartbeat` calls it for every member that is not at its target.
Source: Apache Kafka 4.3, the rules of `streams.CurrentAssignmentBuilder`.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from logcore.common.errors import FencedMemberEpochError
from logcore.coordinator.group.modern_member import MemberState
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.tasks import (
    NOTHING_OWNED,
    OwnedTasks,
    TaskEpochs,
    Tasks,
    TaskSets,
)


class Holders(Protocol):
    """Which processes have which tasks now."""

    def active_process(self, subtopology: str, partition: int) -> str | None:
        """Return the process where a task is active, if it is anywhere."""

    def has_copy(self, process_id: str, subtopology: str, partition: int) -> bool:
        """Whether a process has a standby or warm-up copy of a task."""


class Target(NamedTuple):
    """What a member is to reach.

    Attributes:
        epoch: The epoch of the group's target.
        tasks: The member's part of it.
    """

    epoch: int
    tasks: Tasks


_IsHeld = Callable[[str, int], bool]


def step(
    member: StreamsMember, target: Target, holders: Holders, reported: Tasks | None
) -> StreamsMember:
    """Move a member towards its target as far as it can go now.

    Args:
        member: As it is.
        target: Where it is to go.
        holders: Which processes have which tasks.
        reported: What the member says that it has; None if it does not say.

    Returns:
        The member as it is next; itself if there is nothing to do.

    Raises:
        FencedMemberEpochError: If its state is of a later release, and it has to start over.
    """
    epoch = member.epoch
    if member.state is MemberState.UNKNOWN:
        if reported is None or not reported.is_empty:
            raise FencedMemberEpochError(
                "The streams group member is in a unknown state. "
                "The member must abandon all its tasks and rejoin."
            )
        epoch = target.epoch
    elif member.has_reached(target.epoch):
        return member
    elif member.state is MemberState.UNREVOKED:
        if reported is None or reported.has_any_of(member.revoking):
            return member
        epoch += 1
    made = next_assignment(member, epoch, target, holders, reported)
    return member if made == member else made


def next_assignment(
    member: StreamsMember, epoch: int, target: Target, holders: Holders, reported: Tasks | None
) -> StreamsMember:
    """Compare what a member has with its target: revoke first, then assign what is free."""
    process_id = member.process_id

    def is_held_as_active(subtopology: str, partition: int) -> bool:
        return holders.active_process(subtopology, partition) is not None or holders.has_copy(
            process_id, subtopology, partition
        )

    def is_held_here(subtopology: str, partition: int) -> bool:
        return holders.active_process(subtopology, partition) == process_id or holders.has_copy(
            process_id, subtopology, partition
        )

    owned, tasks = member.assigned, target.tasks
    active = difference(owned.active, tasks.active, target.epoch, is_held_as_active)
    standby = set_difference(owned.standby, tasks.standby, is_held_here)
    warmup = set_difference(owned.warmup, tasks.warmup, is_held_here)
    kept = OwnedTasks(active.kept, standby.kept, warmup.kept)
    revoking = OwnedTasks(active.lost, standby.lost, warmup.lost)
    free = OwnedTasks(active.free, standby.free, warmup.free)
    if not revoking.is_empty and (reported is None or reported.has_any_of(revoking)):
        return member.moved(epoch, MemberState.UNREVOKED, kept, revoking)
    is_waiting = active.is_waiting or standby.is_waiting or warmup.is_waiting
    state = MemberState.UNRELEASED if is_waiting else MemberState.STABLE
    return member.moved(target.epoch, state, kept.merged(free), NOTHING_OWNED)


class Difference(NamedTuple):
    """What lies between active tasks that are owned and those that are wanted.

    Attributes:
        kept: Owned and wanted.
        lost: Owned and not wanted.
        free: Wanted, and to be had now.
        is_waiting: Whether others are wanted that somebody has.
    """

    kept: TaskEpochs
    lost: TaskEpochs
    free: TaskEpochs
    is_waiting: bool


class SetDifference(NamedTuple):
    """What lies between copies that are owned and those that are wanted: as `Difference`."""

    kept: TaskSets
    lost: TaskSets
    free: TaskSets
    is_waiting: bool


def difference(owned: TaskEpochs, wanted: TaskSets, epoch: int, is_held: _IsHeld) -> Difference:
    """Compare active tasks; what is free is assigned in an epoch."""
    kept: dict[str, dict[int, int]] = {}
    lost: dict[str, dict[int, int]] = {}
    free: dict[str, dict[int, int]] = {}
    is_waiting = False
    for name, epochs in owned.items():
        target = wanted.get(name, frozenset())
        for partition, since in epochs.items():
            where = kept if partition in target else lost
            where.setdefault(name, {})[partition] = since
    for name, partitions in wanted.items():
        for partition in partitions - frozenset(owned.get(name, ())):
            if is_held(name, partition):
                is_waiting = True
            else:
                free.setdefault(name, {})[partition] = epoch
    return Difference(kept, lost, free, is_waiting)


def set_difference(owned: TaskSets, wanted: TaskSets, is_held: _IsHeld) -> SetDifference:
    """Compare copies."""
    epochs = {name: dict.fromkeys(partitions, 0) for name, partitions in owned.items()}
    kept, lost, free, is_waiting = difference(epochs, wanted, 0, is_held)
    return SetDifference(as_sets(kept), as_sets(lost), as_sets(free), is_waiting)


def as_sets(tasks: TaskEpochs) -> TaskSets:
    """Return tasks without their epochs."""
    return {name: frozenset(epochs) for name, epochs in tasks.items()}
