"""The log of a coordinator, over the partitions of its internal topic.

Invariant: records of one append are one batch, and what `append` reports is as durable as the
topic's settings promise; appends of a partition keep their order, on the loop or off it.
Neighbours: `coordinator.runtime` appends and reads; `replication` has the partitions.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from logcore.broker.lanes import Lanes
from logcore.broker.purgatory import Purgatory
from logcore.broker.transaction_markers import append_marker, commits
from logcore.common.clock import Clock
from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError, LogcoreError, NotEnoughReplicasError
from logcore.coordinator.log import (
    EncodedRecord,
    LogEntry,
    TransactionalProducer,
    TransactionMarker,
)
from logcore.replication.manager import ReplicaManager
from logcore.replication.partition import Partition

READ_BYTES: Final = 262_144
"""How much of the log is decoded at once while it is loaded: some milliseconds of work."""


class PartitionCoordinatorLog:
    """A coordinator's log in the partitions of a topic.

    Args:
        topic: The internal topic.
        replicas: The partitions of this broker.
        purgatory: Where fetches of the topic wait for its records.
        lanes: Threads for appends that wait for the disk.
        clock: Stamps the records.
    """

    def __init__(
        self, topic: str, replicas: ReplicaManager, purgatory: Purgatory, lanes: Lanes, clock: Clock
    ) -> None:
        self._topic = topic
        self._replicas = replicas
        self._purgatory = purgatory
        self._lanes = lanes
        self._clock = clock

    def append(
        self,
        partition: int,
        records: Sequence[EncodedRecord],
        producer: TransactionalProducer | None = None,
    ) -> Deferred[int]:
        """Append records as one batch; done with the offset of the first."""
        try:
            led = self._led(partition)
            append = functools.partial(
                led.log.append_records, records, led.leader_epoch, self._clock.now_ms()
            )
            if producer is not None:
                append.keywords.update(producer._asdict())
            if led.waits_for_disk or led.pending_appends:
                return self._append_in_lane(led, append)
            first, _ = append()
        except Exception as error:  # noqa: BLE001 - handed on to whoever asks for the offset
            self._note_failure(partition, error)
            return Deferred.failed(error)
        self._purgatory.check(led.key)
        return Deferred.of(first)

    def append_marker(self, partition: int, marker: TransactionMarker) -> Deferred[int]:
        """End a transaction in a partition; done with the marker's offset."""
        try:
            led = self._led(partition)
            return append_marker(led, marker, self._lanes, self._clock.now_ms()).map(
                functools.partial(self._ended, led)
            )
        except LogcoreError as error:
            self._note_failure(partition, error)
            return Deferred.failed(error)

    def _ended(self, led: Partition, offset: int) -> int:
        self._purgatory.check(led.key)
        return offset

    def _led(self, partition: int) -> Partition:
        led = self._replicas.get(self._topic, partition)
        if led.replica_count < led.min_insync_replicas:
            raise NotEnoughReplicasError(
                f"{led} has {led.replica_count} in-sync replicas of {led.min_insync_replicas}"
            )
        return led

    def _append_in_lane(
        self, led: Partition, append: Callable[[], tuple[int, int]]
    ) -> Deferred[int]:
        led.pending_appends += 1
        answer: Deferred[int] = Deferred()

        def finish(done: Deferred[tuple[int, int]]) -> None:
            led.pending_appends -= 1
            if done.error is not None:
                self._note_failure(led.index, done.error)
                answer.fail(done.error)
                return
            self._purgatory.check(led.key)
            answer.complete(done.value()[0])

        self._lanes.run(led.key, append).then(finish)
        return answer

    def _note_failure(self, partition: int, error: Exception) -> None:
        led = self._replicas.find(self._topic, partition)
        if led is not None and isinstance(error, KafkaError):
            self._replicas.note_failure(led, error)

    def read_entries(self, partition: int) -> Iterator[LogEntry]:
        """Yield every record and every end of a transaction; records without a key are nobody's."""
        log = self._replicas.get(self._topic, partition).log
        offset = log.start_offset
        while batches := log.read_batches(offset, READ_BYTES):
            for batch in batches:
                if batch.is_control:
                    is_commit = commits(bytes(batch))
                    if is_commit is not None:
                        yield LogEntry(batch.base_offset, b"", None, batch.producer_id, is_commit)
                    continue
                producer_id = batch.producer_id if batch.is_transactional else -1
                for record in batch.records():
                    if record.key is not None:
                        yield LogEntry(record.offset, record.key, record.value, producer_id)
            offset = batches[-1].last_offset + 1
