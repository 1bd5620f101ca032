"""Describing and listing transactions.

Invariant: nothing is changed here, and an id that is being forgotten is not told of. Whatever
expression a client lists by, the event loop stands still for it for no longer than `SEARCH_MAX`
steps, besides a look at each character of the ids.
Neighbours: `service` asks for single ids and for all of a shard; `regex.program`, the coordinators'
own, matches ids, and is loaded when a client first lists by an expression.
Source: Apache Kafka 4.3.1, `TransactionStateManager`, for what filters mean.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from logcore.coordinator.transaction.state import STATE_BY_NAME, Transaction, TransactionState
from logcore.protocol.messages import describe_transactions, list_transactions
from logcore.protocol.messages.list_transactions import ListTransactionsRequest

if TYPE_CHECKING:
    from logcore.coordinator.regex.program import Program

SEARCH_MAX: Final = 500_000
"""How many steps may go into matching, for all ids of a request: less than a second."""


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
    pattern: "Program | None"

    def matches(self, transaction: Transaction, now_ms: int) -> bool:
        """Whether a transaction is one of them.

        Raises:
            InvalidRegularExpressionError: If the expression has taken too much work by now.
        """
        open_ms = now_ms - transaction.started_ms
        return (
            (self.states is None or transaction.state in self.states)
            and (not self.producer_ids or transaction.producer_id in self.producer_ids)
            and (self.longer_than_ms < 0 or open_ms > self.longer_than_ms)
            and (self.pattern is None or self.pattern.matches(transaction.transactional_id))
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
        from logcore.coordinator.regex.program import Program  # noqa: PLC0415 - few need it

        text = request.transactional_id_pattern
        pattern = Program(text, "TransactionalIdPattern", search_max=SEARCH_MAX)
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
