"""Streams groups beside other kinds in one shard: offsets, lists, and who takes whose place."""

from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.protocol.messages.list_groups import ListGroupsRequest
from logcore.protocol.messages.offset_delete import (
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
)
from tests.coordinator.group.actors import GROUP
from tests.coordinator.group.streams.streaming import StreamsCluster, StreamThread, settle

INCONSISTENT, UNKNOWN_MEMBER, NON_EMPTY, NOT_FOUND, STALE, SUBSCRIBED = 23, 25, 68, 69, 113, 86


def listed(cluster, **filters):
    groups = cluster.service.list_groups(ListGroupsRequest(**filters)).groups
    return [
        (each.group_id, each.group_type, each.protocol_type, each.group_state) for each in groups
    ]


def test_lists():
    cluster = StreamsCluster()
    settle(StreamThread(cluster, "a"))
    found = [(GROUP, "streams", "streams", "Stable")]
    assert listed(cluster) == found
    assert listed(cluster, types_filter=["Streams"], states_filter=["stable"]) == found
    assert listed(cluster, types_filter=["consumer"]) == []
    (described,) = cluster.service.describe_groups([GROUP], 6)
    assert (described.error_code, described.group_state) == (NOT_FOUND, "Dead")


def test_members_commit_and_fetch_in_their_epoch():
    cluster = StreamsCluster()
    a = StreamThread(cluster, "a")
    settle(a)
    member = {"member_id": "a", "generation": a.epoch}
    assert cluster.commit_code(5, topic="in", partition=1, **member) == 0
    assert cluster.fetched("in", 1, member_id="a", member_epoch=a.epoch) == 5
    assert cluster.commit_code(5, topic="in", member_id="a", generation=9) == STALE
    assert cluster.commit_code(5, topic="in", member_id="b", generation=2) == UNKNOWN_MEMBER
    assert cluster.commit_code(5, topic="in") == UNKNOWN_MEMBER
    assert cluster.fetch({"in": [1]}, member_id="a", member_epoch=9).error_code == STALE


def test_offsets_are_deleted_of_topics_that_nobody_reads():
    cluster = StreamsCluster()
    a = StreamThread(cluster, "a")
    settle(a)
    cluster.commit_code(5, topic="in", member_id="a", generation=a.epoch)
    partition = OffsetDeleteRequestPartition(partition_index=0)
    request = OffsetDeleteRequest(
        group_id=GROUP, topics=[OffsetDeleteRequestTopic(name="in", partitions=[partition])]
    )
    for code, offset in ((SUBSCRIBED, 5), (0, -1)):
        deleted = cluster.service.delete_offsets(request).value()
        assert deleted.topics[0].partitions[0].error_code == code
        assert cluster.fetched("in") == offset
        a.leave()


def test_it_is_deleted_once_it_is_empty():
    cluster = StreamsCluster()
    a = StreamThread(cluster, "a")
    settle(a)
    assert cluster.service.delete_groups([GROUP]).value()[0].error_code == NON_EMPTY
    a.leave()
    cluster.commit_code(5, topic="in")
    assert cluster.service.delete_groups([GROUP]).value()[0].error_code == 0
    for _ in range(2):
        assert cluster.shard.state.groups == {}
        assert cluster.fetched("in") == -1
        cluster.crash()


def test_members_of_the_classic_protocol_do_not_join_it():
    cluster = StreamsCluster()
    a = StreamThread(cluster, "a")
    settle(a)
    assert cluster.join().value().error_code == INCONSISTENT
    assert cluster.heartbeat("a", 2) == UNKNOWN_MEMBER
    assert cluster.beat("c", 0, topics=["in"], owned={}, rebalance_ms=1).error_code == NOT_FOUND
    a.leave()
    assert cluster.beat("c", 0, topics=["in"], owned={}, rebalance_ms=1).error_code == NOT_FOUND
    cluster.stable()
    assert isinstance(cluster.shard.state.groups[GROUP], ClassicGroup)
    cluster.crash()
    assert isinstance(cluster.shard.state.groups[GROUP], ClassicGroup)
