"""Transactions: which there are, who writes in them, and ending those that hang.

Invariant: a transaction is asked of its coordinator, a partition's producers of its leader.
Neighbours: `asking` finds both; `transaction_descriptions` reads answers, and says what hangs.
Source: KIP-664, KIP-994, KIP-1152.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from logcore.admin.asking import Asking
from logcore.admin.leading import ask_leaders
from logcore.admin.part import Part
from logcore.admin.partition_results import by_partition, indexes_by_topic
from logcore.admin.results import Results, collect, error_of
from logcore.admin.transaction_descriptions import (
    HangingTransaction,
    ListedTransaction,
    ProducerState,
    TransactionDescription,
    hanging_of,
    producers_of,
    suspects,
    transaction_of,
)
from logcore.client.blocking import blocking
from logcore.client.coordinators import CoordinatorKind
from logcore.client.positions import TopicPartition
from logcore.common.clock import SystemClock
from logcore.common.errors import KafkaError, TransactionalIdNotFoundError
from logcore.protocol.messages.describe_producers import DescribeProducersRequest, TopicRequest
from logcore.protocol.messages.describe_transactions import DescribeTransactionsRequest
from logcore.protocol.messages.init_producer_id import InitProducerIdRequest
from logcore.protocol.messages.list_transactions import ListTransactionsRequest
from logcore.protocol.messages.write_txn_markers import (
    WritableTxnMarker,
    WritableTxnMarkerTopic,
    WriteTxnMarkersRequest,
)

_FENCING_TIMEOUT_MS: Final = 60_000
SURELY_OVER: Final = timedelta(minutes=15)
"""Kafka's default for the longest transaction."""


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
        id_pattern: str | None = None,
    ) -> list[ListedTransaction]:
        """Return transactional ids, in order.

        Args:
            states: Only those in these states; all if none is named.
            producer_ids: Only those of these producers; all if none is named.
            longer_than_ms: Only those whose transaction is open for longer; all if negative.
            id_pattern: Only those that an expression of RE2 matches whole; all if None.

        Raises:
            UnsupportedVersionError: If the broker cannot look for expressions.
            KafkaError: If the expression is none.
            ClientError: If a broker does not answer in time.
        """
        request = ListTransactionsRequest(
            state_filters=list(states),
            producer_id_filters=list(producer_ids),
            duration_filter=longer_than_ms,
            transactional_id_pattern=id_pattern,
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
                response.transaction_states, lambda one: one.transactional_id, transaction_of
            )
            values |= found.succeeded
            errors |= found.errors
        return Results(values, errors)

    async def producers(
        self, partitions: Iterable[TopicPartition], *, node_id: int | None = None
    ) -> Results[TopicPartition, tuple[ProducerState, ...]]:
        """Return the producers that partitions know.

        Args:
            partitions: Which partitions.
            node_id: The broker whose replicas to ask; those of their leaders if None.

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
        if node_id is not None:
            response = await self._asking.broker(what, node_id, request(list(partitions)))
            return by_partition(response.topics, producers_of)
        return await ask_leaders(self._asking, what, partitions, request, producers_of)

    async def hanging(
        self, partitions: Iterable[TopicPartition], *, open_for: timedelta = SURELY_OVER
    ) -> tuple[HangingTransaction, ...]:
        """Find transactions that hang: open in a partition, and unknown to their coordinator.

        Args:
            partitions: Where to look.
            open_for: For how long their producers have written nothing there; less than the longest
                timeout of a transaction may find some that only just begin.

        Raises:
            KafkaError: If a partition is not there.
            ClientError: If a broker does not answer in time.
        """
        known = (await self.producers(partitions)).raise_for_errors()
        before_ms = SystemClock().now_ms() - open_for // timedelta(milliseconds=1)
        suspected = list(suspects(known, before_ms))
        if not suspected:
            return ()
        listed = await self.list(producer_ids={state.producer_id for _, state in suspected})
        names = {one.producer_id: one.transactional_id for one in listed}
        told = (await self.describe(*names.values())).succeeded
        decided = (
            hanging_of(
                partition,
                state,
                names.get(state.producer_id),
                told.get(names.get(state.producer_id, "")),
            )
            for partition, state in suspected
        )
        return tuple(one for one in decided if one is not None)

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
    hanging = blocking(AsyncTransactions.hanging)
    abort = blocking(AsyncTransactions.abort)
    fence = blocking(AsyncTransactions.fence)
