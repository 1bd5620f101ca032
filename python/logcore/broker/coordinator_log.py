"""The log of a coordinator, over the partitions of its internal topic.

Invariant: records of one append are one batch, and what `append` reports is as durable as the
topic's settings promise; appends of a partition keep their order, on the loop or off it.
Neighbours: `coordinator.runtime` appends and reads; `replication` has the partitions.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from logcore.broker.lanes import Lanes
from logcore.broker.purgatory import Purgatory
from logcore.common.clock import Clock
from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError, NotEnoughReplicasError
from logcore.coordinator.log import EncodedRecord
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

    def append(self, partition: int, records: Sequence[EncodedRecord]) -> Deferred[int]:
        """Append records as one batch; done with the offset of the first."""
        try:
            led = self._led(partition)
            if led.waits_for_disk or led.pending_appends:
                return self._append_in_lane(led, records)
            first, _ = led.log.append_records(records, led.leader_epoch, self._clock.now_ms())
        except Exception as error:  # noqa: BLE001 - handed on to whoever asks for the offset
            self._note_failure(partition, error)
            return Deferred.failed(error)
        self._purgatory.check(led.key)
        return Deferred.of(first)

    def _led(self, partition: int) -> Partition:
        led = self._replicas.get(self._topic, partition)
        if led.replica_count < led.min_insync_replicas:
            raise NotEnoughReplicasError(
                f"{led} has {led.replica_count} in-sync replicas of {led.min_insync_replicas}"
            )
        return led

    def _append_in_lane(self, led: Partition, records: Sequence[EncodedRecord]) -> Deferred[int]:
        log, epoch, now_ms = led.log, led.leader_epoch, self._clock.now_ms()
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

        self._lanes.run(led.key, lambda: log.append_records(records, epoch, now_ms)).then(finish)
        return answer

    def _note_failure(self, partition: int, error: Exception) -> None:
        led = self._replicas.find(self._topic, partition)
        if led is not None and isinstance(error, KafkaError):
            self._replicas.note_failure(led, error)

    def read_all(self, partition: int) -> Iterator[tuple[int, bytes, bytes | None]]:
        """Yield offset, key and value of every record; those without a key are nobody's."""
        log = self._replicas.get(self._topic, partition).log
        offset = log.start_offset
        while True:
            records, end = log.read_records(offset, READ_BYTES)
            for record in records:
                if record.key is not None:
                    value = record.value
                    yield record.offset, bytes(record.key), None if value is None else bytes(value)
            if end == offset:
                return
            offset = end
