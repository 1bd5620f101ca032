"""Transactions: which there are, who writes in them, and ending those that hang.

Invariant: a transaction is asked of its coordinator, a partition's producers of its leader.
Neighbours: `asking` finds both. Source: KIP-664, KIP-994.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from logcore.admin.asking import Asking
from logcore.admin.leading import ask_leaders
from logcore.admin.part import Part
from logcore.admin.partition_results import indexes_by_topic
from logcore.admin.results import Results, collect, error_of
from logcore.client.blocking import blocking
from logcore.client.coordinators import CoordinatorKind
from logcore.client.positions import TopicPartition
from logcore.common.errors import KafkaError, TransactionalIdNotFoundError
from logcore.protocol.messages.describe_producers import (
    DescribeProducersRequest,
    PartitionResponse,
    TopicRequest,
)
from logcore.protocol.messages.describe_transactions import (
    DescribeTransactionsRequest,
    TransactionState,
)
from logcore.protocol.messages.init_producer_id import InitProducerIdRequest
from logcore.protocol.messages.list_transactions import ListTransactionsRequest
from logcore.protocol.messages.write_txn_markers import (
    WritableTxnMarker,
    WritableTxnMarkerTopic,
    WriteTxnMarkersRequest,
)

_FENCING_TIMEOUT_MS: Final = 60_000


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


class AsyncTransactions:
    """The transactions of a cluster.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list(
        self,
        *,
        states: Iterable[str] = (),
        producer_ids: Iterable[int] = (),
        longer_than_ms: int = -1,
    ) -> list[ListedTransaction]:
        """Return transactional ids, in order.

        Args:
            states: Only those in these states; all if none is named.
            producer_ids: Only those of these producers; all if none is named.
            longer_than_ms: Only those whose transaction is open for longer; all if negative.

        Raises:
            ClientError: If a broker does not answer in time.
        """
        request = ListTransactionsRequest(
            state_filters=list(states),
            producer_id_filters=list(producer_ids),
            duration_filter=longer_than_ms,
        )
        answers = await self._asking.every_broker("list transactions", request)
        found = (
            ListedTransaction(one.transactional_id, one.producer_id, one.transaction_state)
            for answer in answers.values()
            for one in answer.transaction_states
        )
        return sorted(found, key=lambda one: one.transactional_id)

    async def describe(self, *transactional_ids: str) -> Results[str, TransactionDescription]:
        """Describe transactional ids.

        Returns:
            Each, or why it cannot be described, by name.

        Raises:
            ClientError: If a broker does not answer in time.
        """
        values: dict[str, TransactionDescription] = {}
        errors: dict[str, KafkaError] = {}
        for transactional_id in transactional_ids:
            response = await self._asking.coordinator(
                "describe transactions",
                transactional_id,
                DescribeTransactionsRequest(transactional_ids=[transactional_id]),
                lambda answer: [one.error_code for one in answer.transaction_states],
                kind=CoordinatorKind.TRANSACTION,
            )
            found = collect(
                response.transaction_states, lambda one: one.transactional_id, _described
            )
            values |= found.succeeded
            errors |= found.errors
        return Results(values, errors)

    async def producers(
        self, partitions: Iterable[TopicPartition]
    ) -> Results[TopicPartition, tuple[ProducerState, ...]]:
        """Return the producers that partitions know.

        Returns:
            The producers, or why they cannot be told, by partition.

        Raises:
            KafkaError: If a partition is not there.
            ClientError: If a broker does not answer in time.
        """

        def request(some: list[TopicPartition]) -> DescribeProducersRequest:
            return DescribeProducersRequest(
                topics=[
                    TopicRequest(name=name, partition_indexes=of)
                    for name, of in indexes_by_topic(some).items()
                ]
            )

        what = "describe producers"
        return await ask_leaders(self._asking, what, partitions, request, _producers)

    async def abort(self, partition: TopicPartition, *, start_offset: int) -> None:
        """Abort a transaction that hangs in a partition: one that its coordinator has forgotten.

        Args:
            partition: Where it hangs.
            start_offset: Where it begins there, as `producers` tells.

        Raises:
            TransactionalIdNotFoundError: If no open transaction begins there.
            KafkaError: If the broker refuses.
            ClientError: If a broker does not answer in time.
        """
        known = (await self.producers([partition]))[partition]
        hanging = [one for one in known if one.transaction_start_offset == start_offset]
        if not hanging:
            raise TransactionalIdNotFoundError(
                f"no open transaction begins at offset {start_offset} of {partition}"
            )
        (node_id,) = await self._asking.leaders([partition])
        marker = WritableTxnMarker(
            producer_id=hanging[0].producer_id,
            producer_epoch=hanging[0].producer_epoch,
            transaction_result=False,
            topics=[
                WritableTxnMarkerTopic(
                    name=partition.topic, partition_indexes=[partition.partition]
                )
            ],
            coordinator_epoch=max(hanging[0].coordinator_epoch, 0),
        )
        request = WriteTxnMarkersRequest(markers=[marker])
        response = await self._asking.broker("abort a transaction", node_id, request)
        for topic in response.markers[0].topics:
            for part in topic.partitions:
                if part.error_code:
                    raise error_of(part.error_code, None, f"could not abort in {partition}")

    async def fence(self, *transactional_ids: str) -> Results[str, int]:
        """Fence the producers of transactional ids, which aborts what they have open.

        Returns:
            The new producer id, or why it was not fenced, by name.

        Raises:
            ClientError: If a broker does not answer in time.
        """
        values: dict[str, int] = {}
        errors: dict[str, KafkaError] = {}
        for transactional_id in transactional_ids:
            request = InitProducerIdRequest(
                transactional_id=transactional_id, transaction_timeout_ms=_FENCING_TIMEOUT_MS
            )
            try:
                response = await self._asking.coordinator(
                    "fence producers", transactional_id, request, kind=CoordinatorKind.TRANSACTION
                )
            except KafkaError as error:
                errors[transactional_id] = error
            else:
                values[transactional_id] = response.producer_id
        return Results(values, errors)


class Transactions(Part):
    """Transactions; see `AsyncTransactions`."""

    list = blocking(AsyncTransactions.list)
    describe = blocking(AsyncTransactions.describe)
    producers = blocking(AsyncTransactions.producers)
    abort = blocking(AsyncTransactions.abort)
    fence = blocking(AsyncTransactions.fence)


def _described(state: TransactionState) -> TransactionDescription:
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


def _producers(part: PartitionResponse) -> tuple[ProducerState, ...]:
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
