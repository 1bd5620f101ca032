"""Keeps the logs of the share coordinator short.

The topic is not compacted: what lies before the oldest snapshot that is still needed is deleted. A
key that nobody changes would hold its old place for ever, so its state is written again after a
while, at the end of the log.
Invariant: nothing is deleted that a state needs, by the word of the shard that holds it.
Neighbours: `service` makes one; `broker` deletes the records.
Source: Apache Kafka 4.3, the periodic jobs of `ShareCoordinatorService`.
"""

import logging
from collections.abc import Callable

from logcore.common.clock import Scheduler, Timer
from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError
from logcore.coordinator.result import CoordinatorResult
from logcore.coordinator.runtime import CoordinatorRuntime
from logcore.coordinator.share import decide
from logcore.coordinator.share.decide import Terms
from logcore.coordinator.share.settings import ShareSettings
from logcore.coordinator.share.shard import ShareShard
from logcore.coordinator.share.state import ShareKey, ShareState

logger = logging.getLogger(__name__)

Prune = Callable[[int, int], Deferred[int]]
"""Deletes the records of a partition below an offset; done with where the log begins then."""


class Tending:
    """Prunes the logs and writes cold states again, each at its interval.

    Args:
        runtime: Runs the shards.
        scheduler: Tells when.
        settings: How often.
        prune: Deletes records.
    """

    def __init__(
        self,
        *,
        runtime: CoordinatorRuntime[ShareShard],
        scheduler: Scheduler,
        settings: ShareSettings,
        prune: Prune,
    ) -> None:
        self._runtime = runtime
        self._scheduler = scheduler
        self._settings = settings
        self._prune = prune
        self._pruned: dict[int, int] = {}
        self._timers: dict[str, Timer] = {}
        self._schedule_prune()
        self._schedule_snapshots()

    def forget(self, partition: int) -> None:
        """Forget how far a partition was pruned: it is another's now."""
        self._pruned.pop(partition, None)

    def close(self) -> None:
        """Begin no further round."""
        for timer in self._timers.values():
            timer.cancel()

    def _schedule_prune(self) -> None:
        delay_ms = self._settings.share_coordinator_state_topic_prune_interval_ms
        self._timers["prune"] = self._scheduler.call_later(delay_ms, self._prune_all)

    def _schedule_snapshots(self) -> None:
        delay_ms = self._settings.share_coordinator_cold_partition_snapshot_interval_ms
        self._timers["snapshots"] = self._scheduler.call_later(delay_ms, self._snapshot_all)

    def _prune_all(self) -> None:
        for partition, shard in self._runtime.machines():
            offset = shard.first_needed
            if offset > self._pruned.get(partition, 0):
                self._prune_one(partition, offset)
        self._schedule_prune()

    def _prune_one(self, partition: int, offset: int) -> None:
        def note(done: Deferred[int]) -> None:
            if done.error is None:
                self._pruned[partition] = offset
            elif isinstance(done.error, KafkaError):
                logger.warning("share states of partition %d not pruned: %s", partition, done.error)
            else:
                logger.error("share states of partition %d not pruned: %r", partition, done.error)

        self._prune(partition, offset).then(note)

    def _snapshot_all(self) -> None:
        """Write the states again that nobody changed for an interval; not if all are like that."""
        now_ms = self._scheduler.now_ms()
        for partition, shard in self._runtime.machines():
            if all(state.is_cold for state in shard.states.values()):
                continue
            for key, state in list(shard.states.items()):
                if self._is_due(state, now_ms):
                    self._snapshot(partition, key)
        self._schedule_snapshots()

    def _is_due(self, state: ShareState, now_ms: int) -> bool:
        interval_ms = self._settings.share_coordinator_cold_partition_snapshot_interval_ms
        return now_ms - state.written_ms >= interval_ms

    def _snapshot(self, partition: int, key: ShareKey) -> None:
        def again(shard: ShareShard) -> CoordinatorResult[None]:
            now_ms = self._scheduler.now_ms()
            state = shard.states.get(key)
            if state is None or not self._is_due(state, now_ms):
                return CoordinatorResult()
            return CoordinatorResult([decide.snapshot_again(key, state, Terms(now_ms, 0))])

        self._runtime.write(partition, key.text, again)
