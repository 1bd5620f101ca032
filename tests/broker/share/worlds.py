"""A broker's surroundings for share partitions, in memory: time by hand, logs of headers."""

from typing import Any

from logcore.broker.purgatory import Purgatory
from logcore.broker.share.live import LiveSharePartition, ShareWorld
from logcore.broker.share.sessions import ShareSessions
from logcore.broker.share.settings import ShareSettings
from logcore.broker.share.share_partitions import SharePartitions
from logcore.common.clock import ManualScheduler
from logcore.common.errors import OffsetOutOfRangeError
from logcore.coordinator.share.state import ShareKey
from logcore.replication.partition import Partition
from tests.broker.share.logs import SETTINGS, header
from tests.broker.share.memory_persister import MemoryPersister

TOPIC_ID = b"t" * 16
GROUP = "group"


class HeaderLog:
    """A log of batches without records.

    Attributes:
        start_offset: Its first offset.
        end_offset: The offset after its last.
        error: What reading fails with, if anything.
    """

    def __init__(self) -> None:
        self._batches: list[tuple[int, int]] = []
        self.start_offset = self.end_offset = 0
        self.error: Exception | None = None

    def append(self, count: int) -> None:
        self._batches.append((self.end_offset, self.end_offset + count - 1))
        self.end_offset += count

    @property
    def high_watermark(self) -> int:
        return self.end_offset

    last_stable_offset = high_watermark

    def offset_for(self, timestamp: int) -> tuple[int, int, int] | None:
        return {-1: (-1, self.end_offset, 0), -2: (-1, self.start_offset, 0)}.get(timestamp)

    def read(self, offset: int, max_bytes: int, min_one_batch: bool, _isolation: int) -> Any:
        if self.error is not None:
            raise self.error
        if not self.start_offset <= offset <= self.end_offset:
            raise OffsetOutOfRangeError("out of range")
        data = b"".join(header(*each) for each in self._batches if each[1] >= offset)
        one = len(header(0, 0)) if min_one_batch else 0
        view = data[: max(max_bytes, one)] or None
        return view, self.end_offset, self.end_offset, self.start_offset, []


class Replicas:
    """The partitions of one topic."""

    def __init__(self, count: int = 1) -> None:
        self.failures: list[tuple[Partition, Exception]] = []
        self.logs = [HeaderLog() for _ in range(count)]
        self.partitions = [
            Partition("topic", index, TOPIC_ID, 0, log)  # type: ignore[arg-type]  # its twin
            for index, log in enumerate(self.logs)
        ]

    def name_of(self, topic_id: bytes) -> str | None:
        return "topic" if topic_id == TOPIC_ID else None

    def note_failure(self, partition: Partition, error: Exception) -> None:
        self.failures.append((partition, error))

    def find(self, _topic: str, index: int) -> Partition | None:
        return self.partitions[index] if 0 <= index < len(self.partitions) else None


class World:
    """Share partitions of one topic, with everything around them in reach."""

    def __init__(self, count: int = 1, sessions: int = 10) -> None:
        self.scheduler = ManualScheduler()
        self.purgatory = Purgatory(self.scheduler)
        self.persister = MemoryPersister()
        self.settings: ShareSettings = SETTINGS
        self.replicas = Replicas(count)
        for index in range(count):
            self.persister.begin(self.key(index))
        self.around = ShareWorld(
            self.persister, self.purgatory, self.scheduler, lambda _: self.settings
        )
        self.shares = SharePartitions(
            self.around,
            self.replicas,  # type: ignore[arg-type]  # its twin
            ShareSessions(sessions),
        )

    def key(self, index: int = 0) -> ShareKey:
        return ShareKey(GROUP, TOPIC_ID, index)

    def get(self, index: int = 0) -> LiveSharePartition:
        """Get a share partition in a new turn of the loop."""
        self.scheduler.run_soon()
        live = self.shares.get(self.key(index))
        self.scheduler.run_soon()
        return live


class Peer:
    """A connection that can close."""

    def __init__(self) -> None:
        self.callbacks: dict[Any, None] = {}

    def on_close(self, callback: Any) -> None:
        self.callbacks[callback] = None

    def forget(self, callback: Any) -> None:
        self.callbacks.pop(callback, None)

    def close(self) -> None:
        for callback in list(self.callbacks):
            callback()
