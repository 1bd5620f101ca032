"""Members that fall silent, do not give up what they should, or are loaded from a log."""

import pytest

from logcore.common.errors import NotEnoughReplicasError
from tests.coordinator.group.consumers import SESSION_MS, Client, ConsumerCluster, settle


@pytest.fixture
def cluster():
    return ConsumerCluster({"foo": 6})


def test_every_heartbeat_pushes_the_session_back(cluster):
    a = Client(cluster, "a", "foo")
    for _ in range(5):
        assert a.beat() == 0
        cluster.scheduler.advance(SESSION_MS - 1)
    assert a.beat() == 0
    cluster.scheduler.advance(SESSION_MS)
    assert cluster.consumer_group().is_empty


def test_the_session_is_the_group_s_own(cluster):
    cluster.group_config["consumer.session.timeout.ms"] = "50000"
    cluster.join_consumer("a", "foo")
    cluster.scheduler.advance(SESSION_MS)
    assert not cluster.consumer_group().is_empty
    cluster.scheduler.advance(5000)
    assert cluster.consumer_group().is_empty


def test_who_does_not_revoke_in_time_is_fenced(cluster):
    a = Client(cluster, "a", "foo", rebalance_ms=10_000)
    a.beat()
    Client(cluster, "b", "foo").beat()
    a.beat()
    cluster.scheduler.advance(9_999)
    assert a.beat() == 0
    assert cluster.state_of("a")[0] == "UNREVOKED"
    cluster.scheduler.advance(1)
    assert set(cluster.consumer_group().members) == {"b"}
    assert a.beat() == 25


def test_who_revokes_in_time_stays(cluster):
    a = Client(cluster, "a", "foo", rebalance_ms=10_000)
    b = Client(cluster, "b", "foo")
    settle(a)
    settle(a, b)
    cluster.scheduler.advance(10_001)
    assert set(cluster.consumer_group().members) == {"a", "b"}


def test_a_removal_that_cannot_be_written_is_tried_again(cluster):
    cluster.join_consumer("a", "foo")
    cluster.log.fail_with, cluster.log.fail_count = NotEnoughReplicasError(), 2
    cluster.scheduler.advance(SESSION_MS)
    assert not cluster.consumer_group().is_empty
    cluster.scheduler.advance(1_000)
    assert cluster.consumer_group().is_empty


def test_a_session_that_ends_behind_a_slow_write_still_ends(cluster):
    a, b = Client(cluster, "a", "foo"), Client(cluster, "b", "foo")
    settle(a, b)
    cluster.scheduler.advance(SESSION_MS - 1)
    assert a.beat() == 0
    cluster.log.is_held = True
    slow = cluster.commit(0, member_id="a", generation=a.epoch)
    cluster.scheduler.advance(2 * cluster.settings.offsets_commit_timeout_ms)
    assert slow.value().topics[0].partitions[0].error_code == 15
    cluster.log.is_held = False
    assert set(cluster.consumer_group().members) == {"a", "b"}
    cluster.log.release()
    assert set(cluster.consumer_group().members) == {"a"}


def test_loaded_members_have_a_session_to_be_heard_of(cluster):
    a, b = Client(cluster, "a", "foo"), Client(cluster, "b", "foo")
    settle(a, b)
    cluster.scheduler.advance(SESSION_MS - 1)
    cluster.crash()
    cluster.scheduler.advance(SESSION_MS - 1)
    assert a.beat() == 0
    cluster.scheduler.advance(1)
    assert set(cluster.consumer_group().members) == {"a"}


def test_loaded_members_that_are_to_revoke_have_their_time_anew(cluster):
    a = Client(cluster, "a", "foo", rebalance_ms=10_000)
    a.beat()
    Client(cluster, "b", "foo").beat()
    a.beat()
    cluster.scheduler.advance(9_000)
    cluster.crash()
    cluster.scheduler.advance(9_999)
    assert "a" in cluster.consumer_group().members
    cluster.scheduler.advance(1)
    assert "a" not in cluster.consumer_group().members


def test_no_timer_stays_behind(cluster):
    a, b = Client(cluster, "a", "foo"), Client(cluster, "b", "foo")
    a.beat()
    b.beat()
    a.beat()
    a.leave()
    b.leave()
    assert len(cluster.service.runtime.shard(0).timers) == 0
