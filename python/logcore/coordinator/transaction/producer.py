"""Deciding InitProducerId: which producer id and epoch a transactional id goes on with. Pure.

Invariant: whoever initialises last is the one that may go on; an epoch that was given to another is
never given again, except to the same producer that repeats its request (KIP-360). A transaction
that is open is aborted first, under an epoch that nobody is told, and the client asks again.
Neighbours: `state` makes the steps; `service` brings fresh producer ids and runs this.
"""

from typing import NamedTuple

from logcore.common.errors import (
    ConcurrentTransactionsError,
    ProducerFencedError,
    UnknownServerError,
)
from logcore.coordinator.transaction.end import abort_unasked
from logcore.coordinator.transaction.state import (
    NO_EPOCH,
    Transaction,
    TransactionState,
    first,
    is_epoch_exhausted,
)


class Expected(NamedTuple):
    """Producer id and epoch that the client says it has."""

    producer_id: int
    producer_epoch: int


class Initialisation(NamedTuple):
    """What an InitProducerId comes to.

    Attributes:
        timeout_ms: How long transactions may stay open.
        expected: What the client says it has, if it does.
        fresh_producer_id: An id nobody has, for a new producer or one without epochs left.
        server_version: The version of transactions in force.
        now_ms: What time it is.
    """

    timeout_ms: int
    expected: Expected | None
    fresh_producer_id: int | None
    server_version: int
    now_ms: int


def needs_producer_id(transaction: Transaction | None) -> bool:
    """Whether initialising, or ending, may take a fresh producer id."""
    return transaction is None or transaction.is_epoch_exhausted


def initialise(
    transactional_id: str, transaction: Transaction | None, wanted: Initialisation
) -> Transaction:
    """Decide what an id goes on with.

    Returns:
        The next step: Empty under the new epoch, or the abort of what is open, after which the
        client is to ask again.

    Raises:
        ProducerFencedError: If another producer has the id by now.
        ConcurrentTransactionsError: If the transaction before is still being ended.
    """
    if transaction is None:
        transaction = first(transactional_id, _fresh(wanted), wanted.now_ms)
    if wanted.expected is not None and not _may_ask(transaction, wanted.expected):
        raise ProducerFencedError("another producer has the transactional id by now")
    if transaction.state.is_preparing:
        raise ConcurrentTransactionsError("the transaction before is still being ended")
    if transaction.state is TransactionState.ONGOING:
        return abort_unasked(
            transaction, wanted.server_version, wanted.fresh_producer_id, wanted.now_ms
        )
    if not transaction.state.is_idle:
        raise UnknownServerError(f"the state {transaction.state.kafka_name} is never written")
    expected_epoch = None if wanted.expected is None else wanted.expected.producer_epoch
    if transaction.is_epoch_exhausted and expected_epoch in {None, transaction.producer_epoch}:
        last_epoch = NO_EPOCH if expected_epoch is None else transaction.producer_epoch
        return transaction.rotated(_fresh(wanted), last_epoch, wanted.timeout_ms, wanted.now_ms)
    epoch, last_epoch = _next_epoch(transaction, expected_epoch)
    return transaction.with_epoch(epoch, last_epoch, wanted.timeout_ms, wanted.now_ms)


def _fresh(wanted: Initialisation) -> int:
    if wanted.fresh_producer_id is None:
        raise ConcurrentTransactionsError("a producer id is wanted that was not asked for")
    return wanted.fresh_producer_id


def _may_ask(transaction: Transaction, expected: Expected) -> bool:
    """Whether a producer that names its id is the one known here, or was until epochs ran out."""
    return (
        transaction.producer_epoch == NO_EPOCH
        or expected.producer_id == transaction.producer_id
        or (
            expected.producer_id == transaction.previous_producer_id
            and is_epoch_exhausted(expected.producer_epoch)
        )
    )


def _next_epoch(transaction: Transaction, expected_epoch: int | None) -> tuple[int, int]:
    """Return the epoch to give, and the one that may repeat this request."""
    current = transaction.producer_epoch
    if expected_epoch is None:
        return current + 1, NO_EPOCH
    if current in {NO_EPOCH, expected_epoch}:
        return current + 1, current
    if expected_epoch == transaction.last_epoch:
        return current, transaction.last_epoch  # asked again, because the answer got lost
    raise ProducerFencedError(
        f"epoch {expected_epoch} is neither the current one, {current}, nor the one before"
    )
