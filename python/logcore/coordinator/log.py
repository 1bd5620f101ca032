"""The seam between a coordinator and the partitions it keeps its state in.

Invariant: offsets that `append` gives grow, and `read_entries` yields what was appended, in order,
with compacted records possibly missing. Records that were appended inside of a transaction come
back with its producer, and its end as an entry of its own, so that whoever reads can tell what
counts.
Neighbours: `broker.coordinator_log` fills it with real partitions; tests with a list that fails on
request.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from logcore.common.deferred import Deferred

EncodedRecord = tuple[bytes, bytes | None]
"""Key and value as the log holds them; no value is a tombstone."""

NO_PRODUCER_ID = -1


class TransactionalProducer(NamedTuple):
    """In whose transaction records are appended.

    Attributes:
        producer_id: The producer.
        producer_epoch: Its epoch.
        verification: The guard with which the transaction's coordinator was asked.
    """

    producer_id: int
    producer_epoch: int
    verification: int = 0


class TransactionMarker(NamedTuple):
    """The end of a producer's transaction in one partition.

    Attributes:
        producer_id: The producer.
        producer_epoch: The epoch that ends it.
        is_commit: Whether it is committed, not aborted.
        coordinator_epoch: Epoch of the coordinator that decided so.
        transaction_version: The version of transactions it was decided under.
    """

    producer_id: int
    producer_epoch: int
    is_commit: bool
    coordinator_epoch: int
    transaction_version: int = 0


class LogEntry(NamedTuple):
    """What stands in a log: a record, or the end of a transaction.

    Attributes:
        offset: Where.
        key: The record's key; empty for the end of a transaction.
        value: The record's value.
        producer_id: In whose transaction; -1 for none.
        is_commit: How the transaction ends; None for a record.
    """

    offset: int
    key: bytes
    value: bytes | None
    producer_id: int = NO_PRODUCER_ID
    is_commit: bool | None = None


class CoordinatorLog(Protocol):
    """Where the records of a coordinator go."""

    def append(
        self,
        partition: int,
        records: Sequence[EncodedRecord],
        producer: TransactionalProducer | None = None,
    ) -> Deferred[int]:
        """Append records as one batch.

        Args:
            partition: Which partition of the internal topic.
            records: At least one.
            producer: In whose transaction, if in one.

        Returns:
            The offset of the first of them, once they are as safe as the topic promises. It fails
            with an error of the log if they are not.
        """

    def append_marker(self, partition: int, marker: TransactionMarker) -> Deferred[int]:
        """End a transaction in a partition; returns the marker's offset as `append` does."""

    def read_entries(self, partition: int) -> Iterator[LogEntry]:
        """Yield every entry, from the start of the log to its end."""
