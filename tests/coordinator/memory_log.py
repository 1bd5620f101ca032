"""The twin of a coordinator's log: lists in memory, which fail or wait on request."""

from collections.abc import Iterator, Sequence

from logcore.common.deferred import Deferred
from logcore.coordinator.log import (
    EncodedRecord,
    LogEntry,
    TransactionalProducer,
    TransactionMarker,
)


class MemoryLog:
    """A log that does what a test says.

    Attributes:
        partitions: What each partition holds.
        fail_with: Refuses appends with this, if it is set; `fail_count` of them, or all if None.
        is_held: Whether appends wait for `release`.
    """

    def __init__(self) -> None:
        self.partitions: dict[int, list[EncodedRecord]] = {}
        self.producers: dict[tuple[int, int], TransactionalProducer] = {}
        self.markers: dict[tuple[int, int], TransactionMarker] = {}
        self.fail_with: Exception | None = None
        self.fail_count: int | None = None
        self.is_held = False
        self.held: list[tuple[Deferred[int], int, Sequence[EncodedRecord]]] = []
        self.batches: list[Sequence[EncodedRecord]] = []

    def append(
        self,
        partition: int,
        records: Sequence[EncodedRecord],
        producer: TransactionalProducer | None = None,
    ) -> Deferred[int]:
        assert records, "an append of nothing"
        if producer is not None:
            assert not self.is_held, "transactional appends cannot be held back"
            first = self._write(partition, records)
            for offset in range(first, first + len(records)):
                self.producers[partition, offset] = producer
            return Deferred.of(first)
        if self.fail_with is not None and self.fail_count != 0:
            if self.fail_count is not None:
                self.fail_count -= 1
            return Deferred.failed(self.fail_with)
        if self.is_held:
            waiting: Deferred[int] = Deferred()
            self.held.append((waiting, partition, records))
            return waiting
        return Deferred.of(self._write(partition, records))

    def append_marker(self, partition: int, marker: TransactionMarker) -> Deferred[int]:
        if self.fail_with is not None:
            return Deferred.failed(self.fail_with)
        offset = self._write(partition, [(b"", None)])
        self.markers[partition, offset] = marker
        return Deferred.of(offset)

    def read_entries(self, partition: int) -> Iterator[LogEntry]:
        for offset, (key, value) in enumerate(self.partitions.get(partition, [])):
            marker = self.markers.get((partition, offset))
            producer = self.producers.get((partition, offset))
            if marker is not None:
                yield LogEntry(offset, b"", None, marker.producer_id, marker.is_commit)
            elif producer is not None:
                yield LogEntry(offset, key, value, producer.producer_id)
            else:
                yield LogEntry(offset, key, value)

    def _write(self, partition: int, records: Sequence[EncodedRecord]) -> int:
        log = self.partitions.setdefault(partition, [])
        first = len(log)
        log.extend(records)
        self.batches.append(records)
        return first

    def release(self, error: Exception | None = None) -> None:
        """Let the first append that waits happen, or fail."""
        waiting, partition, records = self.held.pop(0)
        if error is not None:
            waiting.fail(error)
        else:
            waiting.complete(self._write(partition, records))

    def read_all(self, partition: int) -> Iterator[tuple[int, bytes, bytes | None]]:
        for offset, (key, value) in enumerate(self.partitions.get(partition, [])):
            yield offset, key, value

    def compact(self, partition: int) -> list[tuple[int, bytes, bytes | None]]:
        """Return what a cleaner would leave: the last record of each key, tombstones included."""
        last = {key: (offset, value) for offset, key, value in self.read_all(partition)}
        return sorted((offset, key, value) for key, (offset, value) in last.items())
