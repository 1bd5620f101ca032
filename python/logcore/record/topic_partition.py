"""`TopicPartition`: how clients name a partition.

Invariant: a value, equal to a plain tuple of the same two.
Neighbours: consumers, producers and administration take and return it.
"""

from typing import NamedTuple

from logcore.common.types import override


class TopicPartition(NamedTuple):
    """A partition of a topic.

    Attributes:
        topic: The topic's name.
        partition: The partition's number in it.

    Example:
        >>> print(TopicPartition("orders", 3))
        orders-3
    """

    topic: str
    partition: int

    @override
    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"
