"""InitProducerId, case by case, with nothing but the decision."""

import pytest

from logcore.common.errors import ConcurrentTransactionsError, ProducerFencedError
from logcore.coordinator.transaction.producer import (
    Expected,
    Initialisation,
    initialise,
    needs_producer_id,
)
from logcore.coordinator.transaction.state import Transaction, TransactionState

IDLE = (TransactionState.EMPTY, TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT)


def known(epoch: int = 3, state: TransactionState = TransactionState.EMPTY, **more) -> Transaction:
    return Transaction("tx", 7, epoch, 60_000, state, 10, **more)


def init(
    transaction: Transaction | None,
    expected: tuple[int, int] | None = None,
    fresh: int | None = None,
    version: int = 2,
) -> Transaction:
    named = None if expected is None else Expected(*expected)
    return initialise("tx", transaction, Initialisation(5_000, named, fresh, version, 100))


def test_a_new_id_gets_a_fresh_producer_at_epoch_0():
    made = init(None, fresh=9)
    assert (made.producer_id, made.producer_epoch, made.last_epoch) == (9, 0, -1)
    assert (made.timeout_ms, made.updated_ms, made.state) == (5_000, 100, TransactionState.EMPTY)
    assert needs_producer_id(None)


def test_a_producer_that_was_forgotten_begins_anew():
    assert init(None, (7, 3), fresh=9).producer_id == 9


@pytest.mark.parametrize("state", IDLE)
def test_another_instance_gets_the_next_epoch(state):
    made = init(known(3, state))
    assert (made.producer_id, made.producer_epoch, made.last_epoch) == (7, 4, -1)
    assert made.timeout_ms == 5_000
    assert not needs_producer_id(known())


@pytest.mark.parametrize("state", IDLE)
def test_the_same_producer_may_raise_its_epoch_and_ask_twice(state):
    raised = init(known(3, state), (7, 3))
    assert (raised.producer_epoch, raised.last_epoch) == (4, 3)
    again = init(raised, (7, 3))
    assert (again.producer_epoch, again.last_epoch) == (4, 3)


def test_once_another_came_the_same_producer_is_fenced():
    taken = init(init(known(3), (7, 3)))
    assert taken.producer_epoch == 5
    for epoch in (3, 4):
        with pytest.raises(ProducerFencedError):
            init(taken, (7, epoch))


def test_an_epoch_from_the_future_is_fenced():
    with pytest.raises(ProducerFencedError):
        init(known(3), (7, 4))


def test_another_producer_id_is_fenced():
    with pytest.raises(ProducerFencedError):
        init(known(3), (8, 3))


@pytest.mark.parametrize("state", [TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT])
@pytest.mark.parametrize("expected", [None, (7, 3)])
def test_while_an_end_is_under_way_it_has_to_come_again(state, expected):
    with pytest.raises(ConcurrentTransactionsError):
        init(known(3, state), expected)


@pytest.mark.parametrize(("version", "epoch", "last_epoch"), [(2, 4, 3), (1, 4, -1), (0, 4, -1)])
def test_an_open_transaction_is_aborted_under_the_next_epoch(version, epoch, last_epoch):
    aborted = init(known(3, TransactionState.ONGOING, started_ms=5), version=version)
    assert aborted.state is TransactionState.PREPARE_ABORT
    assert (aborted.producer_epoch, aborted.last_epoch) == (epoch, last_epoch)
    assert aborted.timeout_ms == 60_000


def test_after_such_an_abort_the_next_one_gets_an_epoch_of_its_own():
    aborted = init(known(3, TransactionState.ONGOING, started_ms=5)).completed(50)
    assert init(aborted).producer_epoch == 5
    assert init(aborted, (7, 3)).producer_epoch == 4, "its own producer goes on"


def test_without_epochs_left_a_fresh_id_takes_over():
    exhausted = known(32_766)
    assert needs_producer_id(exhausted)
    made = init(exhausted, fresh=9)
    assert (made.producer_id, made.producer_epoch, made.last_epoch) == (9, 0, -1)
    assert made.previous_producer_id == 7
    same = init(exhausted, (7, 32_766), fresh=9)
    assert (same.producer_id, same.producer_epoch, same.last_epoch) == (9, 0, 32_766)
    assert init(same, (7, 32_766)).producer_id == 9, "asked again, because the answer got lost"


def test_the_producer_before_a_rotation_is_known_by_its_last_epoch_alone():
    rotated = init(known(32_766), fresh=9)
    with pytest.raises(ProducerFencedError):
        init(rotated, (7, 32_765))
    with pytest.raises(ProducerFencedError):
        init(rotated, (7, 32_766))


def test_a_fresh_id_that_was_not_asked_for_is_asked_for_by_the_client_again():
    with pytest.raises(ConcurrentTransactionsError):
        init(known(32_766))
    with pytest.raises(ConcurrentTransactionsError):
        init(None)


def test_an_open_transaction_without_epochs_left_is_fenced_with_the_last_one():
    ongoing = known(32_766, TransactionState.ONGOING, started_ms=5)
    old = init(ongoing, version=0, fresh=9)
    assert (old.producer_epoch, old.next_producer_id) == (32_767, -1)
    assert init(old.completed(50), fresh=9).producer_id == 9
    new = init(ongoing, version=2, fresh=9)
    assert (new.producer_id, new.producer_epoch, new.next_producer_id) == (7, 32_767, 9)
    done = new.completed(50)
    assert (done.producer_id, done.producer_epoch) == (9, 0)
