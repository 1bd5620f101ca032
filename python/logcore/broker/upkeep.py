"""Upkeep: what the broker does with its logs from time to time, off the loop's thread.

Invariant: each chore runs by itself and again an interval after it has ended, whatever became of
it; a failure is logged and never stops the next round.
Neighbours: `logcore.log.manager` does the work; `server` starts and stops this.
Source: Apache Kafka 4.3.1, `kafka.log.LogManager.startup` for the chores and their settings.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from logcore.broker.lanes import Lanes
from logcore.common.clock import Scheduler, Timer
from logcore.common.deferred import Deferred
from logcore.log.manager import LogManager

logger = logging.getLogger(__name__)

UPKEEP_LANES: Final = ("upkeep", "compaction")
"""The lanes of the chores, reserved for them; a compaction may take minutes, the others do not."""


@dataclass(frozen=True, slots=True)
class UpkeepIntervals:
    """How often each chore runs, in milliseconds.

    Attributes:
        initial_delay_ms: Before the first round of any chore (``log.initial.task.delay.ms``).
        retention_ms: Retention (``log.retention.check.interval.ms``).
        flush_ms: Flushing what is due; bounded, since sealed segments wait for it too.
        checkpoint_ms: Recovery points (``log.flush.offset.checkpoint.interval.ms``).
        compaction_ms: Looking for a log to compact after none was due (``log.cleaner.backoff.ms``).
        deletion_ms: Removing the files of deleted topics.
    """

    initial_delay_ms: int = 30_000
    retention_ms: int = 300_000
    flush_ms: int = 1_000
    checkpoint_ms: int = 60_000
    compaction_ms: int = 15_000
    deletion_ms: int = 30_000


class Upkeep:
    """Runs the chores of a set of logs.

    Args:
        scheduler: Tells when.
        logs: What to keep up.
        intervals: How often.
        compacts: Whether logs are compacted (``log.cleaner.enable``).
        lanes: The threads that do it, with `UPKEEP_LANES` reserved.
        after: Called after each chore, on the loop's thread.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        logs: LogManager,
        lanes: Lanes,
        intervals: UpkeepIntervals,
        *,
        compacts: bool = True,
        after: Callable[[], object] | None = None,
    ) -> None:
        self._after = after
        self._scheduler = scheduler
        self._logs = logs
        self._lanes = lanes
        self._intervals = intervals
        self._timers: dict[str, Timer] = {}
        self._is_stopped = False
        self._chores: dict[str, tuple[int, Callable[[], object]]] = {
            "retention": (intervals.retention_ms, logs.apply_retention),
            "flush": (intervals.flush_ms, logs.flush_due),
            "checkpoint": (intervals.checkpoint_ms, logs.checkpoint),
            "deletion": (intervals.deletion_ms, logs.remove_deleted),
        }
        if compacts:
            self._chores["compaction"] = (intervals.compaction_ms, self._compact)

    def start(self) -> None:
        """Set the first timer of every chore."""
        for name, (interval_ms, _) in self._chores.items():
            delay_ms = min(interval_ms, self._intervals.initial_delay_ms)
            self._timers[name] = self._scheduler.call_later(delay_ms, self._run, name)

    def stop(self) -> None:
        """Begin no further round."""
        self._is_stopped = True
        for timer in self._timers.values():
            timer.cancel()

    def _run(self, name: str) -> None:
        _, work = self._chores[name]
        lane = name if name in UPKEEP_LANES else UPKEEP_LANES[0]
        self._lanes.run(lane, work).then(lambda done: self._again(name, done))

    def _again(self, name: str, done: Deferred[object]) -> None:
        if self._is_stopped:
            return  # what it found, the closing of the logs finds too
        if done.error is not None:
            logger.error("upkeep of the logs, %s, failed: %s", name, done.error)
        if self._after is not None:
            self._after()
        interval_ms, _ = self._chores[name]
        self._timers[name] = self._scheduler.call_later(interval_ms, self._run, name)

    def _compact(self) -> None:
        """Compact until no log is due, the dirtiest first."""
        while not self._is_stopped and self._logs.compact_due() is not None:
            pass
