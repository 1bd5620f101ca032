"""Adding partitions, and asking whether they take part."""

import pytest

from logcore.common.errors import (
    ConcurrentTransactionsError,
    InvalidProducerIdMappingError,
    ProducerFencedError,
)
from logcore.coordinator.transaction.partitions import Addition, add, missing
from logcore.coordinator.transaction.state import Transaction, TransactionState

S = TransactionState
A, B = ("t", 0), ("t", 1)


def known(state: TransactionState, *places) -> Transaction:
    return Transaction("tx", 7, 5, 60_000, state, 10, 5, frozenset(places))


def wanted(*places, producer_id=7, epoch=5) -> Addition:
    return Addition(producer_id, epoch, frozenset(places), 2, 100)


@pytest.mark.parametrize("state", [S.EMPTY, S.COMPLETE_COMMIT, S.COMPLETE_ABORT])
def test_the_first_begins_a_transaction(state):
    step = add(known(state), wanted(A))
    assert step is not None
    assert (step.state, step.partitions, step.started_ms) == (S.ONGOING, frozenset({A}), 100)
    assert step.client_version == 2


def test_more_join_what_is_open():
    step = add(known(S.ONGOING, A), wanted(B))
    assert step is not None
    assert (step.partitions, step.started_ms) == (frozenset({A, B}), 5)


def test_what_takes_part_needs_no_record():
    assert add(known(S.ONGOING, A, B), wanted(A)) is None


@pytest.mark.parametrize(
    ("transaction", "asked", "error"),
    [
        (None, wanted(A), InvalidProducerIdMappingError),
        (known(S.EMPTY), wanted(A, producer_id=8), InvalidProducerIdMappingError),
        (known(S.EMPTY), wanted(A, epoch=4), ProducerFencedError),
        (known(S.ONGOING, A), wanted(A, epoch=6), ProducerFencedError),
        (known(S.PREPARE_COMMIT, A), wanted(B), ConcurrentTransactionsError),
        (known(S.PREPARE_ABORT, A), wanted(A), ConcurrentTransactionsError),
    ],
)
def test_who_may_not(transaction, asked, error):
    with pytest.raises(error):
        add(transaction, asked)
    with pytest.raises(error):
        missing(transaction, asked.producer_id, asked.producer_epoch, asked.partitions)


def test_what_does_not_take_part_is_named():
    assert missing(known(S.ONGOING, A), 7, 5, frozenset({A, B})) == {B}
    assert missing(known(S.EMPTY), 7, 5, frozenset({A})) == {A}
