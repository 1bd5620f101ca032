"""The twin of the share coordinator: keeps states in memory, late or never if it is told to."""

from dataclasses import replace
from typing import Any

from logcore.broker.share.persister import ShareChange, ShareState
from logcore.common.deferred import Deferred
from logcore.common.errors import InvalidRequestError, KafkaError
from logcore.coordinator.share.batches import combine
from logcore.coordinator.share.state import ShareKey


class MemoryPersister:
    """Keeps states; `begin` makes one.

    Attributes:
        states: What is kept.
        changes: Every change that was asked for.
        error: What every request fails with, if anything.
        waits: Whether requests wait for `go_on`.
    """

    def __init__(self) -> None:
        self.states: dict[ShareKey, ShareState] = {}
        self.changes: list[ShareChange] = []
        self.error: KafkaError | None = None
        self.waits = False
        self._waiting: list[tuple[Deferred[Any], object]] = []

    def begin(self, key: ShareKey, start_offset: int = 0) -> None:
        self.states[key] = ShareState(0, start_offset)

    def read(self, key: ShareKey, _leader_epoch: int) -> Deferred[ShareState]:
        found = self.states.get(key)
        if found is None:
            return self._answer(InvalidRequestError("not begun"))
        return self._answer(self.error or found)

    def write(self, key: ShareKey, change: ShareChange) -> Deferred[None]:
        self.changes.append(change)
        if self.error is not None:
            return self._answer(self.error)
        kept = self.states[key]
        batches = combine(kept.batches, change.batches, change.start_offset)
        self.states[key] = replace(kept, start_offset=change.start_offset, batches=batches)
        return self._answer(None)

    def _answer(self, outcome: object) -> Deferred[Any]:
        answer: Deferred[Any] = Deferred()
        self._waiting.append((answer, outcome))
        if not self.waits:
            self.go_on()
        return answer

    def go_on(self) -> None:
        """Answer whoever waits."""
        waiting, self._waiting = self._waiting, []
        for answer, outcome in waiting:
            if isinstance(outcome, Exception):
                answer.fail(outcome)
            else:
                answer.complete(outcome)
