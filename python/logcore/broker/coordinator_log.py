"""The log of a coordinator, over the partitions of its internal topic.

Invariant: records go into the log as one batch, with the leader epoch of the partition, and are
acknowledged when the log has them as safe as the topic promises; readers that wait for the
partition are woken.
Neighbours: `logcore.coordinator.log` is the seam that this fills; `server` puts the two together.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from logcore.broker.lanes import Lanes
from logcore.broker.purgatory import Purgatory
from logcore.common.clock import Clock
from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError
from logcore.coordinator.log import EncodedRecord
from logcore.replication.manager import ReplicaManager
from logcore.replication.partition import Partition

_READ_BYTES: Final = 1 << 20


class PartitionCoordinatorLog:
    """Appends to and reads the partitions of one internal topic.

    Args:
        topic: The topic's name.
        replicas: Where its partitions are.
        purgatory: Where readers of it wait.
        lanes: Threads for appends that wait for the disk.
        clock: For timestamps.
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
        """Append records as one batch; see `logcore.coordinator.log.CoordinatorLog`."""
        try:
            held = self._replicas.get(self._topic, partition)
            log, epoch, now_ms = held.log, held.leader_epoch, self._clock.now_ms()
            if held.waits_for_disk or held.pending_appends:
                return self._append_in_lane(
                    held, lambda: log.append_records(records, epoch, now_ms)
                )
            first_offset, _ = log.append_records(records, epoch, now_ms)
        except KafkaError as error:
            return Deferred.failed(error)
        self._purgatory.check(held.key)
        return Deferred.of(first_offset)

    def _led(self, partition: int) -> Partition:
        led = self._replicas.get(self._topic, partition)
        if led.replica_count < led.min_insync_replicas:
            raise NotEnoughReplicasError(
                f"{led} has {led.replica_count} in-sync replicas of {led.min_insync_replicas}"
            )
        return led

    def _append_in_lane(
        self, held: Partition, append: Callable[[], tuple[int, int]]
    ) -> Deferred[int]:
        held.pending_appends += 1

        def finish(appended: Deferred[tuple[int, int]]) -> None:
            held.pending_appends -= 1
            if appended.error is None:
                self._purgatory.check(held.key)

        appended = self._lanes.run(held.key, append)
        appended.then(finish)
        return appended.map(lambda offsets: offsets[0])

    def read_all(self, partition: int) -> Iterator[tuple[int, bytes, bytes | None]]:
        """Yield every record that is not a control record, from the start of the log to its end."""
        log = self._replicas.get(self._topic, partition).log
        offset, end_offset = log.start_offset, log.end_offset
        while offset < end_offset:
            records, next_offset = log.read_records(offset, _READ_BYTES)
            for record in records:
                if record.key is not None:
                    yield record.offset, record.key, record.value
            if next_offset <= offset:
                return
            offset = next_offset
