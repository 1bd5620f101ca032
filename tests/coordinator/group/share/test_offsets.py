"""Offsets of share groups, described, set anew and deleted."""

from logcore.common.errors import (
    CoordinatorNotAvailableError,
    GroupIdNotFoundError,
    InvalidGroupIdError,
    NonEmptyGroupError,
    UnknownTopicOrPartitionError,
)
from logcore.coordinator.share.decide import Writing
from logcore.coordinator.share.state import ShareKey
from logcore.protocol.messages.alter_share_group_offsets import (
    AlterShareGroupOffsetsRequest,
    AlterShareGroupOffsetsRequestPartition,
    AlterShareGroupOffsetsRequestTopic,
)
from logcore.protocol.messages.delete_share_group_offsets import (
    DeleteShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsRequestTopic,
)
from logcore.protocol.messages.describe_share_group_offsets import (
    DescribeShareGroupOffsetsRequestGroup,
    DescribeShareGroupOffsetsRequestTopic,
)
from tests.coordinator.group.share.sharing import GROUP, ShareCluster

UNKNOWN = UnknownTopicOrPartitionError.code


def describe(
    cluster: ShareCluster, topics: dict[str, list[int]] | None = None
) -> dict[tuple[str, int], tuple[int, int, int]]:
    """Return start offset, lag and code by topic and partition."""
    asked = None
    if topics is not None:
        asked = [
            DescribeShareGroupOffsetsRequestTopic(topic_name=name, partitions=partitions)
            for name, partitions in topics.items()
        ]
    request = DescribeShareGroupOffsetsRequestGroup(group_id=GROUP, topics=asked)
    told = cluster.service.share_offsets.describe(request).value()
    assert told.error_code == 0
    return {
        (topic.topic_name, each.partition_index): (each.start_offset, each.lag, each.error_code)
        for topic in told.topics
        for each in topic.partitions
    }


def alter(cluster: ShareCluster, topics: dict[str, dict[int, int]], group: str = GROUP):
    request = AlterShareGroupOffsetsRequest(
        group_id=group,
        topics=[
            AlterShareGroupOffsetsRequestTopic(
                topic_name=name,
                partitions=[
                    AlterShareGroupOffsetsRequestPartition(
                        partition_index=partition, start_offset=offset
                    )
                    for partition, offset in partitions.items()
                ],
            )
            for name, partitions in topics.items()
        ],
    )
    response = cluster.service.share_offsets.alter(request).value()
    codes = {
        (topic.topic_name, each.partition_index): each.error_code
        for topic in response.responses
        for each in topic.partitions
    }
    return response.error_code, codes


def delete(cluster: ShareCluster, *topics: str, group: str = GROUP):
    request = DeleteShareGroupOffsetsRequest(
        group_id=group,
        topics=[DeleteShareGroupOffsetsRequestTopic(topic_name=name) for name in topics],
    )
    response = cluster.service.share_offsets.delete(request).value()
    return response.error_code, {topic.topic_name: topic.error_code for topic in response.responses}


def emptied(**topics: int) -> ShareCluster:
    cluster = ShareCluster(topics)
    cluster.join("m", *topics)
    cluster.leave("m")
    return cluster


def test_offsets_and_lag():
    cluster = emptied(foo=3)
    cluster.states.ends.update({("foo", 0): 20, ("foo", 1): 9})
    key = ShareKey(GROUP, cluster.id("foo"), 0)
    cluster.states.bench.service.write_one(key, Writing(-1, 0, 5, 2, ())).value()
    assert describe(cluster) == {
        ("foo", 0): (5, 13, 0), ("foo", 1): (-1, -1, 0), ("foo", 2): (-1, -1, 0),
    }  # fmt: skip
    assert describe(cluster, {"foo": [0]}) == {("foo", 0): (5, 13, 0)}
    cluster.states.bench.service.write_one(key, Writing(-1, 0, -1, -1, ())).value()
    assert describe(cluster, {"foo": [0]}) == {("foo", 0): (5, -1, 0)}


def test_what_is_not_there_has_no_offset_but_no_error():
    cluster = emptied(foo=1)
    assert describe(cluster, {"nope": [0], "foo": [7]}) == {
        ("nope", 0): (-1, -1, 0), ("foo", 7): (-1, -1, 0),
    }  # fmt: skip
    assert describe(cluster, {}) == {}
    assert describe(ShareCluster({"foo": 1})) == {}


def test_an_end_that_is_not_known_is_told():
    cluster = emptied(foo=1)
    alter(cluster, {"foo": {0: 3}})
    cluster.states.ends.clear()
    assert describe(cluster) == {("foo", 0): (0, -1, UNKNOWN)}


def test_while_the_coordinator_is_elsewhere():
    cluster = ShareCluster()
    cluster.service.on_resigned(0)
    request = DescribeShareGroupOffsetsRequestGroup(group_id=GROUP, topics=None)
    assert cluster.service.share_offsets.describe(request).value().error_code == 16
    assert alter(cluster, {})[0] == 16
    assert delete(cluster)[0] == 16


def test_setting_offsets():
    cluster = emptied(foo=2)
    cluster.states.ends.update({("foo", 0): 20, ("foo", 1): 9})
    assert alter(cluster, {"foo": {0: 4, 1: 9}}) == (0, {("foo", 0): 0, ("foo", 1): 0})
    assert describe(cluster) == {("foo", 0): (4, 16, 0), ("foo", 1): (9, 0, 0)}
    cluster.crash()
    assert describe(cluster) == {("foo", 0): (4, 16, 0), ("foo", 1): (9, 0, 0)}
    known = cluster.group().partitions
    assert known is not None
    assert not known.initializing


def test_setting_offsets_of_a_group_that_is_not_there_makes_it():
    cluster = ShareCluster({"foo": 2})
    cluster.states.ends["foo", 1] = 7
    assert alter(cluster, {"foo": {1: 7}}) == (0, {("foo", 1): 0})
    assert cluster.group().is_empty
    assert describe(cluster) == {("foo", 1): (7, 0, 0)}
    assert cluster.told(cluster.join("m", "foo")) == {"foo": [0, 1]}
    assert describe(cluster, {"foo": [1]}) == {("foo", 1): (7, 0, 0)}


def test_offsets_that_cannot_be_set():
    cluster = emptied(foo=2)
    assert alter(cluster, {"foo": {0: 1, 2: 1, -1: 0}, "nope": {0: 1}}) == (
        0, {("foo", 0): 0, ("foo", 2): UNKNOWN, ("foo", -1): UNKNOWN, ("nope", 0): UNKNOWN},
    )  # fmt: skip
    cluster.states.fail_with, cluster.states.failing = CoordinatorNotAvailableError(), {1}
    code = CoordinatorNotAvailableError.code
    assert alter(cluster, {"foo": {0: 2, 1: 2}}) == (0, {("foo", 0): 0, ("foo", 1): code})
    assert describe(cluster) == {("foo", 0): (2, -2, 0), ("foo", 1): (-1, -1, 0)}
    assert alter(cluster, {}, group="") == (InvalidGroupIdError.code, {})


def test_offsets_of_a_group_in_use():
    cluster = ShareCluster({"foo": 2})
    cluster.join("m", "foo")
    assert alter(cluster, {"foo": {0: 1}}) == (NonEmptyGroupError.code, {})
    assert delete(cluster, "foo") == (NonEmptyGroupError.code, {})


def test_deleting_offsets():
    cluster = emptied(foo=2, bar=1)
    assert delete(cluster, "foo", "nope") == (0, {"foo": 0, "nope": UNKNOWN})
    assert describe(cluster) == {("bar", 0): (-1, -1, 0)}
    assert not cluster.has_state("foo", 0)
    assert delete(cluster, "foo") == (0, {"foo": UNKNOWN})
    cluster.crash()
    assert describe(cluster) == {("bar", 0): (-1, -1, 0)}
    assert cluster.told(cluster.join("m", "foo")) == {"foo": [0, 1]}


def test_offsets_that_cannot_be_deleted_are_deleted_later():
    cluster = emptied(foo=2, bar=1)
    cluster.states.fail_with, cluster.states.failing = CoordinatorNotAvailableError(), {1}
    assert delete(cluster, "foo", "bar") == (
        0, {"foo": CoordinatorNotAvailableError.code, "bar": 0},
    )  # fmt: skip
    cluster.states.fail_with = None
    cluster.crash()
    assert cluster.has_state("foo", 1)
    assert delete(cluster, "foo") == (0, {"foo": 0})
    assert not cluster.states.bench.states


def test_deleting_offsets_of_nobody():
    cluster = ShareCluster({"foo": 1})
    assert delete(cluster, "foo") == (GroupIdNotFoundError.code, {})
    assert delete(cluster, "foo", group="") == (InvalidGroupIdError.code, {})
