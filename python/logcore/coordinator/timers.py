"""Timers of one shard: named, cheap to push back, and run as writes of their group.

A session is pushed back by every heartbeat, so that is the case made cheap: the new deadline is
noted, and the timer that is already set finds out when it fires. Invariant: an operation runs at
most once for each `schedule`, never before its deadline, and not at all once it is cancelled, also
when it already waits behind another write of its group; it does run otherwise, however long it
waits there, as long as the shard is coordinated here.
Neighbours: `runtime` runs what is due; `group/classic*.py` and `group/consumer*.py` set them.
"""

from collections.abc import Callable
from typing import Any, Protocol

from logcore.common.clock import Scheduler, Timer
from logcore.common.deferred import Deferred
from logcore.coordinator.result import NOTHING, CoordinatorResult

Operation = Callable[[], CoordinatorResult[Any]]
RunWrite = Callable[[str, Operation], Deferred[Any]]
"""Runs an operation as a write of a group, in turn with the group's other writes.

It may wait for its turn, but must not be given up meanwhile: the timer would be lost.
"""


class Timers(Protocol):
    """What the protocols of a group see of timers."""

    def schedule(
        self,
        group_id: str,
        name: str,
        delay_ms: int,
        operation: Operation,
        retry_ms: int | None = None,
    ) -> None:
        """Run an operation later, instead of what was scheduled under this name.

        Args:
            group_id: Whose timer it is.
            name: Which of the group's timers, such as ``session/consumer-1``.
            delay_ms: How long to wait.
            operation: What to run, as a write of the group.
            retry_ms: Try again after so long if its records cannot be appended; None: never.
        """

    def cancel(self, group_id: str, name: str) -> None:
        """Forget a timer; one that is not set is no error."""

    def is_set(self, group_id: str, name: str) -> bool:
        """Whether a timer of this name is waiting."""


class _Entry:
    __slots__ = ("deadline_ms", "due_ms", "operation", "retry_ms", "timer")

    def __init__(self, deadline_ms: int, operation: Operation, retry_ms: int | None) -> None:
        self.deadline_ms = deadline_ms
        self.due_ms = deadline_ms
        self.operation = operation
        self.retry_ms = retry_ms
        self.timer: Timer | None = None


class ShardTimers:
    """The timers of one shard.

    Args:
        scheduler: Where time comes from.
        run_write: How an operation that is due is run.
    """

    def __init__(self, scheduler: Scheduler, run_write: RunWrite) -> None:
        self._scheduler = scheduler
        self._run_write = run_write
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._entries)

    def schedule(
        self,
        group_id: str,
        name: str,
        delay_ms: int,
        operation: Operation,
        retry_ms: int | None = None,
    ) -> None:
        """Run an operation later, instead of what was scheduled under this name."""
        deadline_ms = self._scheduler.monotonic_ms() + delay_ms
        key = (group_id, name)
        entry = self._entries.get(key)
        if entry is not None and entry.timer is not None and entry.due_ms <= deadline_ms:
            entry.deadline_ms = deadline_ms
            entry.operation = operation
            entry.retry_ms = retry_ms
            return
        self.cancel(group_id, name)
        entry = self._entries[key] = _Entry(deadline_ms, operation, retry_ms)
        entry.timer = self._scheduler.call_later(delay_ms, self._fire, key, entry)

    def cancel(self, group_id: str, name: str) -> None:
        """Forget a timer."""
        entry = self._entries.pop((group_id, name), None)
        if entry is not None and entry.timer is not None:
            entry.timer.cancel()

    def is_set(self, group_id: str, name: str) -> bool:
        """Whether a timer of this name is waiting."""
        return (group_id, name) in self._entries

    def close(self) -> None:
        """Forget all of them, for good."""
        self._is_closed = True
        for entry in self._entries.values():
            if entry.timer is not None:
                entry.timer.cancel()
        self._entries.clear()

    def _fire(self, key: tuple[str, str], entry: _Entry) -> None:
        entry.timer = None
        left_ms = entry.deadline_ms - self._scheduler.monotonic_ms()
        if left_ms > 0:
            entry.due_ms = entry.deadline_ms
            entry.timer = self._scheduler.call_later(left_ms, self._fire, key, entry)
            return
        done = self._run_write(key[0], lambda: self._take(key, entry))
        if entry.retry_ms is not None:
            done.then(lambda written: self._retry(key, entry, written))

    def _take(self, key: tuple[str, str], entry: _Entry) -> CoordinatorResult[Any]:
        """Run what is due, unless it was cancelled or replaced while it waited for its turn."""
        if self._entries.get(key) is not entry:
            return NOTHING
        del self._entries[key]
        return entry.operation()

    def _retry(self, key: tuple[str, str], entry: _Entry, written: Deferred[Any]) -> None:
        if self._is_closed or written.error is None or key in self._entries:
            return
        assert entry.retry_ms is not None, "asked for only where it says how long to wait"
        self.schedule(*key, entry.retry_ms, entry.operation, entry.retry_ms)
