"""Records of share states are Kafka's, and together they are the state."""

from dataclasses import replace

from logcore.coordinator.share import records
from logcore.coordinator.share.batches import StateBatch
from logcore.protocol.internal.share import ShareSnapshotValue, ShareUpdateValue
from tests.coordinator.share.bench import ACKNOWLEDGED, AVAILABLE, KEY, Bench


def applied(before, record, offset=7):
    if isinstance(record.value, ShareSnapshotValue):
        return records.apply_snapshot(before, record.value, offset)
    return records.apply_update(before, record.value, offset)


def some_state():
    bench = Bench()
    bench.begin(offset=5)
    bench.write((5, 9, AVAILABLE, 2), (12, 14, ACKNOWLEDGED, 1), delivery_complete_count=3)
    return bench.states[KEY]


def test_a_snapshot_is_the_whole_state():
    state = some_state()
    again = applied(None, records.snapshot(KEY, state), state.snapshot_offset)
    assert again == replace(state, update_count=0)


def test_an_update_is_laid_over_the_state():
    state = some_state()
    change = [StateBatch(5, 6, ACKNOWLEDGED, 2)]
    after = applied(state, records.update(KEY, state, 6, 4, change))
    assert (after.start_offset, after.delivery_complete_count) == (6, 4)
    assert after.batches == (
        StateBatch(6, 6, ACKNOWLEDGED, 2), StateBatch(7, 9, AVAILABLE, 2),
        StateBatch(12, 14, ACKNOWLEDGED, 1),
    )  # fmt: skip
    assert after.snapshot_offset == state.snapshot_offset
    assert after.update_count == state.update_count + 1


def test_what_an_update_does_not_say_stays():
    state = some_state()
    silent = ShareUpdateValue(snapshot_epoch=0, leader_epoch=-1, start_offset=-1)
    after = records.apply_update(state, silent, 9)
    assert (after.leader_epoch, after.start_offset) == (state.leader_epoch, state.start_offset)
    assert after.batches == state.batches


def test_an_update_alone_is_all_there_is():
    value = ShareUpdateValue(snapshot_epoch=2, leader_epoch=3, start_offset=4)
    state = records.apply_update(None, value, 11)
    assert (state.snapshot_epoch, state.leader_epoch, state.start_offset) == (2, 3, 4)
    assert state.snapshot_offset == 11


def test_epochs_that_fence_never_go_down():
    state = replace(some_state(), newest_state_epoch=8, newest_leader_epoch=9)
    after = applied(state, records.snapshot(KEY, replace(state, state_epoch=2, leader_epoch=3)))
    assert (after.state_epoch, after.newest_state_epoch) == (2, 8)
    assert (after.leader_epoch, after.newest_leader_epoch) == (3, 9)


def test_a_tombstone_is_of_the_kind_of_snapshots():
    record = records.tombstone(KEY)
    assert record.key.API_KEY == 0
    assert record.value is None
