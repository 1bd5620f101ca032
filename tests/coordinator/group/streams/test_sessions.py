"""Timers of streams groups: sessions, revocations, the first target's delay."""

from logcore.common.errors import NotEnoughReplicasError
from logcore.coordinator.group.modern_sessions import RETRY_MS
from tests.coordinator.group.streams.streaming import (
    REBALANCE_MS,
    SESSION_MS,
    StreamsCluster,
    StreamThread,
    sets,
    settle,
)

DELAY_MS = 3_000


def test_who_is_silent_for_too_long_is_let_go():
    cluster = StreamsCluster()
    a, b = StreamThread(cluster, "a"), StreamThread(cluster, "b")
    settle(a, b)
    cluster.scheduler.advance(SESSION_MS - 1)
    assert a.beat() == 0
    cluster.scheduler.advance(1)
    assert list(cluster.streams_group.members) == ["a"]
    settle(a)
    assert cluster.member("a")[2] == {"0": [0, 1, 2, 3]}
    assert b.beat() == 25


def test_who_was_loaded_has_a_sessions_time():
    cluster = StreamsCluster()
    settle(StreamThread(cluster, "a"))
    cluster.scheduler.advance(SESSION_MS - 1)
    cluster.crash()
    cluster.scheduler.advance(SESSION_MS - 1)
    assert cluster.streams_group.members
    cluster.scheduler.advance(1)
    assert cluster.streams_group.is_empty


def test_who_does_not_give_tasks_up_in_time_is_let_go():
    cluster = StreamsCluster()
    a, b = StreamThread(cluster, "a"), StreamThread(cluster, "b")
    settle(a)
    assert [b.beat(), a.beat()] == [0, 0]
    assert cluster.member("a")[0] == "UNREVOKED"
    for _ in range(4):
        cluster.scheduler.advance(REBALANCE_MS // 4)
        assert [a.beat(), b.beat()] in ([0, 0], [25, 0])
    assert list(cluster.streams_group.members) == ["b"]


def test_who_gives_them_up_in_time_stays():
    cluster = StreamsCluster()
    a, b = StreamThread(cluster, "a"), StreamThread(cluster, "b")
    settle(a)
    settle(b, a)
    for _ in range(4):
        cluster.scheduler.advance(REBALANCE_MS // 2)
        assert [a.beat(), b.beat()] == [0, 0]


def test_a_revocation_is_watched_after_a_crash():
    cluster = StreamsCluster()
    a, b = StreamThread(cluster, "a"), StreamThread(cluster, "b")
    settle(a)
    assert [b.beat(), a.beat()] == [0, 0]
    cluster.crash()
    for _ in range(4):
        cluster.scheduler.advance(REBALANCE_MS // 4)
        a.beat()
        b.beat()
    assert list(cluster.streams_group.members) == ["b"]


def test_a_removal_that_cannot_be_written_is_tried_again():
    cluster = StreamsCluster()
    settle(StreamThread(cluster, "a"))
    cluster.log.fail_with, cluster.log.fail_count = NotEnoughReplicasError(), 1
    cluster.scheduler.advance(SESSION_MS)
    assert cluster.streams_group.members
    cluster.scheduler.advance(RETRY_MS)
    assert cluster.streams_group.is_empty


def test_an_empty_group_waits_for_more_members():
    cluster = StreamsCluster(delay_ms=DELAY_MS)
    first = cluster.enter("a")
    assert (first.member_epoch, sets(first.active_tasks)) == (1, {})
    assert first.status[0].status_code == 5
    cluster.scheduler.advance(DELAY_MS - 1)
    second = cluster.enter("b")
    assert (second.member_epoch, second.status[0].status_code) == (1, 5)
    cluster.scheduler.advance(1)
    assert cluster.streams_group.target_epoch == cluster.streams_group.epoch == 3
    assert sets(cluster.tell("a", 1, active={}).active_tasks) == {"0": [0, 2]}
    assert sets(cluster.tell("b", 1, active={}).active_tasks) == {"0": [1, 3]}
    assert cluster.tell("a", 3).status == []


def test_a_group_that_is_left_while_it_waits():
    cluster = StreamsCluster(delay_ms=DELAY_MS)
    cluster.enter("a")
    cluster.tell("a", -1)
    cluster.scheduler.advance(DELAY_MS)
    assert cluster.streams_group.target_epoch == 1
    cluster.enter("b")
    cluster.crash()
    cluster.scheduler.advance(DELAY_MS)
    assert sets(cluster.tell("b", 1, active={}).active_tasks) == {"0": [0, 1, 2, 3]}


def test_a_group_that_has_members_does_not_wait():
    cluster = StreamsCluster(delay_ms=DELAY_MS)
    a = StreamThread(cluster, "a")
    a.beat()
    cluster.scheduler.advance(DELAY_MS)
    settle(a)
    assert cluster.enter("b").status == []
