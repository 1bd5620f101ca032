"""The transaction coordinator as the broker calls it.

Requests about one transactional id run one after another, each from decision to durable record.
One that finds the end of the transaction before still under way is told CONCURRENT_TRANSACTIONS,
and comes again.
Invariant: nothing is answered that is not in the log; what is prepared is completed, also by the
next coordinator that loads the log; a producer that is fenced stays so.
Neighbours: the handlers of `broker` call it after asking the authorizer; `runtime` runs the shards;
`producer`, `partitions` and `end` decide; `completion` writes markers.
"""

import logging
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from logcore.common.clock import Scheduler
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    ConcurrentTransactionsError,
    CoordinatorLoadInProgressError,
    InvalidRequestError,
    InvalidTransactionTimeoutError,
    KafkaError,
    TransactionalIdNotFoundError,
)
from logcore.coordinator.hashing import partition_for
from logcore.coordinator.log import CoordinatorLog, TransactionMarker
from logcore.coordinator.result import NOTHING, CoordinatorRecord, CoordinatorResult
from logcore.coordinator.runtime import CoordinatorRuntime
from logcore.coordinator.transaction import end, partitions, producer
from logcore.coordinator.transaction.completion import Completion, LeaderEpoch, Markers
from logcore.coordinator.transaction.end import End, abort_unasked
from logcore.coordinator.transaction.listing import described, filter_of, listed
from logcore.coordinator.transaction.partitions import Addition
from logcore.coordinator.transaction.producer import (
    Expected,
    Initialisation,
    needs_producer_id,
)
from logcore.coordinator.transaction.settings import TransactionSettings
from logcore.coordinator.transaction.shard import TransactionShard
from logcore.coordinator.transaction.state import (
    TopicPartition,
    Transaction,
    TransactionState,
)
from logcore.protocol.messages import describe_transactions
from logcore.protocol.messages.list_transactions import (
    ListTransactionsRequest,
    ListTransactionsResponse,
)

logger = logging.getLogger(__name__)

R = TypeVar("R")

Decide = Callable[[Transaction | None, "int | None", int], Transaction | None]
"""From what is known, a fresh producer id if there is one, and the time, to the next step."""


class ProducerIdentity(NamedTuple):
    """A transactional id's producer.

    Attributes:
        producer_id: Its id.
        producer_epoch: Its epoch.
    """

    producer_id: int
    producer_epoch: int


class TransactionCoordinator:
    """Coordinates the transactional ids whose partitions this broker leads.

    Args:
        log: Where records go.
        scheduler: The clock and its timers.
        settings: The coordinator's settings.
        markers: Reaches the partitions of transactions.
        next_producer_id: Gets an id nobody has.
        leader_epoch: The coordinator's epoch, by partition.
        partition_count: Returns how many partitions ids are spread over.
        version: Returns the version of transactions in force (the feature's level).

    Attributes:
        runtime: Runs the shards.
    """

    def __init__(  # noqa: PLR0913 - its parts, all by keyword
        self,
        *,
        log: CoordinatorLog,
        scheduler: Scheduler,
        settings: TransactionSettings,
        markers: Markers,
        next_producer_id: Callable[[], Deferred[int]],
        leader_epoch: LeaderEpoch,
        partition_count: Callable[[], int],
        version: Callable[[], int],
    ) -> None:
        self._scheduler = scheduler
        self._markers = markers
        self._settings = settings
        self._next_producer_id = next_producer_id
        self._partition_count = partition_count
        self._version = version
        self.runtime: CoordinatorRuntime[TransactionShard] = CoordinatorRuntime(
            log=log, scheduler=scheduler, make_machine=lambda _: self._make_shard()
        )
        self._completion = Completion(
            runtime=self.runtime,
            markers=markers,
            leader_epoch=leader_epoch,
            scheduler=scheduler,
        )
        self._schedule_aborts()
        self._schedule_expiry()

    def _make_shard(self) -> TransactionShard:
        return TransactionShard(lambda: min(1, self._version()), self._resume)

    # ------------------------------------------------------------ partitions of the log

    def partition_for(self, transactional_id: str) -> int:
        """Return the partition of ``__transaction_state`` that an id belongs to."""
        return partition_for(transactional_id, self._partition_count())

    def on_elected(self, partition: int) -> Deferred[int]:
        """Begin to coordinate a partition; done with the number of records loaded."""
        return self.runtime.load(partition)

    def on_resigned(self, partition: int) -> None:
        """Stop coordinating a partition."""
        self.runtime.unload(partition)
        self._completion.forget(partition)

    def close(self) -> None:
        """Stop coordinating everything; whoever waits is answered."""
        self.runtime.close()

    def _resume(self, transactional_ids: list[str]) -> None:
        """Go on with what the coordinator before had decided."""
        for transactional_id in transactional_ids:
            partition = self.partition_for(transactional_id)
            self._completion.forget_one(partition, transactional_id)
            self._scheduler.call_soon(self._completion.begin, partition, transactional_id)

    # ------------------------------------------------------------ producers

    def initialise(
        self, transactional_id: str, timeout_ms: int, expected: Expected | None
    ) -> Deferred[ProducerIdentity]:
        """Give a transactional id its producer id and epoch (InitProducerId).

        What is open is aborted first; the client is told to come again meanwhile.
        """
        if not transactional_id:
            return Deferred.failed(InvalidRequestError("the transactional id is empty"))
        if not 0 < timeout_ms <= self._settings.transaction_max_timeout_ms:
            return Deferred.failed(
                InvalidTransactionTimeoutError(
                    f"a transaction may be open for {self._settings.transaction_max_timeout_ms} "
                    f"ms at most (transaction.max.timeout.ms), not {timeout_ms}"
                )
            )
        version = self._version()

        def decide(
            transaction: Transaction | None, fresh_producer_id: int | None, now_ms: int
        ) -> Transaction:
            wanted = Initialisation(timeout_ms, expected, fresh_producer_id, version, now_ms)
            return producer.initialise(transactional_id, transaction, wanted)

        def answer(transaction: Transaction) -> ProducerIdentity:
            if transaction.state is not TransactionState.EMPTY:
                raise ConcurrentTransactionsError("the transaction that was open is being aborted")
            return ProducerIdentity(transaction.producer_id, transaction.producer_epoch)

        return self._step(transactional_id, decide).map(answer)

    def end(self, transactional_id: str, asked: End) -> Deferred[ProducerIdentity]:
        """Commit or abort (EndTxn); answered with what the producer goes on with."""
        if not transactional_id:
            return Deferred.failed(InvalidRequestError("the transactional id is empty"))

        def decide(
            transaction: Transaction | None, fresh_producer_id: int | None, now_ms: int
        ) -> Transaction | None:
            told = asked._replace(fresh_producer_id=fresh_producer_id, now_ms=now_ms)
            return end.end(transaction, told)

        return self._step(transactional_id, decide).map(identity_after)

    def _step(self, transactional_id: str, decide: Decide) -> Deferred[Transaction]:
        """Make the next step of an id, with a fresh producer id where one may be wanted."""
        partition = self.partition_for(transactional_id)
        try:
            transaction = self.runtime.read(
                partition, lambda shard: shard.transactions.get(transactional_id)
            )
        except KafkaError as error:
            return Deferred.failed(error)
        if not needs_producer_id(transaction):
            return self._write(partition, transactional_id, decide, None)
        stepped: Deferred[Transaction] = Deferred()

        def go_on(fresh: Deferred[int]) -> None:
            if fresh.error is not None:
                stepped.fail(fresh.error)
                return
            written = self._write(partition, transactional_id, decide, fresh.value())
            written.then(lambda done: hand_on(done, stepped))

        self._next_producer_id().then(go_on)
        return stepped

    def _write(
        self,
        partition: int,
        transactional_id: str,
        decide: Decide,
        fresh_producer_id: int | None,
    ) -> Deferred[Transaction]:
        """Decide and append; begin to complete what is prepared; answer with what is now."""

        def operate(shard: TransactionShard) -> CoordinatorResult[Transaction]:
            transaction = shard.transactions.get(transactional_id)
            step = decide(transaction, fresh_producer_id, self._scheduler.now_ms())
            if step is None:
                return CoordinatorResult((), transaction)
            return CoordinatorResult(
                [CoordinatorRecord(transactional_id, step)],
                step,
                lambda _: self._completion.begin(partition, transactional_id),
            )

        return self.runtime.write(partition, transactional_id, operate)

    # ------------------------------------------------------------ partitions of transactions

    def add_partitions(self, transactional_id: str, wanted: Addition) -> Deferred[None]:
        """Let partitions take part in a transaction (AddPartitionsToTxn)."""
        if not transactional_id:
            return Deferred.failed(InvalidRequestError("the transactional id is empty"))

        def decide(
            transaction: Transaction | None, fresh_producer_id: int | None, now_ms: int
        ) -> Transaction | None:
            del fresh_producer_id
            return partitions.add(transaction, wanted._replace(now_ms=now_ms))

        partition = self.partition_for(transactional_id)
        return self._write(partition, transactional_id, decide, None).map(lambda _: None)

    def add_partitions_patiently(self, transactional_id: str, wanted: Addition) -> Deferred[None]:
        """Add partitions for a producer that cannot ask again itself: wait for a while.

        The end of its transaction before may be under way still.
        """
        added: Deferred[None] = Deferred()
        until_ms = (
            self._scheduler.monotonic_ms()
            + self._settings.add_partitions_to_txn_retry_backoff_max_ms
        )

        def attempt() -> None:
            self.add_partitions(transactional_id, wanted).then(look)

        def look(done: Deferred[None]) -> None:
            backoff_ms = self._settings.add_partitions_to_txn_retry_backoff_ms
            may_wait = self._scheduler.monotonic_ms() + backoff_ms <= until_ms
            if may_wait and isinstance(done.error, ConcurrentTransactionsError):
                self._scheduler.call_later(backoff_ms, attempt)
            else:
                hand_on(done, added)

        attempt()
        return added

    def missing_partitions(
        self,
        transactional_id: str,
        identity: ProducerIdentity,
        asked: frozenset[TopicPartition],
    ) -> frozenset[TopicPartition]:
        """Return which partitions do not take part in a producer's transaction.

        Raises:
            KafkaError: Why the producer has none that it could write to.
        """
        if not transactional_id:
            raise InvalidRequestError("the transactional id is empty")
        return self.runtime.read(
            self.partition_for(transactional_id),
            lambda shard: partitions.missing(
                shard.transactions.get(transactional_id), *identity, asked
            ),
        )

    # ------------------------------------------------------------ administration

    def write_marker(self, topic: str, index: int, marker: TransactionMarker) -> Deferred[None]:
        """End a transaction in one partition, by the word of another (WriteTxnMarkers)."""
        return self._markers.write(topic, index, marker)

    def describe(self, transactional_id: str) -> describe_transactions.TransactionState:
        """Describe one (DescribeTransactions).

        Raises:
            KafkaError: Why it cannot be told of.
        """
        if not transactional_id:
            raise InvalidRequestError("the transactional id is empty")
        transaction = self.runtime.read(
            self.partition_for(transactional_id),
            lambda shard: shard.transactions.get(transactional_id),
        )
        if transaction is None:
            raise TransactionalIdNotFoundError(f"{transactional_id} is not known")
        return described(transaction)

    def list(self, request: ListTransactionsRequest) -> ListTransactionsResponse:
        """List those that are wanted (ListTransactions).

        Raises:
            KafkaError: Why they cannot be listed.
        """
        wanted, unknown = filter_of(request)
        if self.runtime.loading_count:
            raise CoordinatorLoadInProgressError
        now_ms = self._scheduler.now_ms()
        return ListTransactionsResponse(
            unknown_state_filters=unknown,
            transaction_states=[
                each
                for _, shard in self.runtime.machines()
                for each in listed(shard.transactions.values(), wanted, now_ms)
            ],
        )

    # ------------------------------------------------------------ what happens by itself

    def _schedule_aborts(self) -> None:
        interval_ms = self._settings.transaction_abort_timed_out_transaction_cleanup_interval_ms
        self._scheduler.call_later(interval_ms, self._abort_timed_out)

    def _abort_timed_out(self) -> None:
        """Abort transactions that are open for longer than their producers asked for."""
        now_ms = self._scheduler.now_ms()
        for _, shard in self.runtime.machines():
            for transaction in list(shard.transactions.values()):
                if transaction.is_timed_out(now_ms):
                    self._abort(transaction)
        self._schedule_aborts()

    def _abort(self, found: Transaction) -> None:
        version = self._version()

        def decide(
            transaction: Transaction | None, fresh_producer_id: int | None, now_ms: int
        ) -> Transaction | None:
            if transaction is None or not transaction.is_timed_out(now_ms):
                return None
            return abort_unasked(transaction, version, fresh_producer_id, now_ms)

        def note(done: Deferred[Transaction]) -> None:
            if done.error is not None:
                logger.warning("%r timed out, and cannot be aborted: %s", name, done.error)
            else:
                logger.info("the transaction of %r timed out and is aborted", name)

        name = found.transactional_id
        self._step(name, decide).then(note)

    def _schedule_expiry(self) -> None:
        interval_ms = self._settings.transaction_remove_expired_transaction_cleanup_interval_ms
        self._scheduler.call_later(interval_ms, self._expire_all)

    def _expire_all(self) -> None:
        """Forget ids that were not used for too long."""
        for partition, shard in self.runtime.machines():
            for transactional_id, transaction in list(shard.transactions.items()):
                if self._is_expired(transaction):
                    self._expire(partition, transactional_id)
        self._schedule_expiry()

    def _is_expired(self, transaction: Transaction) -> bool:
        idle_ms = self._scheduler.now_ms() - transaction.updated_ms
        return transaction.state.is_idle and (
            idle_ms >= self._settings.transactional_id_expiration_ms
        )

    def _expire(self, partition: int, transactional_id: str) -> None:
        def forget(shard: TransactionShard) -> CoordinatorResult[None]:
            transaction = shard.transactions.get(transactional_id)
            if transaction is None or not self._is_expired(transaction):
                return NOTHING
            return CoordinatorResult([CoordinatorRecord(transactional_id, None)])

        self.runtime.write(partition, transactional_id, forget)


def identity_after(transaction: Transaction) -> ProducerIdentity:
    """Return what a producer goes on with once its transaction is ended."""
    if transaction.state.is_preparing and transaction.next_producer_id >= 0:
        return ProducerIdentity(transaction.next_producer_id, 0)
    return ProducerIdentity(transaction.producer_id, transaction.producer_epoch)


def hand_on(done: Deferred[R], to: Deferred[R]) -> None:
    """Give one result to whoever waits for another."""
    if done.error is not None:
        to.fail(done.error)
    else:
        to.complete(done.value())
