"""The seam between a coordinator and the partitions it keeps its state in.

Invariant: offsets that `append` gives grow, and `read_all` yields what was appended, in order, with
compacted records possibly missing.
Neighbours: `broker.coordinator_log` fills it with real partitions; tests with a list that fails on
request.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from logcore.common.deferred import Deferred

EncodedRecord = tuple[bytes, bytes | None]
"""Key and value as the log holds them; no value is a tombstone."""


class CoordinatorLog(Protocol):
    """Where the records of a coordinator go."""

    def append(self, partition: int, records: Sequence[EncodedRecord]) -> Deferred[int]:
        """Append records as one batch.

        Args:
            partition: Which partition of the internal topic.
            records: At least one.

        Returns:
            The offset of the first of them, once they are as safe as the topic promises. It fails
            with an error of the log if they are not.
        """

    def read_all(self, partition: int) -> Iterator[tuple[int, bytes, bytes | None]]:
        """Yield offset, key and value of every record, from the start of the log to its end."""
