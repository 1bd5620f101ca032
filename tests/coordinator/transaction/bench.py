"""A transaction coordinator over logs in memory, and partitions that keep what markers do to them.

A crash drops the coordinator with everything it has in memory; the logs stay.
"""

from dataclasses import dataclass, field
from typing import Any

from logcore.common.clock import ManualScheduler
from logcore.common.deferred import Deferred
from logcore.common.errors import InvalidProducerEpochError, KafkaError
from logcore.coordinator.log import TransactionMarker
from logcore.coordinator.transaction.end import End
from logcore.coordinator.transaction.partitions import Addition
from logcore.coordinator.transaction.producer import Expected
from logcore.coordinator.transaction.service import ProducerIdentity, TransactionCoordinator
from logcore.coordinator.transaction.settings import TransactionSettings
from logcore.coordinator.transaction.state import Transaction, TransactionState
from tests.coordinator.memory_log import MemoryLog

ID = "tx"
TIMEOUT_MS = 60_000
P0, P1, P2 = ("t", 0), ("t", 1), ("u", 0)


@dataclass
class DataPartition:
    """One partition with the rules of the log: epochs fence, markers end what is open."""

    entries: list[tuple[int, int, Any]] = field(default_factory=list)
    """Producer id, epoch, and a value or how the transaction ends (True or False)."""
    epochs: dict[int, int] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)

    def append(self, identity: ProducerIdentity, value: str) -> None:
        producer_id, epoch = identity
        if epoch < self.epochs.get(producer_id, -1):
            raise InvalidProducerEpochError
        self.epochs[producer_id] = epoch
        self.open.add(producer_id)
        self.entries.append((producer_id, epoch, value))

    def mark(self, marker: TransactionMarker) -> None:
        known = self.epochs.get(marker.producer_id, -1)
        is_open = marker.producer_id in self.open
        is_same_stale = marker.transaction_version >= 2 and is_open
        epoch = marker.producer_epoch
        if epoch < known or (epoch == known and is_same_stale):
            raise InvalidProducerEpochError
        self.epochs[marker.producer_id] = epoch
        self.open.discard(marker.producer_id)
        self.entries.append((marker.producer_id, epoch, marker.is_commit))

    def is_open(self, identity: ProducerIdentity) -> bool:
        return identity.producer_id in self.open and (
            self.epochs[identity.producer_id] == identity.producer_epoch
        )

    def committed(self) -> list[str]:
        """Return what a reader of committed records sees, in order, up to what is undecided."""
        seen: list[str] = []
        for position, (producer_id, _, value) in enumerate(self.entries):
            if isinstance(value, bool):
                continue
            later = self.entries[position:]
            end = next((v for p, _, v in later if p == producer_id and isinstance(v, bool)), None)
            if end is None:
                break
            if end:
                seen.append(value)
        return seen


class Partitions:
    """The partitions that markers reach; they fail or are gone on request."""

    def __init__(self) -> None:
        self.by_place: dict[tuple[str, int], DataPartition] = {}
        self.fail_with: dict[tuple[str, int], KafkaError] = {}
        self.is_held = False
        self.held: list[Deferred[None]] = []
        self.markers: list[tuple[str, int, TransactionMarker]] = []

    def __getitem__(self, place: tuple[str, int]) -> DataPartition:
        return self.by_place.setdefault(place, DataPartition())

    def write(self, topic: str, index: int, marker: TransactionMarker) -> Deferred[None]:
        error = self.fail_with.get((topic, index))
        if error is not None:
            return Deferred.failed(error)
        try:
            self[topic, index].mark(marker)
        except KafkaError as late:
            return Deferred.failed(late)
        self.markers.append((topic, index, marker))
        if self.is_held:
            self.held.append(Deferred())
            return self.held[-1]
        return Deferred.of(None)


class Bench:
    """The coordinator, and what clients and tests do with it."""

    def __init__(self, version: int = 2, partition_count: int = 1, **settings: int) -> None:
        self.scheduler = ManualScheduler()
        self.log = MemoryLog()
        self.partitions = Partitions()
        self.version = version
        self.partition_count = partition_count
        self.settings = TransactionSettings(**settings)
        self.producer_ids = iter(range(1000, 100_000))
        self.leader_epoch = 0
        self.service = self._start()

    def _start(self) -> TransactionCoordinator:
        service = TransactionCoordinator(
            log=self.log,
            scheduler=self.scheduler,
            settings=self.settings,
            markers=self.partitions,
            next_producer_id=lambda: Deferred.of(next(self.producer_ids)),
            leader_epoch=lambda partition: self.leader_epoch,  # noqa: ARG005 - named by its caller
            partition_count=lambda: self.partition_count,
            version=lambda: self.version,
        )
        for partition in range(self.partition_count):
            service.on_elected(partition)
        self.scheduler.run_soon()
        return service

    def crash(self) -> None:
        """Lose what is in memory, and begin again with what the logs have."""
        self.service.close()
        self.partitions.held.clear()
        self.log.held.clear()
        self.leader_epoch += 1
        self.service = self._start()

    def find(self, transactional_id: str = ID) -> Transaction | None:
        partition = self.service.partition_for(transactional_id)
        return self.service.runtime.shard(partition).machine.transactions.get(transactional_id)

    def state(self) -> TransactionState:
        found = self.find()
        assert found is not None
        return found.state

    def init(
        self,
        transactional_id: str = ID,
        expected: Expected | None = None,
        timeout_ms: int = TIMEOUT_MS,
    ) -> ProducerIdentity:
        return self.service.initialise(transactional_id, timeout_ms, expected).value()

    def add(
        self,
        identity: ProducerIdentity,
        *places: tuple[str, int],
        transactional_id: str = ID,
        version: int | None = None,
    ) -> None:
        client_version = self.version if version is None else version
        wanted = Addition(*identity, frozenset(places), client_version, 0)
        self.service.add_partitions(transactional_id, wanted).value()

    def ending(
        self,
        identity: ProducerIdentity,
        *,
        is_commit: bool,
        transactional_id: str = ID,
        version: int | None = None,
    ) -> Deferred[ProducerIdentity]:
        client_version = self.version if version is None else version
        asked = End(*identity, is_commit, client_version, None, 0)
        return self.service.end(transactional_id, asked)

    def commit(self, identity: ProducerIdentity, **more: Any) -> ProducerIdentity:
        return self.ending(identity, is_commit=True, **more).value()

    def abort(self, identity: ProducerIdentity, **more: Any) -> ProducerIdentity:
        return self.ending(identity, is_commit=False, **more).value()

    def write(
        self, identity: ProducerIdentity, place: tuple[str, int], value: str, **more: Any
    ) -> None:
        """Write as the broker does: ask the coordinator first, unless it is open there already."""
        partition = self.partitions[place]
        if not partition.is_open(identity):
            if self.version >= 2:
                self.add(identity, place, **more)
            else:
                missing = self.service.missing_partitions(
                    more.get("transactional_id", ID), identity, frozenset({place})
                )
                if missing:
                    raise InvalidProducerEpochError("not added")
        partition.append(identity, value)
