"""The steps between the coordinators, one by one."""

import pytest

from logcore.common.errors import GroupIdNotFoundError, NonEmptyGroupError
from logcore.coordinator.group.share.partitions import TopicState
from tests.coordinator.group.share.sharing import GROUP, ShareCluster


def test_steps_of_a_group_that_is_not_there():
    protocol = ShareCluster().shard.share
    assert protocol.group(GROUP) is None
    assert not protocol.note_begun(GROUP, {}, {}).records
    assert protocol.begin_delete(GROUP).response == {}
    assert not protocol.forget_topic(GROUP, b"x" * 16).records
    assert not protocol.end_delete_offsets(GROUP, []).records
    assert protocol.initialized(GROUP) == {}
    with pytest.raises(GroupIdNotFoundError):
        protocol.existing(GROUP)
    with pytest.raises(GroupIdNotFoundError):
        protocol.begin_delete_offsets(GROUP, ["foo"])


def test_setting_offsets_makes_a_group():
    cluster = ShareCluster({"foo": 2})
    places = {cluster.id("foo"): TopicState("foo", frozenset({1}))}
    decided = cluster.shard.share.begin_alter(GROUP, places)
    assert decided.response == 0
    (record,) = decided.records
    cluster.shard.replay(0, record)
    known = cluster.group().partitions
    assert known is not None
    assert set(known.initializing) == {cluster.id("foo")}


def test_a_group_in_use_keeps_its_offsets():
    cluster = ShareCluster({"foo": 2})
    cluster.join("m", "foo")
    protocol = cluster.shard.share
    for decide in (
        lambda: protocol.begin_alter(GROUP, {}),
        lambda: protocol.begin_delete_offsets(GROUP, ["foo"]),
        lambda: protocol.begin_delete(GROUP),
    ):
        with pytest.raises(NonEmptyGroupError):
            decide()


def test_nothing_is_written_where_nothing_changes():
    cluster = ShareCluster({"foo": 2})
    cluster.join("m", "foo")
    cluster.leave("m")
    protocol = cluster.shard.share
    assert not protocol.note_begun(GROUP, {cluster.id("foo"): frozenset({0})}, {}).records
    assert not protocol.end_delete_offsets(GROUP, [cluster.id("foo")]).records
    assert not protocol.begin_delete_offsets(GROUP, ["nope"]).records


def test_what_was_being_forgotten_is_forgotten_again():
    cluster = ShareCluster({"foo": 2, "bar": 1})
    cluster.join("m", "foo", "bar")
    cluster.leave("m")
    protocol = cluster.shard.share
    decided = protocol.begin_delete_offsets(GROUP, ["foo"])
    assert decided.response == {"foo": (cluster.id("foo"), frozenset({0, 1}))}
    cluster.shard.replay(0, decided.records[0])
    assert protocol.begin_delete_offsets(GROUP, ["foo"]).response == decided.response
    assert protocol.begin_delete(GROUP).response == {
        cluster.id("foo"): frozenset({0, 1}), cluster.id("bar"): frozenset({0}),
    }  # fmt: skip
    cluster.delete("foo", is_told=False)
    assert protocol.begin_delete_offsets(GROUP, ["foo"]).response == {}
    assert protocol.begin_delete(GROUP).response is not None


def test_groups_that_know_of_a_topic():
    cluster = ShareCluster({"foo": 2})
    cluster.join("m", "foo")
    assert cluster.shard.share.groups_with(cluster.id("foo")) == [GROUP]
    assert cluster.shard.share.groups_with(b"x" * 16) == []
