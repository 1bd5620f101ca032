"""Completing what is decided: through refusals, late markers, and coordinators that come and go."""

import pytest

from logcore.common.errors import (
    InvalidProducerEpochError,
    NotEnoughReplicasError,
    TransactionCoordinatorFencedError,
)
from logcore.coordinator.transaction.state import TransactionState
from tests.coordinator.transaction.bench import P0, P1, Bench

S = TransactionState


def prepared(*places) -> Bench:
    """A transaction whose commit is decided, and whose markers wait."""
    bench = Bench()
    producer = bench.init()
    bench.add(producer, *places)
    bench.partitions.is_held = True
    bench.commit(producer)
    assert bench.state() is S.PREPARE_COMMIT
    return bench


def test_complete_is_written_once_every_partition_has_its_marker():
    bench = prepared(P0, P1)
    first, second = bench.partitions.held
    second.complete(None)
    assert bench.state() is S.PREPARE_COMMIT
    first.complete(None)
    assert bench.state() is S.COMPLETE_COMMIT


def test_the_next_coordinator_goes_on():
    bench = prepared(P0, P1)
    bench.crash()
    bench.partitions.held[0].complete(None)
    bench.partitions.held[1].complete(None)
    assert bench.state() is S.COMPLETE_COMMIT
    assert len(bench.partitions.markers) == 4
    assert bench.partitions.markers[-1][2].coordinator_epoch == 1


def test_a_coordinator_that_resigned_writes_no_more():
    bench = prepared(P0)
    count = len(bench.log.batches)
    bench.service.on_resigned(0)
    bench.partitions.held[0].complete(None)
    assert len(bench.log.batches) == count


@pytest.mark.parametrize("error", [InvalidProducerEpochError, TransactionCoordinatorFencedError])
def test_a_marker_that_comes_too_late_is_not_tried_again(error):
    bench = Bench()
    producer = bench.init()
    bench.add(producer, P0, P1)
    bench.partitions.fail_with[P0] = error()
    bench.commit(producer)
    assert bench.state() is S.COMPLETE_COMMIT


def test_the_complete_record_is_tried_again():
    bench = prepared(P0)
    bench.log.fail_with = NotEnoughReplicasError()
    bench.partitions.held[0].complete(None)
    bench.scheduler.advance(500)
    assert bench.state() is S.PREPARE_COMMIT
    bench.log.fail_with = None
    bench.scheduler.advance(100)
    assert bench.state() is S.COMPLETE_COMMIT
    assert len(bench.partitions.markers) == 1, "the markers are not written again"


def test_retries_end_with_their_coordinator():
    bench = Bench()
    producer = bench.init()
    bench.add(producer, P0)
    bench.partitions.fail_with[P0] = NotEnoughReplicasError()
    bench.commit(producer)
    bench.service.on_resigned(0)
    del bench.partitions.fail_with[P0]
    bench.scheduler.advance(1_000)
    assert not bench.partitions.markers
    bench.service.on_elected(0)
    bench.scheduler.run_soon()
    assert bench.state() is S.COMPLETE_COMMIT


def test_a_transaction_without_partitions_is_complete_at_once():
    bench = Bench()
    producer = bench.init()
    assert bench.abort(producer) == (1000, 1)
    assert bench.state() is S.COMPLETE_ABORT
    assert not bench.partitions.markers


def test_a_transaction_that_is_prepared_before_the_last_is_let_go_of_is_completed():
    bench = Bench()
    producer = bench.init()
    bench.add(producer, P0)
    bench.partitions.is_held = True
    producer = bench.commit(producer)
    bench.log.is_held, bench.partitions.is_held = True, False
    bench.partitions.held.pop().complete(None)  # its end goes to a slow disk
    bench.scheduler.advance(5_000)  # is given up, to be looked at again in 100 ms
    bench.log.is_held = False
    bench.log.release()
    assert bench.state() is S.COMPLETE_COMMIT
    bench.add(producer, P0)
    producer = bench.commit(producer)
    assert bench.state() is S.PREPARE_COMMIT
    bench.scheduler.advance(100)
    assert bench.state() is S.COMPLETE_COMMIT
    bench.add(producer, P0)
