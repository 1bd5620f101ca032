"""Descriptions of transactions and producers, read out of answers, and which transactions hang.

Invariant: what hangs is decided from what was told, without another question.
Neighbours: `transactions` asks. Source: KIP-664; Apache Kafka 4.3.1's `kafka-transactions.sh`, for
what hangs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from logcore.client.positions import TopicPartition
from logcore.protocol.messages.describe_producers import PartitionResponse
from logcore.protocol.messages.describe_transactions import TransactionState


@dataclass(frozen=True, slots=True)
class ListedTransaction:
    """A transactional id and what it is doing."""

    transactional_id: str
    producer_id: int
    state: str


@dataclass(frozen=True, slots=True)
class TransactionDescription:
    """A transactional id.

    Attributes:
        transactional_id: Its name.
        state: What it is doing, as Kafka spells it.
        producer_id: The id of its producer.
        producer_epoch: The producer's epoch.
        timeout_ms: After how many milliseconds its transaction is aborted.
        started_ms: When its transaction began, in milliseconds since 1970 UTC; None without one.
        partitions: Where its transaction has written.
    """

    transactional_id: str
    state: str
    producer_id: int
    producer_epoch: int
    timeout_ms: int
    started_ms: int | None
    partitions: tuple[TopicPartition, ...]


@dataclass(frozen=True, slots=True)
class ProducerState:
    """A producer that a partition knows.

    Attributes:
        producer_id: Its id.
        producer_epoch: Its epoch.
        last_sequence: The number of its last record; None if it has none.
        last_timestamp_ms: When that was written; None if it has none.
        coordinator_epoch: The epoch of the coordinator that last ended a transaction of it.
        transaction_start_offset: Where its open transaction begins; None if none is open.
    """

    producer_id: int
    producer_epoch: int
    last_sequence: int | None
    last_timestamp_ms: int | None
    coordinator_epoch: int
    transaction_start_offset: int | None


@dataclass(frozen=True, slots=True)
class HangingTransaction:
    """A transaction in a partition that its coordinator does not know of, and so will never end.

    Attributes:
        partition: Where it hangs; who reads committed records there waits at its start.
        start_offset: Where it begins, by which it is aborted.
        producer_id: The id of its producer.
        producer_epoch: The producer's epoch.
        last_timestamp_ms: When its producer last wrote there; None if that is not told.
        transactional_id: The id that the producer has now; None if no coordinator knows it.
    """

    partition: TopicPartition
    start_offset: int
    producer_id: int
    producer_epoch: int
    last_timestamp_ms: int | None
    transactional_id: str | None


def transaction_of(state: TransactionState) -> TransactionDescription:
    """Read the answer about one transactional id."""
    return TransactionDescription(
        state.transactional_id,
        state.transaction_state,
        state.producer_id,
        state.producer_epoch,
        state.transaction_timeout_ms,
        None if state.transaction_start_time_ms < 0 else state.transaction_start_time_ms,
        tuple(
            TopicPartition(topic.topic, partition)
            for topic in state.topics
            for partition in topic.partitions
        ),
    )


def producers_of(part: PartitionResponse) -> tuple[ProducerState, ...]:
    """Read the answer about one partition."""
    return tuple(
        ProducerState(
            one.producer_id,
            one.producer_epoch,
            None if one.last_sequence < 0 else one.last_sequence,
            None if one.last_timestamp < 0 else one.last_timestamp,
            one.coordinator_epoch,
            None if one.current_txn_start_offset < 0 else one.current_txn_start_offset,
        )
        for one in part.active_producers
    )


def suspects(
    known: Mapping[TopicPartition, tuple[ProducerState, ...]], before_ms: int
) -> Iterator[tuple[TopicPartition, ProducerState]]:
    """Yield the producers with an open transaction that have not written since a time."""
    for partition, states in known.items():
        for state in states:
            is_silent = (state.last_timestamp_ms or 0) < before_ms
            if state.transaction_start_offset is not None and is_silent:
                yield partition, state


def hanging_of(
    partition: TopicPartition,
    state: ProducerState,
    transactional_id: str | None,
    description: TransactionDescription | None,
) -> HangingTransaction | None:
    """Decide whether a transaction hangs.

    Args:
        partition: Where it is open.
        state: Its producer there.
        transactional_id: The id of that producer; None if no coordinator knows it.
        description: What its coordinator says of that id; None if it knows nothing.

    Returns:
        It, or None if its coordinator will end it.
    """
    is_known = (
        description is not None
        and description.producer_id == state.producer_id
        and partition in description.partitions
    )
    if is_known or state.transaction_start_offset is None:
        return None
    return HangingTransaction(
        partition,
        state.transaction_start_offset,
        state.producer_id,
        state.producer_epoch,
        state.last_timestamp_ms,
        transactional_id,
    )
