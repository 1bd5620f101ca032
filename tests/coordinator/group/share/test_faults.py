"""Both coordinators die at any step: between any two appends, and with the last answered or not.

Invariant: every state that the share coordinator has is known to the group coordinator, every
partition that may be assigned has a state, and whatever was begun can be done to its end.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from logcore.common.deferred import Deferred
from logcore.coordinator.log import EncodedRecord, TransactionalProducer
from logcore.protocol.messages.alter_share_group_offsets import (
    AlterShareGroupOffsetsRequest,
    AlterShareGroupOffsetsRequestPartition,
    AlterShareGroupOffsetsRequestTopic,
)
from logcore.protocol.messages.delete_share_group_offsets import (
    DeleteShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsRequestTopic,
)
from tests.coordinator.group.share.sharing import GROUP, SESSION_MS, ShareCluster
from tests.coordinator.memory_log import MemoryLog
from tests.coordinator.share.bench import PrunedLog

STEPS_MAX = 60
RETRY_MS = 30_000


class Budget:
    """How many appends happen, in both logs, before everything stands still."""

    def __init__(self) -> None:
        self.left = STEPS_MAX
        self.is_last_written = True

    def take(self, write: Callable[[], int]) -> Deferred[int]:
        """Write, or not, and never answer once nothing is left."""
        self.left -= 1
        if self.left > 0:
            return Deferred.of(write())
        if self.left == 0 and self.is_last_written:
            write()
        return Deferred()


class MortalLog(PrunedLog):
    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self.budget = budget

    def append(
        self,
        partition: int,
        records: Sequence[EncodedRecord],
        producer: TransactionalProducer | None = None,
    ) -> Deferred[int]:
        assert producer is None
        return self.budget.take(lambda: MemoryLog._write(self, partition, records))


class Mortal(ShareCluster):
    """A cluster of which one budget is the life."""

    def __init__(self) -> None:
        self.budget = Budget()
        super().__init__({"foo": 2, "bar": 1})
        self.log = MortalLog(self.budget)
        self.states.bench.log = MortalLog(self.budget)
        self.crash()

    def live(self, steps: int, *, is_last_written: bool) -> None:
        self.budget.left, self.budget.is_last_written = steps, is_last_written

    def check(self) -> None:
        """Compare what the two coordinators know."""
        group = self.shard.state.groups.get(GROUP)
        known = None if group is None else self.group().partitions
        there = {(key.topic_id, key.partition) for key in self.states.bench.states}
        if known is None:
            assert not there
            return
        for topic_id, partition in there:
            is_known = partition in known.partitions_of(topic_id) or topic_id in known.deleting
            assert is_known, "a state that nobody knows of"
        for topic_id, topic in known.initialized.items():
            for partition in topic.partitions:
                assert (topic_id, partition) in there, "a partition without its state"


def scenario(cluster: Mortal) -> list[Deferred[Any]]:
    """Do all there is to do with a group; return what was asked, in order."""
    asked: list[Deferred[Any]] = []

    def ask(deferred: Deferred[Any]) -> bool:
        asked.append(deferred)
        return deferred.is_done

    offsets = AlterShareGroupOffsetsRequest(
        group_id=GROUP,
        topics=[
            AlterShareGroupOffsetsRequestTopic(
                topic_name="foo",
                partitions=[AlterShareGroupOffsetsRequestPartition(start_offset=3)],
            )
        ],
    )
    gone = DeleteShareGroupOffsetsRequest(
        group_id=GROUP, topics=[DeleteShareGroupOffsetsRequestTopic(topic_name="bar")]
    )
    steps: list[Callable[[], Deferred[Any]]] = [
        lambda: cluster.beating("m", 0, "foo", "bar"),
        lambda: cluster.beating("m", -1),
        lambda: cluster.service.share_offsets.alter(offsets),
        lambda: cluster.service.share_offsets.delete(gone),
        lambda: cluster.service.delete_groups([GROUP]),
    ]
    for step in steps:
        if not ask(step()):
            break
    return asked


@pytest.mark.parametrize("is_last_written", [True, False])
def test_death_at_any_step(is_last_written: bool):
    for steps in range(1, STEPS_MAX):
        cluster = Mortal()
        cluster.live(steps, is_last_written=is_last_written)
        asked = scenario(cluster)
        is_through = all(each.is_done for each in asked)
        cluster.live(1_000, is_last_written=True)
        cluster.crash()
        cluster.check()
        cluster.scheduler.advance(max(RETRY_MS, SESSION_MS) + 1)
        assert all(each.is_done for each in scenario(cluster))
        cluster.check()
        assert not cluster.states.bench.states
        assert not cluster.shard.state.groups
        if is_through:
            assert steps > 10
            return
    raise AssertionError("the scenario has no end")
