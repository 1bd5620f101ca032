"""A shard is what its records make, and knows which of them it still needs."""

from logcore.coordinator.share.shard import ShareShard
from logcore.coordinator.share.state import ShareKey
from logcore.protocol.internal.coordinator_record import encode_key
from logcore.protocol.internal.share import ShareUpdateKey
from tests.coordinator.share.bench import AVAILABLE, KEY, OTHER, Bench


def test_every_record_survives_its_bytes():
    bench = Bench()
    bench.begin()
    bench.write((0, 9, AVAILABLE, 1))
    bench.service.delete_one(KEY).value()
    shard = ShareShard()
    for _, key, value in bench.log.read_all(0):
        record = shard.decode(key, value)
        assert record is not None
        assert shard.encode(record) == (key, value)


def test_kinds_of_a_later_release_are_passed_over():
    assert ShareShard().decode(b"\x7f\xff", b"\0\0") is None


def test_a_tombstone_of_an_update_changes_nothing():
    shard = ShareShard()
    key = encode_key(ShareUpdateKey(group_id="g", topic_id=KEY.topic_id, partition=0))
    record = shard.decode(key, None)
    assert record is not None
    shard.replay(0, record)
    assert not shard.states


def test_the_first_needed_is_the_oldest_snapshot():
    bench = Bench()
    shard = bench.service.runtime.shard(0).machine
    assert shard.first_needed == 0
    other = ShareKey("g", OTHER, 1)
    bench.begin()
    bench.begin(other)
    bench.write((0, 9, AVAILABLE, 1))
    assert shard.first_needed == 0
    bench.begin()
    assert shard.first_needed == 1
    bench.service.delete_one(other).value()
    assert shard.first_needed == 3
    bench.service.delete_one(KEY).value()
    assert shard.first_needed == 6
    assert not shard.states


def test_it_says_when_it_is_loaded():
    told: list[ShareShard] = []
    shard = ShareShard(told.append)
    shard.on_loaded()
    shard.on_unloaded()
    assert told == [shard]
