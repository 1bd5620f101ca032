"""Partitioners: a program's own choice of the partition of a record.

Invariant: what is chosen is a partition that there is, or the record is refused with a
`PartitionerError`; a record whose partition was given is not asked about.
Neighbours: `outgoing` asks; those that have names (`config`) are the engine's, and cost no call.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from logcore.common.errors import PartitionerError


@dataclass(frozen=True, slots=True)
class Partitions:
    """The partitions of a topic, as far as they are known.

    Attributes:
        count: How many there are, numbered from 0.
        available: Those that have a leader now, in order.
    """

    count: int
    available: tuple[int, ...]


class Partitioner(Protocol):
    """A function that chooses a partition (Kafka's `Partitioner`).

    It is called on the thread that sends, by any number of threads at once, for each record without
    a partition of its own; so it is slower than those that have names.

    Example:
        >>> def by_first_letter(topic, key, value, partitions):
        ...     return key[0] % partitions.count
    """

    def __call__(
        self, topic: str, key: bytes | None, value: bytes | None, partitions: Partitions, /
    ) -> int:
        """Return the partition for a record.

        Args:
            topic: Where it goes.
            key: Its key, serialized.
            value: Its value, serialized.
            partitions: The topic's partitions.
        """


def choose(
    partitioner: Partitioner,
    topic: str,
    key: bytes | None,
    value: bytes | None,
    partitions: Partitions,
) -> int:
    """Ask a partitioner.

    Raises:
        PartitionerError: If it raises, or chooses what is not there.
    """
    try:
        chosen = operator.index(partitioner(topic, key, value, partitions))
    except Exception as error:
        message = f"the partitioner failed on a record for {topic}, which is not sent: {error!r}"
        raise PartitionerError(message, topic=topic) from error
    if not 0 <= chosen < partitions.count:
        raise PartitionerError(
            f"the partitioner chose partition {chosen} of {topic}, which has "
            f"{partitions.count}, from 0 on: the record is not sent",
            topic=topic,
        )
    return chosen


PartitionsOf = Callable[[str], Partitions | None]
"""Tells the partitions of a topic; None if they are not known yet."""
