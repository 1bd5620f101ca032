"""Partitions and offsets as users name them.

Invariants: plain tuples; a pair of topic and number is as good as a `TopicPartition`. No negative
offset is committed: it would be kept as none at all.
Neighbours: producers commit offsets with these in transactions, consumers everywhere.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from logcore.common.types import override


class TopicPartition(NamedTuple):
    """A partition of a topic.

    Example:
        >>> TopicPartition("words", 0) == ("words", 0)
        True
        >>> print(TopicPartition("words", 0))
        words-0
    """

    topic: str
    partition: int

    @override
    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


class OffsetAndMetadata(NamedTuple):
    """An offset to commit, or that was committed.

    Attributes:
        offset: The next offset to read.
        metadata: Any text to keep with it.
        leader_epoch: Epoch of the last record read, -1 if unknown.
    """

    offset: int
    metadata: str = ""
    leader_epoch: int = -1


Offsets: TypeAlias = (
    Mapping[TopicPartition, int]
    | Mapping[TopicPartition, OffsetAndMetadata]
    | Mapping[TopicPartition, int | OffsetAndMetadata]
    | Mapping[tuple[str, int], int]
    | Mapping[tuple[str, int], OffsetAndMetadata]
    | Mapping[tuple[str, int], int | OffsetAndMetadata]
)
"""Next offsets to read, by topic and partition, alone or with metadata."""


def with_metadata(offsets: Offsets) -> dict[TopicPartition, OffsetAndMetadata]:
    """Return offsets with what may be committed beside them.

    Raises:
        ValueError: If an offset is negative.

    Example:
        >>> with_metadata({("words", 0): 7})[TopicPartition("words", 0)].offset
        7
    """
    found = {
        TopicPartition(*place): given
        if isinstance(given, OffsetAndMetadata)
        else OffsetAndMetadata(given)
        for place, given in offsets.items()
    }
    for place, known in found.items():
        check_offset(place, known.offset)
    return found


def check_offset(place: tuple[str, int], offset: int) -> None:
    """Refuse an offset that nobody can read on from.

    Raises:
        ValueError: If it is negative.
    """
    if offset < 0:
        raise ValueError(f"{TopicPartition(*place)}: offset {offset} is negative")


class GroupFacts(NamedTuple):
    """What a consumer is in its group; a transaction that commits its offsets shows it."""

    group_id: str
    generation: int = -1
    member_id: str = ""
    instance_id: str | None = None
