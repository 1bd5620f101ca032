"""The steps from what a member says to records."""

from tests.coordinator.group.consumers import Client, ConsumerCluster, settle


def types(cluster):
    """Return the types of the records of the last batch."""
    return [int.from_bytes(key[:2], "big") for key, _ in cluster.log.batches[-1]]


def test_a_join_is_one_batch():
    cluster = ConsumerCluster({"foo": 2})
    cluster.join_consumer("a", "foo")
    assert types(cluster) == [5, 3, 7, 6, 8]
    cluster.join_consumer("b", "foo")
    assert types(cluster) == [5, 3, 7, 7, 6, 8]
    assert len(cluster.log.batches) == 2


def test_only_what_changes_is_written():
    cluster = ConsumerCluster({"foo": 2})
    a = Client(cluster, "a", "foo")
    settle(a)
    cluster.join_consumer("b", "foo")
    a.beat()
    assert types(cluster) == [8]
    a.beat(rack_id="r")
    assert types(cluster) == [5]


def test_a_target_that_is_put_off_is_not_written():
    cluster = ConsumerCluster({"foo": 2})
    cluster.group_config["consumer.assignment.interval.ms"] = "1000"
    cluster.join_consumer("a", "foo")
    cluster.join_consumer("b", "foo")
    assert types(cluster) == [5, 3, 8]
    cluster.scheduler.advance(1_000)
    cluster.beat("b", 1)
    assert types(cluster) == [7, 7, 6, 8]


def test_a_clock_that_steps_back_puts_targets_off_unless_the_interval_is_none():
    cluster = ConsumerCluster({"foo": 2})
    cluster.group_config["consumer.assignment.interval.ms"] = "1000"
    cluster.join_consumer("a", "foo")
    cluster.consumer_group().target_timestamp_ms += 100_000
    cluster.join_consumer("b", "foo")
    assert cluster.consumer_group().target_epoch == 1
    cluster.group_config["consumer.assignment.interval.ms"] = "0"
    cluster.beat("b", 1)
    assert cluster.consumer_group().target_epoch == 2


def test_a_group_from_kafka_4_0_loses_what_it_no_longer_needs():
    cluster = ConsumerCluster({"foo": 2})
    cluster.join_consumer("a", "foo")
    cluster.consumer_group().has_partition_metadata = True
    cluster.beat("a", 1, topics=[])
    assert types(cluster)[:3] == [5, 3, 4]
    assert not cluster.consumer_group().has_partition_metadata
