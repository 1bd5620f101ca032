"""Replay makes the group, in any order that a compacted log may have."""

from logcore.coordinator.group.share import records
from logcore.coordinator.group.share.group import ShareGroup
from logcore.coordinator.group.share.member import ShareMember
from tests.coordinator.group.share.sharing import ShareCluster


def snapshot_of(cluster: ShareCluster) -> dict[str, object]:
    facts = dict(vars(cluster.group()))
    del facts["seen_topics"]
    facts["partitions"] = cluster.initialized()
    return facts


def test_a_crash_changes_nothing():
    cluster = ShareCluster({"foo": 3, "bar": 2})
    cluster.join("m", "foo")
    cluster.join("n", "foo", "bar")
    cluster.leave("m")
    before = snapshot_of(cluster)
    cluster.crash()
    assert snapshot_of(cluster) == before


def test_a_compacted_log_makes_the_same():
    cluster = ShareCluster({"foo": 3})
    cluster.join("m", "foo")
    cluster.join("n", "foo")
    before = snapshot_of(cluster)
    other = ShareCluster({"foo": 3})
    for offset, key, value in cluster.log.compact(0):
        record = other.shard.decode(key, value)
        assert record is not None
        other.shard.replay(offset, record)
    assert snapshot_of(other) == before


def test_tombstones_of_what_is_not_there():
    cluster = ShareCluster()
    for record in records.group_tombstones("g", {"m": ShareMember(member_id="m")}):
        cluster.shard.replay(0, record)
    assert not cluster.shard.state.groups


def test_a_member_that_left_before_its_other_records():
    cluster = ShareCluster()
    cluster.shard.replay(0, records.group_epoch("g", 1, 0))
    gone, target, metadata = records.member_tombstones("g", "m")
    for record in (gone, target, metadata):
        cluster.shard.replay(1, record)
    assert not cluster.group().members
    cluster.shard.replay(2, records.target_epoch("g", 1, 5))
    assert cluster.group().target_epoch == 1
    cluster.shard.replay(3, records.group_tombstones("g", {})[0])
    assert cluster.group().target_epoch == -1


def test_a_group_takes_the_place_of_one_that_only_held_offsets():
    cluster = ShareCluster()
    cluster.shard.replay(0, records.group_epoch("g", 7, 0))
    assert isinstance(cluster.shard.state.groups["g"], ShareGroup)
    assert cluster.group().epoch == 7
