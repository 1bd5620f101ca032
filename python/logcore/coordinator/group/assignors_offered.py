"""The assignors that the coordinator has, and which of them a group uses.

Invariant: the one that most members ask for; among equals, and where nobody asks, the broker's
order in ``group.consumer.assignors`` decides.
Neighbours: `assignors_range` and `assignors_uniform` are offered.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from logcore.coordinator.group import assignors_range, assignors_uniform
from logcore.coordinator.group.assignors import Assignor

ASSIGNORS: Final[Mapping[str, Assignor]] = {
    assignors_uniform.NAME: assignors_uniform.UniformAssignor(),
    assignors_range.NAME: assignors_range.RangeAssignor(),
}

CLASSES: Final[Mapping[str, str]] = {
    "org.apache.kafka.coordinator.group.assignor.UniformAssignor": assignors_uniform.NAME,
    "org.apache.kafka.coordinator.group.assignor.RangeAssignor": assignors_range.NAME,
}
"""Kafka's classes, by which its configuration may name them too."""


def offered(configured: Sequence[str]) -> list[str]:
    """Return the names of the assignors that the broker offers, the default first."""
    names = [CLASSES.get(each, each) for each in configured]
    known = [name for name in names if name in ASSIGNORS]
    return known or list(ASSIGNORS)


def choose(counts: Mapping[str, int], configured: Sequence[str]) -> Assignor:
    """Return the assignor that most members ask for.

    Args:
        counts: How many members ask for each.
        configured: What the broker's configuration says.
    """
    names = offered(configured)
    return ASSIGNORS[max(names, key=lambda name: counts.get(name, 0))]
