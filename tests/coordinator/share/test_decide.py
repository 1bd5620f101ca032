"""What each request leads to, and who is refused."""

import pytest

from logcore.common.errors import (
    FencedLeaderEpochError,
    FencedStateEpochError,
    InvalidRequestError,
)
from logcore.coordinator.share import decide
from logcore.coordinator.share.decide import Terms, Writing
from logcore.protocol.internal.share import ShareSnapshotKey, ShareUpdateKey
from tests.coordinator.share.bench import ACKNOWLEDGED, ARCHIVED, AVAILABLE, KEY, Bench

TERMS = Terms(now_ms=5, updates_max=2)


def writing(state_epoch: int = 1, leader_epoch: int = 0) -> Writing:
    return Writing(state_epoch, leader_epoch, -1, 0, ())


def test_a_state_begins_with_a_snapshot():
    (record,) = decide.initialise(KEY, None, 3, -1, TERMS)
    assert isinstance(record.key, ShareSnapshotKey)
    value = record.value
    assert (value.snapshot_epoch, value.state_epoch, value.leader_epoch) == (0, 3, 0)
    assert (value.start_offset, value.delivery_complete_count) == (-1, -1)
    assert value.create_timestamp == value.write_timestamp == 5


def test_deliveries_are_counted_from_an_offset_that_was_set():
    (record,) = decide.initialise(KEY, None, 3, 17, TERMS)
    assert (record.value.start_offset, record.value.delivery_complete_count) == (17, 0)


def test_a_state_begun_anew_goes_on_with_the_number_of_its_snapshots():
    bench = Bench()
    bench.begin(epoch=4)
    bench.write((0, 9, AVAILABLE, 1), state_epoch=4)
    (record,) = decide.initialise(KEY, bench.states[KEY], 4, 5, TERMS)
    assert record.value.snapshot_epoch == 1
    assert record.value.state_batches == []
    with pytest.raises(FencedStateEpochError):
        decide.initialise(KEY, bench.states[KEY], 3, 5, TERMS)


def test_what_was_not_begun_is_neither_written_nor_read():
    with pytest.raises(InvalidRequestError):
        decide.write(KEY, None, writing(), TERMS)
    with pytest.raises(InvalidRequestError):
        decide.read(KEY, None, 0, TERMS)
    assert decide.delete(KEY, None) == []


def test_updates_until_a_snapshot_is_due():
    bench = Bench(share_coordinator_snapshot_update_records_per_snapshot=2)
    bench.begin()
    for number in range(5):
        bench.write((number, number, ACKNOWLEDGED, 1), start_offset=max(0, number - 1))
    machine = bench.service.runtime.shard(0).machine
    records = [machine.decode(key, value) for _, key, value in bench.log.read_all(0)]
    assert [type(record.key) for record in records if record is not None] == [
        ShareSnapshotKey, ShareUpdateKey, ShareUpdateKey, ShareSnapshotKey, ShareUpdateKey,
        ShareUpdateKey,
    ]  # fmt: skip
    state = bench.states[KEY]
    assert (state.snapshot_epoch, state.start_offset) == (1, 3)
    assert bench.batches() == [(3, 4, ACKNOWLEDGED, 1)]


def test_who_is_late_is_refused():
    bench = Bench()
    bench.begin(epoch=2)
    bench.service.read_one(KEY, 5).value()
    state = bench.states[KEY]
    with pytest.raises(FencedLeaderEpochError):
        decide.write(KEY, state, writing(state_epoch=2, leader_epoch=4), TERMS)
    with pytest.raises(FencedStateEpochError):
        decide.write(KEY, state, writing(state_epoch=1, leader_epoch=5), TERMS)
    with pytest.raises(FencedLeaderEpochError):
        decide.read(KEY, state, 4, TERMS)
    assert decide.write(KEY, state, writing(state_epoch=-1, leader_epoch=-1), TERMS)
    assert decide.write(KEY, state, writing(state_epoch=3, leader_epoch=6), TERMS)


def test_a_write_keeps_the_epochs_of_the_state():
    bench = Bench()
    bench.begin(epoch=2)
    bench.write((0, 1, AVAILABLE, 1), state_epoch=9, leader_epoch=9)
    assert bench.states[KEY].state_epoch == 2
    assert bench.states[KEY].leader_epoch == 0


def test_a_batch_that_ends_before_it_begins():
    bench = Bench()
    bench.begin()
    with pytest.raises(InvalidRequestError):
        bench.write((5, 4, ARCHIVED, 1))


def test_only_a_newer_leader_is_written_down():
    bench = Bench()
    bench.begin(offset=3)
    bench.write((3, 9, AVAILABLE, 1), delivery_complete_count=2)
    state, records = decide.read(KEY, bench.states[KEY], 0, TERMS)
    assert records == []
    state, records = decide.read(KEY, bench.states[KEY], -1, TERMS)
    assert records == []
    state, (record,) = decide.read(KEY, bench.states[KEY], 1, TERMS)
    assert state is bench.states[KEY]
    assert record.value.leader_epoch == 1
    assert (record.value.start_offset, record.value.delivery_complete_count) == (3, 2)
    assert record.value.state_batches == []


def test_a_state_is_moved_up_as_it_is():
    bench = Bench()
    bench.begin()
    bench.write((0, 9, AVAILABLE, 1))
    record = decide.snapshot_again(KEY, bench.states[KEY], Terms(99, 0))
    created_ms = bench.states[KEY].created_ms
    assert (record.value.create_timestamp, record.value.write_timestamp) == (created_ms, 99)
    assert record.value.snapshot_epoch == 1
    assert len(record.value.state_batches) == 1
