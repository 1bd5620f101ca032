"""The log stays short: pruned up to what is needed, with cold states moved up."""

import pytest

from logcore.common.errors import NotLeaderOrFollowerError
from logcore.coordinator.share.state import ShareKey
from tests.coordinator.share.bench import AVAILABLE, KEY, OTHER, Bench

COLD = ShareKey("cold", OTHER, 2)
PRUNE_MS, COLD_MS = 1_000, 5_000


@pytest.fixture
def bench():
    return Bench(
        share_coordinator_state_topic_prune_interval_ms=PRUNE_MS,
        share_coordinator_cold_partition_snapshot_interval_ms=COLD_MS,
        share_coordinator_snapshot_update_records_per_snapshot=2,
    )


def test_what_no_state_needs_goes(bench):
    bench.begin()
    for number in range(5):
        bench.write((number, number, AVAILABLE, 1))
    bench.scheduler.advance(PRUNE_MS)
    assert bench.log.starts == {0: 3}
    bench.crash()
    assert bench.batches() == [(0, 4, AVAILABLE, 1)]
    assert bench.states[KEY].snapshot_epoch == 1


def test_nothing_is_pruned_twice(bench):
    bench.begin()
    bench.begin()
    bench.scheduler.advance(PRUNE_MS)
    bench.log.starts.clear()
    bench.scheduler.advance(2 * PRUNE_MS)
    assert bench.log.starts == {}
    bench.service.on_resigned(0)
    bench.service.on_elected(0)
    bench.scheduler.advance(PRUNE_MS)
    assert bench.log.starts == {0: 1}


def test_a_cold_state_is_moved_up_so_that_the_rest_can_go(bench):
    bench.begin(COLD)
    bench.begin()
    bench.scheduler.advance(COLD_MS - 10)
    bench.begin()
    bench.scheduler.advance(20 + PRUNE_MS)
    state = bench.states[COLD]
    assert state.is_cold
    assert state.snapshot_offset == 3
    assert bench.log.starts == {0: 2}
    bench.scheduler.advance(COLD_MS)
    assert bench.states[KEY].is_cold


def test_a_quiet_partition_is_left_alone(bench):
    bench.begin(COLD)
    bench.scheduler.advance(10 * COLD_MS)
    assert len(bench.log.partitions[0]) == 2
    assert bench.states[COLD].is_cold


def test_a_failed_pruning_is_tried_again(bench):
    bench.begin()
    bench.begin()
    bench.log.fail_with = NotLeaderOrFollowerError()
    bench.scheduler.advance(PRUNE_MS)
    bench.log.fail_with = None
    bench.scheduler.advance(PRUNE_MS)
    assert bench.log.starts == {0: 1}


def test_nothing_runs_once_it_is_closed(bench):
    bench.begin()
    bench.begin()
    bench.service.close()
    bench.scheduler.advance(10 * COLD_MS)
    assert bench.log.starts == {}
