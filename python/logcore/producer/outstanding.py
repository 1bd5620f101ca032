"""Batches whose outcome is not known yet: what `flush` and `close` wait for.

Invariant: a batch is in here from when its first record is taken until it is completed or failed;
one that was prepared, but that no record needed, leaves at once.
Neighbours: `async_producer` has tickets made here; `delivery` has the outcomes.
"""

from collections.abc import Generator
from typing import Any

from logcore.producer.delivery import BatchResult


class Outstanding:
    """The batches of one producer. Tickets are made by any thread."""

    def __init__(self) -> None:
        self._results: set[BatchResult] = set()

    def __len__(self) -> int:
        return len(self._results)

    def new(self) -> BatchResult:
        """Make the ticket of a batch."""
        result = BatchResult()
        results = self._results
        results.add(result)
        result.when_done(lambda: results.discard(result))
        return result

    async def until_decided(self) -> None:
        """Wait for the outcomes of all batches that are in here now."""
        for result in list(self._results):
            await _Outcome(result)


class _Outcome:
    """A batch's outcome as something to await."""

    def __init__(self, result: BatchResult) -> None:
        self._result = result

    def __await__(self) -> Generator[Any, None, None]:
        return self._result.until_done()
