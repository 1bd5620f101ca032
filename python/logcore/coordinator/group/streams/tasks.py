"""Tasks of a topology: what members are to run, what they run, and since which epoch.

A task is a subtopology and one of its partitions. Where it is active, it processes; a standby or
warm-up copy only keeps its state near.
Invariant: values, never changed; a subtopology without partitions is left out, so that equal sets
of tasks are equal.
Neighbours: `member` carries what is owned, `assignor` makes what is wanted.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol, TypeAlias


class TaskId(NamedTuple):
    """One task.

    Attributes:
        subtopology: Which part of the topology.
        partition: Which of its partitions.
    """

    subtopology: str
    partition: int


TaskSets: TypeAlias = Mapping[str, frozenset[int]]
"""Subtopology -> partitions."""

TaskEpochs: TypeAlias = Mapping[str, Mapping[int, int]]
"""Subtopology -> partition -> the epoch in which it was assigned."""

_NO_PARTITIONS: Final[frozenset[int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Tasks:
    """Tasks by what they are there for.

    Attributes:
        active: Those that process.
        standby: Copies that stand by.
        warmup: Copies that catch up, to become active.
    """

    active: TaskSets = field(default_factory=dict)
    standby: TaskSets = field(default_factory=dict)
    warmup: TaskSets = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return not (self.active or self.standby or self.warmup)

    def has_any_of(self, others: "OwnedTasks") -> bool:
        """Whether one of these tasks is among others, as what it is there."""
        return (
            overlap(self.active, others.active)
            or overlap(self.standby, others.standby)
            or overlap(self.warmup, others.warmup)
        )


@dataclass(frozen=True, slots=True)
class OwnedTasks:
    """Tasks that a member has, the active ones with the epoch since which it has them.

    Attributes:
        active: Those that process.
        standby: Copies that stand by.
        warmup: Copies that catch up.
    """

    active: TaskEpochs = field(default_factory=dict)
    standby: TaskSets = field(default_factory=dict)
    warmup: TaskSets = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return not (self.active or self.standby or self.warmup)

    @property
    def active_sets(self) -> TaskSets:
        """The active ones without their epochs."""
        return {name: frozenset(epochs) for name, epochs in self.active.items()}

    def merged(self, others: "OwnedTasks") -> "OwnedTasks":
        """Return these and others."""
        active = {name: dict(epochs) for name, epochs in self.active.items()}
        for name, epochs in others.active.items():
            active.setdefault(name, {}).update(epochs)
        return OwnedTasks(
            active, union(self.standby, others.standby), union(self.warmup, others.warmup)
        )


NOTHING_TO_RUN: Final = Tasks()
NOTHING_OWNED: Final = OwnedTasks()


class WrittenTasks(Protocol):
    """Tasks of one subtopology, as requests and records write them."""

    subtopology_id: str
    partitions: list[int]


def read_sets(written: Iterable[WrittenTasks]) -> dict[str, frozenset[int]]:
    """Read tasks."""
    return {each.subtopology_id: frozenset(each.partitions) for each in written if each.partitions}


def sorted_tasks(tasks: Mapping[str, Collection[int]]) -> list[tuple[str, list[int]]]:
    """Return subtopologies and their partitions, all in order."""
    return [(name, sorted(tasks[name])) for name in sorted(tasks)]


def union(one: TaskSets, other: TaskSets) -> TaskSets:
    """Return the tasks of two."""
    if not other:
        return one
    return {
        name: one.get(name, _NO_PARTITIONS) | other.get(name, _NO_PARTITIONS)
        for name in one.keys() | other.keys()
    }


def overlap(one: Mapping[str, Collection[int]], other: Mapping[str, Collection[int]]) -> bool:
    """Whether two have a task in common."""
    return any(
        partition in other[name]
        for name, partitions in one.items()
        if name in other
        for partition in partitions
    )


def contains(one: Mapping[str, Collection[int]], other: Mapping[str, Collection[int]]) -> bool:
    """Whether every task of another is among these."""
    return all(
        partition in one.get(name, ())
        for name, partitions in other.items()
        for partition in partitions
    )
