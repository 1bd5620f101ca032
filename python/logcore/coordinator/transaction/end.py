"""Deciding the end of a transaction: EndTxn, and aborts that nobody asked for. Pure.

Under version 2 of transactions every end raises the epoch, so a request that comes late or twice is
known by its epoch: a retry carries the one before. Under version 1 it is not, and only what fits
the state is answered well.

What EndTxn comes to under version 2 when no transaction is open (a retry has the epoch before):

    state            abort, current   abort, retry        commit, current     commit, retry
    Empty            ends, bumps      PRODUCER_FENCED     INVALID_TXN_STATE   PRODUCER_FENCED
    CompleteAbort    ends, bumps      done already        INVALID_TXN_STATE   INVALID_TXN_STATE
    CompleteCommit   ends, bumps      INVALID_TXN_STATE   INVALID_TXN_STATE   done already

Invariant: a transaction is ended once; whoever asks again is told the same or refused.
Neighbours: `state` makes the steps; `service` runs this and sends the markers.
"""

from typing import NamedTuple

from logcore.common.errors import (
    ConcurrentTransactionsError,
    InvalidProducerIdMappingError,
    InvalidTxnStateError,
    ProducerFencedError,
)
from logcore.coordinator.transaction.state import (
    EPOCH_BUMPING_VERSION,
    EPOCH_MAX,
    NO_PRODUCER_ID,
    Transaction,
    TransactionState,
)


class End(NamedTuple):
    """What a producer asks for.

    Attributes:
        producer_id: Its id.
        producer_epoch: Its epoch.
        is_commit: Whether to commit, not abort.
        client_version: The version of transactions that it speaks.
        fresh_producer_id: An id nobody has, for one without epochs left.
        now_ms: What time it is.
    """

    producer_id: int
    producer_epoch: int
    is_commit: bool
    client_version: int
    fresh_producer_id: int | None
    now_ms: int

    @property
    def bumps(self) -> bool:
        """Whether the end raises the epoch."""
        return self.client_version >= EPOCH_BUMPING_VERSION


def end(transaction: Transaction | None, asked: End) -> Transaction | None:
    """Decide an EndTxn.

    Returns:
        The Prepare step; None if the transaction was ended just so already.

    Raises:
        InvalidProducerIdMappingError: If the producer does not have the id.
        ProducerFencedError: If another epoch has taken over.
        ConcurrentTransactionsError: If the end is decided so and still under way.
        InvalidTxnStateError: If there is no such end to the state.
    """
    if transaction is None:
        raise InvalidProducerIdMappingError("the transactional id is not known")
    is_retry = asked.bumps and _is_retry(transaction, asked)
    if transaction.producer_id != asked.producer_id and not is_retry:
        raise InvalidProducerIdMappingError("the transactional id has another producer id")
    if not _is_valid_epoch(transaction, asked, is_retry=is_retry):
        raise ProducerFencedError(
            f"epoch {asked.producer_epoch} is not the current one, {transaction.producer_epoch}"
        )
    if transaction.state.is_preparing:
        if asked.is_commit is (transaction.state is TransactionState.PREPARE_COMMIT):
            raise ConcurrentTransactionsError("the transaction is being ended")
        raise _misfit(transaction, asked)
    if transaction.state is TransactionState.ONGOING:
        return _prepared(transaction, asked)
    return _end_of_none(transaction, asked, is_retry=is_retry)


def _end_of_none(transaction: Transaction, asked: End, *, is_retry: bool) -> Transaction | None:
    """Decide where no transaction is open."""
    done = TransactionState.COMPLETE_COMMIT if asked.is_commit else TransactionState.COMPLETE_ABORT
    if transaction.state is done and (is_retry or not asked.bumps):
        return None
    if asked.bumps and not asked.is_commit and not is_retry and transaction.state.is_idle:
        return _prepared(transaction, asked)
    raise _misfit(transaction, asked)


def _misfit(transaction: Transaction, asked: End) -> InvalidTxnStateError:
    end_name = "commit" if asked.is_commit else "abort"
    return InvalidTxnStateError(f"there is no {end_name} in state {transaction.state.kafka_name}")


def _is_retry(transaction: Transaction, asked: End) -> bool:
    """Whether the producer asks again for what raised its epoch."""
    if asked.producer_id == transaction.producer_id:
        return asked.producer_epoch + 1 == transaction.producer_epoch
    return (
        transaction.previous_producer_id == asked.producer_id
        and asked.producer_epoch == EPOCH_MAX - 1
        and transaction.producer_epoch == 0
    )


def _is_valid_epoch(transaction: Transaction, asked: End, *, is_retry: bool) -> bool:
    is_current = asked.producer_epoch == transaction.producer_epoch
    if not asked.bumps:
        return is_current
    if transaction.state.is_preparing:
        return is_retry
    is_complete = transaction.state in {
        TransactionState.COMPLETE_COMMIT,
        TransactionState.COMPLETE_ABORT,
    }
    return is_current or (is_complete and is_retry)


def _prepared(transaction: Transaction, asked: End) -> Transaction:
    return transaction.prepared(
        is_commit=asked.is_commit,
        client_version=asked.client_version,
        next_producer_id=_next_id(transaction, asked.client_version, asked.fresh_producer_id),
        now_ms=asked.now_ms,
    )


def _next_id(transaction: Transaction, version: int, fresh_producer_id: int | None) -> int:
    """Return the id to go on with after an end that uses up the epochs; -1 if it does not."""
    if version < EPOCH_BUMPING_VERSION or not transaction.is_epoch_exhausted:
        return NO_PRODUCER_ID
    if fresh_producer_id is None:
        raise ConcurrentTransactionsError("a producer id is wanted that was not asked for")
    return fresh_producer_id


def abort_unasked(
    transaction: Transaction, server_version: int, fresh_producer_id: int | None, now_ms: int
) -> Transaction:
    """Decide the abort of a transaction whose producer timed out or is to be replaced.

    Its epoch is raised, once, so that whatever the producer still sends is refused.
    """
    bumps = server_version >= EPOCH_BUMPING_VERSION
    fenced = transaction if bumps else transaction.fenced()
    return fenced.prepared(
        is_commit=False,
        client_version=server_version,
        next_producer_id=_next_id(transaction, server_version, fresh_producer_id),
        now_ms=now_ms,
    )
