"""Describing and listing transactions.

Invariant: nothing is changed here, and an id that is being forgotten is not told of.
Neighbours: `service` asks for single ids and for all of a shard.
Source: Apache Kafka 4.3.1, `TransactionStateManager`, for what filters mean.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from logcore.common.errors import InvalidRegularExpressionError
from logcore.coordinator.transaction.state import STATE_BY_NAME, Transaction, TransactionState
from logcore.protocol.messages import describe_transactions, list_transactions
from logcore.protocol.messages.list_transactions import ListTransactionsRequest


class Filter(NamedTuple):
    """Which transactions are listed.

    Attributes:
        states: Those in one of these states; None for all.
        producer_ids: Those of one of these producers; none of them for all.
        longer_than_ms: Those open for longer; negative for all.
        pattern: Those whose id matches as a whole; None for all.
    """

    states: frozenset[TransactionState] | None
    producer_ids: frozenset[int]
    longer_than_ms: int
    pattern: re.Pattern[str] | None

    def matches(self, transaction: Transaction, now_ms: int) -> bool:
        """Whether a transaction is one of them."""
        open_ms = now_ms - transaction.started_ms
        return (
            (self.states is None or transaction.state in self.states)
            and (not self.producer_ids or transaction.producer_id in self.producer_ids)
            and (self.longer_than_ms < 0 or open_ms > self.longer_than_ms)
            and (
                self.pattern is None
                or self.pattern.fullmatch(transaction.transactional_id) is not None
            )
        )


def filter_of(request: ListTransactionsRequest) -> tuple[Filter, list[str]]:
    """Return the filter of a request, and the names in it that are no states.

    Raises:
        InvalidRegularExpressionError: If its pattern is none.
    """
    unknown = [name for name in request.state_filters if name not in STATE_BY_NAME]
    known = frozenset(
        STATE_BY_NAME[name] for name in request.state_filters if name in STATE_BY_NAME
    )
    pattern = None
    if request.transactional_id_pattern:
        try:
            pattern = re.compile(request.transactional_id_pattern)
        except re.error as error:
            raise InvalidRegularExpressionError(
                f"{request.transactional_id_pattern!r} is no expression: {error}"
            ) from None
    wanted = Filter(
        known if request.state_filters else None,
        frozenset(request.producer_id_filters),
        request.duration_filter,
        pattern,
    )
    return wanted, unknown


def listed(
    transactions: Iterable[Transaction], wanted: Filter, now_ms: int
) -> Iterator[list_transactions.TransactionState]:
    """Yield those that are wanted, as ListTransactions tells of them."""
    for transaction in transactions:
        if wanted.matches(transaction, now_ms):
            yield list_transactions.TransactionState(
                transactional_id=transaction.transactional_id,
                producer_id=transaction.producer_id,
                transaction_state=transaction.state.kafka_name,
            )


def described(transaction: Transaction) -> describe_transactions.TransactionState:
    """Tell of one as DescribeTransactions does."""
    topics: dict[str, list[int]] = {}
    for topic, partition in sorted(transaction.partitions):
        topics.setdefault(topic, []).append(partition)
    return describe_transactions.TransactionState(
        transactional_id=transaction.transactional_id,
        transaction_state=transaction.state.kafka_name,
        transaction_timeout_ms=transaction.timeout_ms,
        transaction_start_time_ms=transaction.started_ms,
        producer_id=transaction.producer_id,
        producer_epoch=transaction.producer_epoch,
        topics=[
            describe_transactions.TopicData(topic=topic, partitions=partitions)
            for topic, partitions in topics.items()
        ],
    )
