"""The coordinator from outside: what producers are told, and what comes by itself."""

import pytest

from logcore.common.deferred import Deferred
from logcore.common.errors import (
    ConcurrentTransactionsError,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    InvalidProducerIdMappingError,
    InvalidRequestError,
    InvalidTransactionTimeoutError,
    InvalidTxnStateError,
    KafkaStorageError,
    NotCoordinatorError,
    NotEnoughReplicasError,
    ProducerFencedError,
    TransactionalIdNotFoundError,
)
from logcore.coordinator.transaction.partitions import Addition
from logcore.coordinator.transaction.producer import Expected
from logcore.coordinator.transaction.service import ProducerIdentity
from logcore.coordinator.transaction.state import TransactionState
from logcore.protocol.messages.list_transactions import ListTransactionsRequest
from tests.coordinator.transaction.bench import ID, P0, P1, P2, TIMEOUT_MS, Bench

S = TransactionState
VERSIONS = pytest.mark.parametrize("version", [0, 1, 2])


@VERSIONS
def test_a_transaction_from_beginning_to_end(version):
    bench = Bench(version)
    producer = bench.init()
    assert producer == (1000, 0)
    bench.add(producer, P0, P1)
    bench.add(producer, P2)
    assert bench.state() is S.ONGOING
    after = bench.commit(producer)
    assert bench.state() is S.COMPLETE_COMMIT
    assert after == (1000, 1 if version == 2 else 0)
    assert [(*where, marker.is_commit) for *where, marker in bench.partitions.markers] == [
        ("t", 0, True), ("t", 1, True), ("u", 0, True),
    ]  # fmt: skip
    bench.add(after, P0)
    bench.abort(after)
    assert bench.state() is S.COMPLETE_ABORT
    assert not bench.partitions.markers[-1][2].is_commit


def test_the_markers_tell_epochs_and_version():
    bench = Bench(2)
    bench.crash()
    producer = bench.init()
    bench.add(producer, P0)
    bench.commit(producer)
    marker = bench.partitions.markers[0][2]
    assert (marker.producer_id, marker.producer_epoch) == (1000, 1)
    assert (marker.coordinator_epoch, marker.transaction_version) == (1, 2)


def test_partitions_that_take_part_are_not_written_again():
    bench = Bench()
    producer = bench.init()
    bench.add(producer, P0, P1)
    count = len(bench.log.batches)
    bench.add(producer, P1)
    assert len(bench.log.batches) == count


def test_the_prepare_record_comes_before_every_marker():
    bench = Bench()
    producer = bench.init()
    bench.add(producer, P0)
    bench.log.is_held = True
    ended = bench.ending(producer, is_commit=True)
    assert not ended.is_done
    assert not bench.partitions.markers
    bench.log.release()
    assert ended.value() == (1000, 1)
    assert len(bench.partitions.markers) == 1
    assert bench.state() is S.PREPARE_COMMIT
    bench.log.release()
    assert bench.state() is S.COMPLETE_COMMIT


def test_what_is_asked_meanwhile_waits_its_turn_or_is_told_to_come_again():
    bench = Bench()
    producer = bench.init()
    bench.add(producer, P0)
    bench.partitions.is_held = True
    after = bench.commit(producer)
    assert bench.state() is S.PREPARE_COMMIT
    with pytest.raises(ConcurrentTransactionsError):
        bench.commit(producer)
    with pytest.raises(ConcurrentTransactionsError):
        bench.add(after, P0)
    with pytest.raises(ConcurrentTransactionsError):
        bench.init()
    with pytest.raises(InvalidTxnStateError):
        bench.abort(producer)
    bench.partitions.held[0].complete(None)
    assert bench.state() is S.COMPLETE_COMMIT
    assert bench.commit(producer) == after, "a repetition hears the same"
    bench.add(after, P0)


def test_a_producer_with_no_patience_is_waited_for():
    bench = Bench()
    producer = bench.init()
    bench.add(producer, P0)
    bench.partitions.is_held = True
    after = bench.commit(producer)
    wanted = Addition(*after, frozenset({P0}), 2, 0)
    added = bench.service.add_partitions_patiently(ID, wanted)
    too_late = bench.service.add_partitions_patiently(ID, wanted)
    bench.scheduler.advance(40)
    assert not added.is_done
    bench.partitions.held[0].complete(None)
    bench.scheduler.advance(20)
    assert added.value() is None
    assert too_late.value() is None
    bench.commit(after)
    late = bench.service.add_partitions_patiently(
        ID, wanted._replace(producer_epoch=after.producer_epoch + 1)
    )
    bench.scheduler.advance(120)
    assert isinstance(late.error, ConcurrentTransactionsError)


def test_who_is_not_the_producer():
    bench = Bench()
    producer = bench.init()
    newer = bench.init()
    assert newer == (1000, 1)
    with pytest.raises(ProducerFencedError):
        bench.add(producer, P0)
    with pytest.raises(InvalidProducerIdMappingError):
        bench.add(ProducerIdentity(5, 0), P0)
    with pytest.raises(InvalidProducerIdMappingError):
        bench.add(newer, P0, transactional_id="another")
    with pytest.raises(ProducerFencedError):
        bench.service.missing_partitions(ID, producer, frozenset({P0}))
    assert bench.service.missing_partitions(ID, newer, frozenset({P0})) == {P0}


@VERSIONS
def test_an_open_transaction_is_aborted_for_a_new_instance(version):
    bench = Bench(version)
    producer = bench.init()
    bench.add(producer, P0)
    with pytest.raises(ConcurrentTransactionsError):
        bench.init()
    assert bench.state() is S.COMPLETE_ABORT
    newer = bench.init()
    assert newer == (1000, 2)
    for late in (bench.commit, bench.abort):
        with pytest.raises(ProducerFencedError):
            late(producer)
    with pytest.raises(ProducerFencedError):
        bench.add(producer, P0)


def test_an_instance_that_says_what_it_had_is_fenced_if_another_came():
    bench = Bench()
    producer = bench.init()
    assert bench.init(expected=Expected(*producer)) == (1000, 1)
    assert bench.init(expected=Expected(*producer)) == (1000, 1)
    bench.init()
    with pytest.raises(ProducerFencedError):
        bench.init(expected=Expected(*producer))


@pytest.mark.parametrize("timeout_ms", [0, -1, 900_001])
def test_a_timeout_out_of_bounds(timeout_ms):
    with pytest.raises(InvalidTransactionTimeoutError):
        Bench().init(timeout_ms=timeout_ms)
    assert Bench().init(timeout_ms=900_000) == (1000, 0)


def test_the_empty_id_is_none():
    bench = Bench()
    somebody = ProducerIdentity(1, 0)
    for ask in (
        lambda: bench.init(""),
        lambda: bench.add(somebody, P0, transactional_id=""),
        lambda: bench.commit(somebody, transactional_id=""),
        lambda: bench.service.describe(""),
        lambda: bench.service.missing_partitions("", somebody, frozenset()),
    ):
        with pytest.raises(InvalidRequestError):
            ask()


@VERSIONS
def test_a_transaction_that_times_out_is_aborted(version):
    bench = Bench(version)
    producer = bench.init()
    bench.write(producer, P0, "lost") if version == 2 else bench.add(producer, P0)
    bench.scheduler.advance(TIMEOUT_MS)
    assert bench.state() is S.ONGOING
    bench.scheduler.advance(10_001)
    assert bench.state() is S.COMPLETE_ABORT
    found = bench.find()
    assert found is not None
    assert found.producer_epoch == 1
    with pytest.raises((ProducerFencedError, InvalidTxnStateError)):
        bench.commit(producer)
    again = bench.init(expected=Expected(*producer)) if version == 2 else bench.init()
    assert again.producer_epoch >= 1
    bench.add(again, P0)
    bench.commit(again)


def test_an_id_that_nobody_uses_is_forgotten():
    bench = Bench(transactional_id_expiration_ms=7_200_000)
    used, idle = bench.init("used"), bench.init("idle")
    bench.add(idle, P0, transactional_id="idle")
    bench.commit(idle, transactional_id="idle")
    bench.scheduler.advance(3_600_000)
    bench.add(used, P0, transactional_id="used")
    bench.commit(used, transactional_id="used")
    bench.scheduler.advance(3_600_000)
    assert bench.find("idle") is None
    assert bench.find("used") is not None
    assert bench.log.partitions[0][-1][1] is None, "a tombstone"
    bench.crash()
    assert bench.find("idle") is None


def test_an_open_transaction_is_not_forgotten():
    bench = Bench(
        transactional_id_expiration_ms=1_000,
        transaction_remove_expired_transaction_cleanup_interval_ms=2_000,
    )
    bench.add(bench.init(), P0)
    bench.scheduler.advance(5_000)
    assert bench.state() is S.ONGOING


def test_epochs_that_run_out_in_an_end_give_another_producer_id():
    bench = Bench()
    producer = bench.init()
    last = _exhaust(bench)
    assert last == (1000, 32_766)
    bench.add(last, P0)
    after = bench.commit(last)
    assert after == (1001, 0)
    assert bench.partitions.markers[-1][2].producer_epoch == 32_767
    assert bench.commit(last) == after
    bench.add(after, P0)
    with pytest.raises((ProducerFencedError, InvalidProducerIdMappingError)):
        bench.commit(producer)
    bench.commit(after)


def _exhaust(bench: Bench) -> ProducerIdentity:
    """Bring the epoch to the last one, as 32766 ends would."""
    from dataclasses import replace  # noqa: PLC0415

    found = bench.find()
    assert found is not None
    transactions = bench.service.runtime.shard(0).machine.transactions
    transactions[ID] = replace(found, producer_epoch=32_766)
    return ProducerIdentity(found.producer_id, 32_766)


def test_epochs_that_run_out_in_a_beginning_give_another_producer_id():
    bench = Bench()
    bench.init()
    _exhaust(bench)
    assert bench.init() == (1001, 0)


def test_no_id_where_none_can_be_had():
    bench = Bench()
    failing: Deferred[int] = Deferred.failed(CoordinatorNotAvailableError())
    bench.service._next_producer_id = lambda: failing
    with pytest.raises(CoordinatorNotAvailableError):
        bench.init()


def test_a_refused_append_changes_nothing():
    bench = Bench()
    producer = bench.init()
    bench.add(producer, P0)
    bench.log.fail_with = NotEnoughReplicasError()
    with pytest.raises(CoordinatorNotAvailableError):
        bench.commit(producer)
    with pytest.raises(CoordinatorNotAvailableError):
        bench.init()
    assert bench.state() is S.ONGOING
    assert not bench.partitions.markers
    bench.log.fail_with = None
    assert bench.commit(producer) == (1000, 1)


def test_another_coordinator_is_to_be_asked():
    bench = Bench()
    producer = bench.init()
    bench.service.on_resigned(0)
    for ask in (
        bench.init,
        lambda: bench.add(producer, P0),
        lambda: bench.commit(producer),
        lambda: bench.service.describe(ID),
        lambda: bench.service.missing_partitions(ID, producer, frozenset()),
    ):
        with pytest.raises(NotCoordinatorError):
            ask()


def test_while_loading_clients_are_told_so(monkeypatch):
    bench = Bench()
    bench.init()
    monkeypatch.setattr("logcore.coordinator.runtime.LOAD_SLICE_MS", 0)
    monkeypatch.setattr("logcore.coordinator.runtime.LOAD_SLICE_RECORDS", 1)
    bench.service.on_resigned(0)
    bench.service.on_elected(0)
    with pytest.raises(CoordinatorLoadInProgressError):
        bench.init()
    with pytest.raises(CoordinatorLoadInProgressError):
        bench.service.list(ListTransactionsRequest())
    bench.scheduler.run_soon()
    assert bench.init() == (1000, 1)


def test_descriptions_and_lists():
    bench = Bench(partition_count=3)
    for name in ("a", "b", "c"):
        bench.init(name)
    bench.add(ProducerIdentity(1001, 0), P0, transactional_id="b")
    told = bench.service.describe("b")
    assert (told.transaction_state, told.producer_id) == ("Ongoing", 1001)
    with pytest.raises(TransactionalIdNotFoundError):
        bench.service.describe("z")
    response = bench.service.list(ListTransactionsRequest(state_filters=["Empty", "Zork"]))
    assert sorted(each.transactional_id for each in response.transaction_states) == ["a", "c"]
    assert response.unknown_state_filters == ["Zork"]


def test_a_partition_that_cannot_be_marked_is_tried_again():
    bench = Bench()
    producer = bench.init()
    bench.add(producer, P0, P1)
    bench.partitions.fail_with[P1] = KafkaStorageError()
    bench.commit(producer)
    bench.scheduler.advance(1_000)
    assert bench.state() is S.PREPARE_COMMIT
    del bench.partitions.fail_with[P1]
    bench.scheduler.advance(100)
    assert bench.state() is S.COMPLETE_COMMIT
    assert [where for *where, _ in bench.partitions.markers] == [["t", 0], ["t", 1]]
