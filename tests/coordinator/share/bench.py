"""A share coordinator over logs in memory, which survive a crash and are pruned like a real one."""

from collections.abc import Iterator

from logcore.common.clock import ManualScheduler
from logcore.common.deferred import Deferred
from logcore.coordinator.log import LogEntry
from logcore.coordinator.share.batches import StateBatch
from logcore.coordinator.share.decide import Writing
from logcore.coordinator.share.service import ShareCoordinator
from logcore.coordinator.share.settings import ShareSettings
from logcore.coordinator.share.state import ShareKey, ShareState
from tests.coordinator.memory_log import MemoryLog

TOPIC = b"topic-1---------"
OTHER = b"topic-2---------"
KEY = ShareKey("g", TOPIC, 0)
AVAILABLE, ACKNOWLEDGED, ARCHIVED = 0, 2, 4


class PrunedLog(MemoryLog):
    """A log whose beginning can be deleted."""

    def __init__(self) -> None:
        super().__init__()
        self.starts: dict[int, int] = {}

    def prune(self, partition: int, offset: int) -> Deferred[int]:
        if self.fail_with is not None:
            return Deferred.failed(self.fail_with)
        assert offset <= len(self.partitions[partition])
        self.starts[partition] = offset
        return Deferred.of(offset)

    def read_entries(self, partition: int) -> Iterator[LogEntry]:
        start = self.starts.get(partition, 0)
        yield from (entry for entry in super().read_entries(partition) if entry.offset >= start)


class Bench:
    """A coordinator of one partition, with topics of four partitions each."""

    def __init__(self, **settings: int) -> None:
        self.scheduler = ManualScheduler()
        self.log = PrunedLog()
        self.counts = {TOPIC: 4, OTHER: 4}
        self.settings = ShareSettings(**settings)
        self.start()

    def start(self) -> None:
        self.service = ShareCoordinator(
            log=self.log,
            scheduler=self.scheduler,
            settings=self.settings,
            partition_count_of=lambda topic_id: self.counts.get(topic_id, 0),
            partition_count=lambda: 1,
            prune=self.log.prune,
        )
        self.service.on_elected(0)
        self.scheduler.run_soon()

    def crash(self) -> None:
        self.service.close()
        self.start()

    @property
    def states(self) -> dict[ShareKey, ShareState]:
        return self.service.runtime.shard(0).machine.states

    def begin(self, key: ShareKey = KEY, epoch: int = 1, offset: int = 0) -> None:
        self.service.initialise_one(key, epoch, offset).value()

    def write(self, *batches: tuple[int, ...], key: ShareKey = KEY, **given: int) -> None:
        self.writing(*batches, key=key, **given).value()

    def writing(
        self, *batches: tuple[int, ...], key: ShareKey = KEY, **given: int
    ) -> Deferred[None]:
        asked = {
            "state_epoch": 1, "leader_epoch": 0, "start_offset": -1, "delivery_complete_count": 0,
        } | given  # fmt: skip
        return self.service.write_one(
            key, Writing(**asked, batches=tuple(StateBatch(*each) for each in batches))
        )

    def batches(self, key: ShareKey = KEY) -> list[tuple[int, ...]]:
        return [tuple(batch) for batch in self.states[key].batches]
