"""Markers: what ends a transaction in each of its partitions, and lets or keeps its readers.

Invariant: a marker is appended behind every record of its transaction, because both go the way of
the partition's appends; readers that wait are woken by it, since it moves the last stable offset.
A partition of consumers' offsets gets its marker through the coordinator of groups, which then lets
the offsets count or drops them. A partition that is gone needs none.
Neighbours: `coordinator.transaction` asks for markers, as does the handler of WriteTxnMarkers.
Source: Apache Kafka 4.3.1, `EndTransactionMarker`.
"""

import struct
from collections.abc import Callable
from typing import Final

from logcore.broker.lanes import Lanes
from logcore.broker.purgatory import Purgatory
from logcore.common.clock import Clock
from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError, LogcoreError, NotLeaderOrFollowerError
from logcore.coordinator.log import TransactionMarker
from logcore.replication.manager import ReplicaManager
from logcore.replication.partition import Partition

_KEY: Final = struct.Struct(">hh")
"""Version and type."""
_VALUE: Final = struct.Struct(">hi")
"""Version and the coordinator's epoch."""
_ABORT: Final = 0
_COMMIT: Final = 1
_HEADER_BYTES: Final = 61

EndInGroups = Callable[[int, TransactionMarker], Deferred[None]]
"""Ends a transaction in a partition of consumers' offsets."""
Exists = Callable[[str, int], bool]
"""Whether the metadata has a partition."""


class TransactionMarkers:
    """Writes markers into the partitions of this broker.

    Args:
        replicas: The partitions.
        purgatory: Where fetches wait.
        lanes: Threads for appends that wait for the disk.
        clock: Stamps the markers.
        group_topic: The topic of consumers' offsets.
        end_in_groups: What ends a transaction there.
        exists: Tells a partition that is gone from one that is not served yet.
    """

    def __init__(  # noqa: PLR0913 - its parts, all by keyword
        self,
        *,
        replicas: ReplicaManager,
        purgatory: Purgatory,
        lanes: Lanes,
        clock: Clock,
        group_topic: str,
        end_in_groups: EndInGroups,
        exists: Exists,
    ) -> None:
        self._replicas = replicas
        self._purgatory = purgatory
        self._lanes = lanes
        self._clock = clock
        self._group_topic = group_topic
        self._end_in_groups = end_in_groups
        self._exists = exists

    def write(self, topic: str, index: int, marker: TransactionMarker) -> Deferred[None]:
        """End a transaction in one partition; fails with why that has to be tried again."""
        if not self._exists(topic, index):
            return Deferred.of(None)
        partition = self._replicas.find(topic, index)
        if partition is None:
            return Deferred.failed(NotLeaderOrFollowerError(f"{topic}-{index} is not served here"))
        if topic == self._group_topic:
            return self._end_in_groups(index, marker)
        try:
            appended = append_marker(partition, marker, self._lanes, self._clock.now_ms())
        except LogcoreError as error:
            if isinstance(error, KafkaError):
                self._replicas.note_failure(partition, error)
            return Deferred.failed(error)
        return appended.map(lambda _: self._purgatory.check(partition.key))


def append_marker(
    partition: Partition, marker: TransactionMarker, lanes: Lanes, now_ms: int
) -> Deferred[int]:
    """Append a marker behind all appends of a partition; done with its offset.

    Raises:
        KafkaError: Why it cannot be, where that is known at once.
    """
    log, epoch = partition.log, partition.leader_epoch
    key = _KEY.pack(0, _COMMIT if marker.is_commit else _ABORT)
    value = _VALUE.pack(0, marker.coordinator_epoch)

    def append() -> int:
        first, _ = log.append_control(
            key,
            value,
            epoch,
            now_ms,
            producer_id=marker.producer_id,
            producer_epoch=marker.producer_epoch,
            transaction_version=marker.transaction_version,
        )
        return first

    if not partition.waits_for_disk and not partition.pending_appends:
        return Deferred.of(append())
    partition.pending_appends += 1
    done = lanes.run(partition.key, append)
    done.then(lambda _: _count_down(partition))
    return done


def _count_down(partition: Partition) -> None:
    partition.pending_appends -= 1


def commits(batch: bytes) -> bool | None:
    """Tell whether a control batch commits or aborts; None if it is neither's marker."""
    # length, attributes, timestamp and offset deltas, and the key's length are varints
    position = _HEADER_BYTES
    position = _past_varint(batch, position) + 1
    for _ in range(3):
        position = _past_varint(batch, position)
    if position + _KEY.size > len(batch):
        return None  # compaction leaves batches without a record
    _, kind = _KEY.unpack_from(batch, position)
    return {_ABORT: False, _COMMIT: True}.get(kind)


def _past_varint(batch: bytes, position: int) -> int:
    while position < len(batch) and batch[position] & 0x80:
        position += 1
    return position + 1
