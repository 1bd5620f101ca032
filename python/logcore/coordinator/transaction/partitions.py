"""Deciding which partitions take part in a transaction: adding, and asking whether. Pure.

Invariant: a partition takes part only by the word of the current producer, while its transaction is
open or may begin; nothing is added to one whose end is decided.
Neighbours: `state` makes the steps; `service` runs this for AddPartitionsToTxn and for appends.
"""

from typing import NamedTuple

from logcore.common.errors import (
    ConcurrentTransactionsError,
    InvalidProducerIdMappingError,
    ProducerFencedError,
)
from logcore.coordinator.transaction.state import (
    TopicPartition,
    Transaction,
    TransactionState,
)


class Addition(NamedTuple):
    """What a producer wants to write to.

    Attributes:
        producer_id: Its id.
        producer_epoch: Its epoch.
        partitions: Which partitions.
        client_version: The version of transactions that it speaks.
        now_ms: What time it is.
    """

    producer_id: int
    producer_epoch: int
    partitions: frozenset[TopicPartition]
    client_version: int
    now_ms: int


def check_producer(
    transaction: Transaction | None, producer_id: int, producer_epoch: int
) -> Transaction:
    """Return what a producer may add to.

    Raises:
        InvalidProducerIdMappingError: If the producer does not have the id.
        ProducerFencedError: If another epoch has taken over.
        ConcurrentTransactionsError: If the transaction before is still being ended.
    """
    if transaction is None:
        raise InvalidProducerIdMappingError("the transactional id is not known")
    if transaction.producer_id != producer_id:
        raise InvalidProducerIdMappingError("the transactional id has another producer id")
    if transaction.producer_epoch != producer_epoch:
        raise ProducerFencedError(
            f"epoch {producer_epoch} is not the current one, {transaction.producer_epoch}"
        )
    if transaction.state.is_preparing:
        raise ConcurrentTransactionsError("the transaction before is still being ended")
    return transaction


def add(transaction: Transaction | None, wanted: Addition) -> Transaction | None:
    """Decide an AddPartitionsToTxn.

    Returns:
        The next step; None if they take part already.

    Raises:
        KafkaError: As `check_producer`.
    """
    known = check_producer(transaction, wanted.producer_id, wanted.producer_epoch)
    is_open = known.state is TransactionState.ONGOING
    if is_open and wanted.partitions <= known.partitions:
        return None
    return known.with_partitions(wanted.partitions, wanted.client_version, wanted.now_ms)


def missing(
    transaction: Transaction | None,
    producer_id: int,
    producer_epoch: int,
    partitions: frozenset[TopicPartition],
) -> frozenset[TopicPartition]:
    """Return which partitions do not take part.

    Raises:
        KafkaError: As `check_producer`.
    """
    known = check_producer(transaction, producer_id, producer_epoch)
    return partitions - known.partitions
