"""Consumer groups as a shard serves them: how requests find the protocol of their group."""

from logcore.common.errors import NotEnoughReplicasError
from tests.coordinator.group.actors import GROUP
from tests.coordinator.group.consumers import Client, ConsumerCluster, settle


def test_groups_live_side_by_side():
    cluster = ConsumerCluster({"foo": 2})
    cluster.stable(group_id="old")
    a = Client(cluster, "a", "foo")
    settle(a)
    cluster.join_consumer("a", "foo", group_id="other")
    assert set(cluster.shard.state.groups) == {"old", GROUP, "other"}
    assert cluster.shard.consumer.group("old") is None
    assert cluster.shard.consumer.group(GROUP) is cluster.consumer_group()


def test_requests_of_the_classic_protocol_to_a_group_without_members():
    cluster = ConsumerCluster({"foo": 2})
    cluster.join_consumer("a", "foo")
    cluster.beat("a", -1)
    assert cluster.heartbeat("a", 1) == 25
    assert cluster.sync("a", 1).value().error_code == 25
    assert [each.error_code for each in cluster.leave("a").members] == [25]


def test_a_group_that_cannot_make_way_refuses():
    cluster = ConsumerCluster({"foo": 2})
    cluster.join_consumer("a", "foo")
    cluster.beat("a", -1)
    cluster.log.fail_with, cluster.log.fail_count = NotEnoughReplicasError(), 1
    assert cluster.join().value().error_code == 15
    assert cluster.join().value().error_code == 79


def test_a_heartbeat_while_a_group_loads_or_is_elsewhere():
    cluster = ConsumerCluster({"foo": 2})
    cluster.service.on_resigned(0)
    assert cluster.join_consumer("a", "foo").error_code == 16
    assert cluster.service.describe_consumer_group(GROUP).error_code == 16


def test_heartbeats_of_one_group_wait_for_each_other():
    cluster = ConsumerCluster({"foo": 2})
    settle(Client(cluster, "a", "foo"))
    settle(Client(cluster, "b", "foo"), Client(cluster, "a2", "foo"))
    assert cluster.consumer_group().epoch == 3
