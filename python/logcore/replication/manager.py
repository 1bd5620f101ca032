"""`ReplicaManager`: the partitions of this broker, kept in step with the metadata.

Invariant: a partition is served exactly while the metadata has it; its log is created with the
topic's id before the first record, and the log of a topic that was deleted and made again is not
taken for the new one's. No policy here: it only maps partitions to logs.
Neighbours: `broker.server` feeds it the metadata's changes; handlers look partitions up.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from logcore.common.errors import (
    InvalidArgumentError,
    KafkaError,
    KafkaStorageError,
    UnknownTopicOrPartitionError,
)
from logcore.log.manager import LogManager, PartitionLog
from logcore.replication.partition import Partition

logger = logging.getLogger(__name__)


class PartitionFacts(Protocol):
    """What the metadata says of a partition."""

    @property
    def partition_id(self) -> int:
        """Its number in the topic."""

    @property
    def leader_epoch(self) -> int:
        """The epoch of its leader."""


class TopicFacts(Protocol):
    """What the metadata says of a topic."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def topic_id(self) -> bytes:
        """Its id, 16 bytes."""

    @property
    def partitions(self) -> Iterable[PartitionFacts]:
        """Its partitions."""


class ReplicaManager:
    """The partitions of this broker.

    Args:
        logs: Where their logs are.
    """

    def __init__(self, logs: LogManager) -> None:
        self.logs = logs
        self._partitions: dict[str, dict[int, Partition]] = {}
        self._names: dict[bytes, str] = {}
        self._watchers: list[Callable[[], object]] = []
        self._failed: set[tuple[str, int]] = set()

    def get(self, topic: str, index: int) -> Partition:
        """Find a partition.

        Raises:
            UnknownTopicOrPartitionError: If this broker does not have it.
        """
        partition = self.find(topic, index)
        if partition is None:
            raise UnknownTopicOrPartitionError(f"this broker does not host {topic}-{index}")
        return partition

    def find(self, topic: str, index: int) -> Partition | None:
        """Find a partition, None if this broker does not have it."""
        partitions = self._partitions.get(topic)
        return None if partitions is None else partitions.get(index)

    def name_of(self, topic_id: bytes) -> str | None:
        """Find the name of a topic by its id."""
        return self._names.get(topic_id)

    def __iter__(self) -> Iterator[Partition]:
        for partitions in self._partitions.values():
            yield from partitions.values()

    def of_topic(self, topic: str) -> Iterable[Partition]:
        """Return the partitions of a topic, none if there is no such topic."""
        return self._partitions.get(topic, {}).values()

    def host(self, topics: Iterable[TopicFacts], *, is_new: bool) -> None:
        """Serve the partitions of topics, creating logs that are not there, all together.

        Args:
            topics: What the metadata says of each.
            is_new: Whether no log of the added partitions can exist yet.
        """
        added: list[tuple[TopicFacts, PartitionFacts]] = []
        for topic in topics:
            partitions = self._partitions.setdefault(topic.name, {})
            self._names[topic.topic_id] = topic.name
            for facts in topic.partitions:
                held = partitions.get(facts.partition_id)
                if held is None:
                    added.append((topic, facts))
                else:
                    held.leader_epoch = facts.leader_epoch
        wanted = [(topic.name, facts.partition_id, topic.topic_id) for topic, facts in added]
        logs = self._open_all(wanted, is_new=is_new)
        for (topic, facts), log in zip(added, logs, strict=True):
            self._partitions[topic.name][facts.partition_id] = Partition(
                topic.name, facts.partition_id, topic.topic_id, facts.leader_epoch, log
            )

    def _open_all(
        self, wanted: Sequence[tuple[str, int, bytes]], *, is_new: bool
    ) -> Sequence[PartitionLog | KafkaError]:
        """Open logs together; if that fails, one by one, so that one's fault is not another's."""
        try:
            for topic, index, topic_id in wanted:
                self._make_way(topic, index, topic_id)
            return self.logs.get_or_create_all(wanted, is_new)
        except (KafkaError, InvalidArgumentError):
            return [self._open(*one, is_new=is_new) for one in wanted]

    def _make_way(self, topic: str, index: int, topic_id: bytes) -> None:
        """Delete the log of an earlier topic of the name, which a stop had kept from going."""
        found_id = self.logs.topic_id(topic, index)
        if found_id is not None and found_id != topic_id:
            self.logs.delete(topic, index)

    def _open(
        self, topic: str, index: int, topic_id: bytes, *, is_new: bool
    ) -> PartitionLog | KafkaError:
        try:
            self._make_way(topic, index, topic_id)
            return self.logs.get_or_create(topic, index, topic_id, is_new)
        except (KafkaError, InvalidArgumentError) as error:
            logger.error("%s-%d cannot be served: %s", topic, index, error)  # noqa: TRY400
            return error if isinstance(error, KafkaError) else KafkaStorageError(str(error))

    def configure(self, topic: str, *, min_insync_replicas: int, waits_for_disk: bool) -> None:
        """Note the settings of a topic that are asked for on every append.

        Args:
            topic: Its name.
            min_insync_replicas: How many replicas acks=all asks for.
            waits_for_disk: Whether an append may wait for an fsync.
        """
        for partition in self.of_topic(topic):
            partition.min_insync_replicas = min_insync_replicas
            partition.waits_for_disk = waits_for_disk

    def note_failure(self, partition: Partition, error: KafkaError) -> None:
        """Say once in the log that a partition's storage failed; other errors are the client's."""
        if isinstance(error, KafkaStorageError) and partition.key not in self._failed:
            self._failed.add(partition.key)
            logger.error("%s cannot be read or written: %s", partition, error)
            for watcher in self._watchers:
                watcher()

    def when_storage_fails(self, watcher: Callable[[], object]) -> None:
        """Call back when a partition's storage has failed."""
        self._watchers.append(watcher)

    def fail(self, keys: Iterable[tuple[str, int]], error: KafkaStorageError) -> list[Partition]:
        """Serve some partitions no more, because their storage is gone; return those there are."""
        found = [each for each in (self.find(*key) for key in keys) if each is not None]
        for partition in found:
            partition.fail(error)
            self._failed.add(partition.key)
        return found

    def drop(self, topic: str, topic_id: bytes) -> list[Partition]:
        """Stop serving a topic and delete its logs; return what was served."""
        return self.drop_all([(topic, topic_id)])

    def drop_all(self, topics: Iterable[tuple[str, bytes]]) -> list[Partition]:
        """Stop serving topics, by name and id, and delete their logs; return what was served."""
        dropped: list[Partition] = []
        for topic, topic_id in topics:
            self._names.pop(topic_id, None)
            dropped += self._partitions.pop(topic, {}).values()
        keys = [partition.key for partition in dropped]
        self._failed.difference_update(keys)
        try:
            self.logs.delete_all(keys)
        except (KafkaError, InvalidArgumentError):
            for key in keys:
                self._delete(key)
        return dropped

    def _delete(self, key: tuple[str, int]) -> None:
        """Delete a log by itself, if it has not been deleted."""
        if self.logs.get(*key) is None:
            return
        try:
            self.logs.delete_all([key])
        except (KafkaError, InvalidArgumentError) as error:
            logger.error("the log of %s-%d cannot be deleted: %s", *key, error)  # noqa: TRY400
