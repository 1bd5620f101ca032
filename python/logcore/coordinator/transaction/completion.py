"""Completing what is decided: a marker into every partition, then the Complete record.

Invariant: once a Prepare record is in the log its transaction is completed, by this coordinator or
by the one that loads the log next; what fails is tried again, a marker at most once for each
success. Complete is written only when every partition has its marker.
Neighbours: `service` begins completions; the seam `Markers` reaches the partitions.
"""

import logging
from typing import Final, Protocol

from logcore.common.clock import Scheduler
from logcore.common.deferred import Deferred, gather
from logcore.common.errors import (
    InvalidProducerEpochError,
    KafkaError,
    TransactionCoordinatorFencedError,
)
from logcore.coordinator.log import TransactionMarker
from logcore.coordinator.result import NOTHING, CoordinatorRecord, CoordinatorResult
from logcore.coordinator.runtime import CoordinatorRuntime
from logcore.coordinator.transaction.shard import TransactionShard
from logcore.coordinator.transaction.state import TopicPartition, Transaction, TransactionState

logger = logging.getLogger(__name__)

RETRY_MS: Final = 100
"""How long to wait before what failed is tried again."""


class Markers(Protocol):
    """What reaches the partitions of a transaction."""

    def write(self, topic: str, index: int, marker: TransactionMarker) -> Deferred[None]:
        """End a transaction in one partition; fails with why that has to be tried again."""


class LeaderEpoch(Protocol):
    """Tells the epoch in which this broker coordinates a partition."""

    def __call__(self, partition: int) -> int:
        """Return the leader epoch of a partition of ``__transaction_state``."""


class Completion:
    """Completes transactions.

    Args:
        runtime: Has their states.
        markers: Reaches their partitions.
        leader_epoch: The coordinator's epoch, by partition.
        scheduler: The clock and its timers.
    """

    def __init__(
        self,
        *,
        runtime: CoordinatorRuntime[TransactionShard],
        markers: Markers,
        leader_epoch: LeaderEpoch,
        scheduler: Scheduler,
    ) -> None:
        self._runtime = runtime
        self._markers = markers
        self._leader_epoch = leader_epoch
        self._scheduler = scheduler
        self._under_way: set[tuple[int, str]] = set()

    def begin(self, partition: int, transactional_id: str) -> None:
        """Complete a transaction whose end is decided; one that is under way goes on."""
        transaction = self._find(partition, transactional_id)
        if transaction is None or (partition, transactional_id) in self._under_way:
            return
        self._under_way.add((partition, transactional_id))
        self._mark(partition, transaction, transaction.partitions)

    def forget(self, partition: int) -> None:
        """Let go of a partition that is coordinated elsewhere from now on."""
        self._under_way = {each for each in self._under_way if each[0] != partition}

    def forget_one(self, partition: int, transactional_id: str) -> None:
        """Let go of one, whose state is being loaded anew."""
        self._under_way.discard((partition, transactional_id))

    def _find(self, partition: int, transactional_id: str) -> Transaction | None:
        """Return a transaction if its end is decided and this broker coordinates it."""
        try:
            transactions = self._runtime.shard(partition).machine.transactions
        except KafkaError:
            return None
        transaction = transactions.get(transactional_id)
        return transaction if transaction is not None and transaction.state.is_preparing else None

    def _mark(
        self, partition: int, transaction: Transaction, left: frozenset[TopicPartition]
    ) -> None:
        marker = TransactionMarker(
            producer_id=transaction.producer_id,
            producer_epoch=transaction.producer_epoch,
            is_commit=transaction.state is TransactionState.PREPARE_COMMIT,
            coordinator_epoch=self._leader_epoch(partition),
            transaction_version=transaction.client_version,
        )
        asked = sorted(left)
        written = [self._markers.write(topic, index, marker) for topic, index in asked]
        gather(written).then(
            lambda done: self._marked(
                partition,
                transaction,
                frozenset(
                    each
                    for each, write in zip(asked, done.value(), strict=True)
                    if self._must_retry(each, transaction, write)
                ),
            )
        )

    def _must_retry(
        self, where: TopicPartition, transaction: Transaction, write: Deferred[None]
    ) -> bool:
        error = write.error
        if error is None:
            return False
        name = transaction.transactional_id
        if isinstance(error, InvalidProducerEpochError | TransactionCoordinatorFencedError):
            # A newer marker, or a newer producer, stands there: the transaction is over.
            logger.warning("the marker of %r is too late for %s-%d: %s", name, *where, error)
            return False
        logger.info("the marker of %r for %s-%d is tried again: %s", name, *where, error)
        return True

    def _marked(
        self, partition: int, transaction: Transaction, left: frozenset[TopicPartition]
    ) -> None:
        key = (partition, transaction.transactional_id)
        if key not in self._under_way:
            return  # coordinated elsewhere, or loaded anew, by now
        if left:
            self._scheduler.call_later(RETRY_MS, self._retry_marks, key, transaction, left)
        else:
            self._complete(key, transaction)

    def _retry_marks(
        self, key: tuple[int, str], transaction: Transaction, left: frozenset[TopicPartition]
    ) -> None:
        if key in self._under_way and self._find(*key) == transaction:
            self._mark(key[0], transaction, left)
        else:
            self._over(key)

    def _complete(self, key: tuple[int, str], transaction: Transaction) -> None:
        partition, transactional_id = key

        def complete(shard: TransactionShard) -> CoordinatorResult[None]:
            current = shard.transactions.get(transactional_id)
            if current != transaction:
                return NOTHING
            completed = current.completed(self._scheduler.now_ms())
            return CoordinatorResult([CoordinatorRecord(transactional_id, completed)])

        def finished(written: Deferred[None]) -> None:
            if key not in self._under_way:
                return
            if written.error is None or self._find(*key) != transaction:
                self._over(key)
                return
            logger.warning("the end of %r cannot be noted: %s", transactional_id, written.error)
            self._scheduler.call_later(RETRY_MS, self._retry_complete, key, transaction)

        self._runtime.write(partition, transactional_id, complete).then(finished)

    def _retry_complete(self, key: tuple[int, str], transaction: Transaction) -> None:
        if key in self._under_way and self._find(*key) == transaction:
            self._complete(key, transaction)
        else:
            self._over(key)

    def _over(self, key: tuple[int, str]) -> None:
        """Let go of a transaction that is complete, and begin with one that was prepared since."""
        if key in self._under_way:
            self._under_way.discard(key)
            self.begin(*key)
