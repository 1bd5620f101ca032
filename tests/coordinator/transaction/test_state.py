"""Steps between states: which there are, and what each does to epochs, ids and partitions."""

import itertools

import pytest

from logcore.coordinator.transaction.state import (
    EPOCH_MAX,
    STATE_BY_NAME,
    TRANSITIONS,
    Transaction,
    TransactionState,
    first,
    is_epoch_exhausted,
)

EMPTY = Transaction("tx", 7, 3, 60_000, TransactionState.EMPTY, 10)
A, B = ("t", 0), ("t", 1)


def opened(version: int = 2) -> Transaction:
    return EMPTY.with_partitions(frozenset({A}), version, 100)


def prepared(version: int = 2, next_id: int = -1, *, is_commit: bool = True) -> Transaction:
    return opened(version).prepared(
        is_commit=is_commit, client_version=version, next_producer_id=next_id, now_ms=200
    )


def test_numbers_and_names_are_kafkas():
    assert [(int(state), state.kafka_name) for state in TransactionState] == [
        (0, "Empty"), (1, "Ongoing"), (2, "PrepareCommit"), (3, "PrepareAbort"),
        (4, "CompleteCommit"), (5, "CompleteAbort"), (6, "Dead"), (7, "PrepareEpochFence"),
    ]  # fmt: skip
    assert STATE_BY_NAME["PrepareAbort"] is TransactionState.PREPARE_ABORT


def test_what_is_decided_has_one_way_on():
    assert TRANSITIONS[TransactionState.PREPARE_COMMIT] == {TransactionState.COMPLETE_COMMIT}
    assert TRANSITIONS[TransactionState.PREPARE_ABORT] == {TransactionState.COMPLETE_ABORT}
    assert not TRANSITIONS[TransactionState.DEAD]


STEPS = {
    TransactionState.EMPTY: lambda each: each.with_epoch(4, 3, 1, 1),
    TransactionState.ONGOING: lambda each: each.with_partitions(frozenset({A}), 2, 1),
    TransactionState.PREPARE_COMMIT: lambda each: each.prepared(
        is_commit=True, client_version=2, next_producer_id=-1, now_ms=1
    ),
    TransactionState.PREPARE_ABORT: lambda each: each.prepared(
        is_commit=False, client_version=2, next_producer_id=-1, now_ms=1
    ),
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(TransactionState, STEPS)))
def test_no_step_is_made_that_the_table_does_not_have(before, after):
    transaction = Transaction("tx", 7, 3, 60_000, before, 10)
    if after in TRANSITIONS[before]:
        assert STEPS[after](transaction).state is after
    else:
        with pytest.raises(AssertionError, match="to"):
            STEPS[after](transaction)


@pytest.mark.parametrize("before", [state for state in TransactionState if not state.is_preparing])
def test_only_what_is_prepared_is_completed(before):
    with pytest.raises(AssertionError):
        Transaction("tx", 7, 3, 60_000, before, 10).completed(1)


def test_an_id_begins_without_an_epoch():
    begun = first("tx", 7, 10)
    assert (begun.producer_epoch, begun.state) == (-1, TransactionState.EMPTY)


def test_the_first_partition_begins_a_transaction_and_more_join_it():
    transaction = opened().with_partitions(frozenset({B}), 2, 150)
    assert transaction.partitions == {A, B}
    assert (transaction.started_ms, transaction.updated_ms) == (100, 150)
    assert transaction.producer_epoch == 3


def test_under_version_2_the_end_raises_the_epoch():
    transaction = prepared()
    assert (transaction.producer_epoch, transaction.last_epoch) == (4, 3)
    assert transaction.client_version == 2
    assert (transaction.started_ms, transaction.updated_ms) == (100, 200)


def test_under_version_1_the_end_keeps_the_epoch():
    transaction = prepared(version=0)
    assert (transaction.producer_epoch, transaction.last_epoch) == (3, -1)
    assert transaction.client_version == 0


@pytest.mark.parametrize("is_commit", [True, False])
def test_what_is_complete_has_no_partitions(is_commit):
    done = prepared(is_commit=is_commit).completed(300)
    kind = TransactionState.COMPLETE_COMMIT if is_commit else TransactionState.COMPLETE_ABORT
    assert (done.state, done.partitions, done.updated_ms) == (kind, frozenset(), 300)
    assert (done.producer_id, done.producer_epoch) == (7, 4)
    assert done.started_ms == 100


def test_where_epochs_ran_out_the_next_id_takes_over_on_completion():
    transaction = prepared(next_id=8)
    assert transaction.producer_id == 7
    done = transaction.completed(300)
    assert (done.producer_id, done.producer_epoch) == (8, 0)
    assert (done.previous_producer_id, done.next_producer_id) == (7, -1)
    assert done.last_epoch == 4


def test_a_new_transaction_begins_with_its_own_partitions_and_time():
    again = prepared().completed(300).with_partitions(frozenset({B}), 2, 400)
    assert (again.partitions, again.started_ms) == (frozenset({B}), 400)


def test_an_abort_without_a_transaction_begins_when_it_ends():
    aborted = EMPTY.prepared(is_commit=False, client_version=2, next_producer_id=-1, now_ms=50)
    assert (aborted.started_ms, aborted.partitions) == (50, frozenset())


def test_fencing_raises_the_epoch_up_to_the_one_that_nobody_has():
    assert opened().fenced().producer_epoch == 4
    last = Transaction("tx", 7, EPOCH_MAX - 1, 1, TransactionState.ONGOING, 1)
    assert last.fenced().producer_epoch == EPOCH_MAX
    with pytest.raises(AssertionError):
        last.fenced().fenced()
    with pytest.raises(AssertionError):
        EMPTY.fenced()


def test_epochs_are_exhausted_one_before_the_last():
    assert [is_epoch_exhausted(epoch) for epoch in (0, 32_765, 32_766, 32_767)] == [
        False, False, True, True,
    ]  # fmt: skip


def test_rotation_begins_anew():
    rotated = EMPTY.rotated(9, 3, 5_000, 20)
    assert (rotated.producer_id, rotated.producer_epoch, rotated.last_epoch) == (9, 0, 3)
    assert (rotated.previous_producer_id, rotated.timeout_ms) == (7, 5_000)


@pytest.mark.parametrize(("now_ms", "expected"), [(60_100, False), (60_101, True)])
def test_a_transaction_times_out_after_its_time(now_ms, expected):
    assert opened().is_timed_out(now_ms) is expected
    assert not prepared().is_timed_out(now_ms)
    assert not EMPTY.is_timed_out(now_ms)
