"""Committed offsets of one shard: group, topic, partition.

Invariant: no empty dictionary stays behind, so a group is a key exactly while it has offsets. Only
`replay` of an offset record changes it.
Neighbours: `offsets` decides commits, fetches and expiry over it.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from logcore.common.uuids import ZERO_UUID


class CommittedOffset(NamedTuple):
    """What a group committed for a partition.

    Attributes:
        offset: The next offset to consume.
        leader_epoch: The leader epoch of the last record consumed; -1 if not told.
        metadata: What the consumer attached.
        commit_timestamp_ms: When.
        expire_timestamp_ms: When it is to be forgotten, if the commit said so; -1 otherwise.
        topic_id: The topic's id, if it was known; zero otherwise.
        record_offset: Where in the coordinator's log it stands.
    """

    offset: int
    leader_epoch: int = -1
    metadata: str = ""
    commit_timestamp_ms: int = -1
    expire_timestamp_ms: int = -1
    topic_id: bytes = ZERO_UUID
    record_offset: int = -1


TopicOffsets: TypeAlias = dict[str, dict[int, CommittedOffset]]
"""Topic -> partition -> what was committed."""

_NO_OFFSETS: Mapping[str, Mapping[int, CommittedOffset]] = {}


class OffsetStore:
    """Every committed offset of a shard."""

    def __init__(self) -> None:
        self.by_group: dict[str, TopicOffsets] = {}

    def of_group(self, group_id: str) -> Mapping[str, Mapping[int, CommittedOffset]]:
        """Return topic -> partition -> offset of a group; empty if it has none."""
        return self.by_group.get(group_id, _NO_OFFSETS)

    def get(self, group_id: str, topic: str, partition: int) -> CommittedOffset | None:
        """Find one offset."""
        topics = self.by_group.get(group_id)
        partitions = topics.get(topic) if topics is not None else None
        return partitions.get(partition) if partitions is not None else None

    def put(self, group_id: str, topic: str, partition: int, committed: CommittedOffset) -> None:
        """Set one offset."""
        topics = self.by_group.get(group_id)
        if topics is None:
            topics = self.by_group[group_id] = {}
        partitions = topics.get(topic)
        if partitions is None:
            partitions = topics[topic] = {}
        partitions[partition] = committed

    def remove(self, group_id: str, topic: str, partition: int) -> None:
        """Forget one offset; one that is not there is no error."""
        topics = self.by_group.get(group_id)
        partitions = topics.get(topic) if topics is not None else None
        if topics is None or partitions is None:
            return
        partitions.pop(partition, None)
        if not partitions:
            del topics[topic]
        if not topics:
            del self.by_group[group_id]

    def partitions_of(self, group_id: str) -> Iterator[tuple[str, int, CommittedOffset]]:
        """Yield topic, partition and offset of a group."""
        for topic, partitions in self.of_group(group_id).items():
            for partition, committed in partitions.items():
                yield topic, partition, committed

    @property
    def count(self) -> int:
        """How many offsets there are."""
        return sum(len(parts) for topics in self.by_group.values() for parts in topics.values())
