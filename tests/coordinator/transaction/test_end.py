"""EndTxn and unasked aborts, by tables of state, epoch, end and version."""

import pytest

from logcore.common.errors import (
    ConcurrentTransactionsError,
    InvalidProducerIdMappingError,
    InvalidTxnStateError,
    ProducerFencedError,
)
from logcore.coordinator.transaction.end import End, abort_unasked, end
from logcore.coordinator.transaction.state import Transaction, TransactionState

S = TransactionState
COMMIT, ABORT = True, False
DONE = "done already"
ENDS = "ends"
ERRORS = {
    "PF": ProducerFencedError,
    "ITS": InvalidTxnStateError,
    "CT": ConcurrentTransactionsError,
    "IPM": InvalidProducerIdMappingError,
}


def known(state: TransactionState, epoch: int = 5, **more) -> Transaction:
    return Transaction("tx", 7, epoch, 60_000, state, 10, started_ms=5, **more)


def ask(is_commit: bool, epoch: int, version: int, producer_id: int = 7, fresh=None) -> End:
    return End(producer_id, epoch, is_commit, version, fresh, 100)


def check(transaction: Transaction | None, asked: End, expected: str) -> None:
    if expected in ERRORS:
        with pytest.raises(ERRORS[expected]):
            end(transaction, asked)
        return
    step = end(transaction, asked)
    if expected is DONE:
        assert step is None
        return
    assert step is not None
    assert step.state is (S.PREPARE_COMMIT if asked.is_commit else S.PREPARE_ABORT)


@pytest.mark.parametrize(
    ("state", "is_commit", "retry", "current", "ahead"),
    [
        (S.EMPTY, ABORT, "PF", ENDS, "PF"),
        (S.EMPTY, COMMIT, "PF", "ITS", "PF"),
        (S.ONGOING, ABORT, "PF", ENDS, "PF"),
        (S.ONGOING, COMMIT, "PF", ENDS, "PF"),
        (S.PREPARE_COMMIT, COMMIT, "CT", "PF", "PF"),
        (S.PREPARE_COMMIT, ABORT, "ITS", "PF", "PF"),
        (S.PREPARE_ABORT, ABORT, "CT", "PF", "PF"),
        (S.PREPARE_ABORT, COMMIT, "ITS", "PF", "PF"),
        (S.COMPLETE_ABORT, ABORT, DONE, ENDS, "PF"),
        (S.COMPLETE_ABORT, COMMIT, "ITS", "ITS", "PF"),
        (S.COMPLETE_COMMIT, ABORT, "ITS", ENDS, "PF"),
        (S.COMPLETE_COMMIT, COMMIT, DONE, "ITS", "PF"),
    ],
)
def test_under_version_2(state, is_commit, retry, current, ahead):
    for epoch, expected in ((3, "PF"), (4, retry), (5, current), (6, ahead)):
        check(known(state), ask(is_commit, epoch, 2), expected)


@pytest.mark.parametrize(
    ("state", "is_commit", "current"),
    [
        (S.EMPTY, ABORT, "ITS"),
        (S.EMPTY, COMMIT, "ITS"),
        (S.ONGOING, ABORT, ENDS),
        (S.ONGOING, COMMIT, ENDS),
        (S.PREPARE_COMMIT, COMMIT, "CT"),
        (S.PREPARE_COMMIT, ABORT, "ITS"),
        (S.PREPARE_ABORT, ABORT, "CT"),
        (S.PREPARE_ABORT, COMMIT, "ITS"),
        (S.COMPLETE_ABORT, ABORT, DONE),
        (S.COMPLETE_ABORT, COMMIT, "ITS"),
        (S.COMPLETE_COMMIT, ABORT, "ITS"),
        (S.COMPLETE_COMMIT, COMMIT, DONE),
    ],
)
def test_under_version_1(state, is_commit, current):
    for epoch, expected in ((4, "PF"), (5, current), (6, "PF")):
        check(known(state), ask(is_commit, epoch, 0), expected)


@pytest.mark.parametrize("version", [0, 2])
def test_who_is_not_the_producer(version):
    check(None, ask(COMMIT, 5, version), "IPM")
    check(known(S.ONGOING), ask(COMMIT, 5, version, producer_id=8), "IPM")


def test_the_retry_of_an_end_that_used_up_the_epochs():
    done = known(S.COMPLETE_COMMIT, epoch=0, previous_producer_id=6)
    check(done, ask(COMMIT, 32_766, 2, producer_id=6), DONE)
    check(done, ask(ABORT, 32_766, 2, producer_id=6), "ITS")
    check(done, ask(COMMIT, 32_765, 2, producer_id=6), "IPM")
    check(done, ask(COMMIT, 32_766, 0, producer_id=6), "IPM")
    ongoing = known(S.ONGOING, epoch=0, previous_producer_id=6)
    check(ongoing, ask(COMMIT, 32_766, 2, producer_id=6), "PF")


def test_an_end_that_uses_up_the_epochs_takes_a_fresh_id():
    ongoing = known(S.ONGOING, epoch=32_766)
    step = end(ongoing, ask(COMMIT, 32_766, 2, fresh=9))
    assert step is not None
    assert (step.producer_id, step.producer_epoch, step.next_producer_id) == (7, 32_767, 9)
    check(ongoing, ask(COMMIT, 32_766, 2), "CT")
    old = end(ongoing, ask(COMMIT, 32_766, 0))
    assert old is not None
    assert (old.producer_epoch, old.next_producer_id) == (32_766, -1)


@pytest.mark.parametrize(("version", "last_epoch"), [(0, -1), (1, -1), (2, 5)])
def test_an_unasked_abort_raises_the_epoch_once(version, last_epoch):
    aborted = abort_unasked(known(S.ONGOING), version, None, 100)
    assert aborted.state is S.PREPARE_ABORT
    assert (aborted.producer_epoch, aborted.last_epoch) == (6, last_epoch)
    assert aborted.client_version == (2 if version == 2 else 0)


@pytest.mark.parametrize(("version", "told"), [(0, "PF"), (2, "ITS")])
def test_whose_transaction_timed_out_cannot_commit_it(version, told):
    aborted = abort_unasked(known(S.ONGOING), 2, None, 100)
    check(aborted, ask(COMMIT, 5, version), told)
    check(aborted.completed(200), ask(COMMIT, 5, version), told)
