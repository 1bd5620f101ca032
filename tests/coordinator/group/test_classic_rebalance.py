"""Rebalances: delays, timeouts, sessions, who is removed and who is waited for."""

import pytest

from logcore.common.errors import NotEnoughReplicasError
from logcore.coordinator.group.classic_state import ClassicState
from tests.coordinator.group.actors import Cluster
from tests.coordinator.group.test_classic_join import stable_static

UNKNOWN_MEMBER = 25
REBALANCING = 27


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def slow():
    return Cluster(group_initial_rebalance_delay_ms=3_000)


# ---------------------------------------------------------------- the first rebalance


def test_the_first_rebalance_waits_for_others(slow):
    _, first = slow.join_with_id()
    slow.scheduler.advance(2_999)
    assert not first.is_done
    slow.scheduler.advance(1)
    assert first.value().generation_id == 1


def test_whoever_comes_meanwhile_makes_it_wait_again(slow):
    _, first = slow.join_with_id()
    slow.scheduler.advance(2_000)
    _, second = slow.join_with_id()
    slow.scheduler.advance(1_000)
    assert not first.is_done
    slow.scheduler.advance(3_000)
    assert first.value().generation_id == second.value().generation_id == 1


def test_it_never_waits_longer_than_a_member_may_take():
    slow = Cluster(group_initial_rebalance_delay_ms=3_000)
    began_ms = slow.scheduler.now_ms()
    _, first = slow.join_with_id(rebalance_ms=7_000)
    while not first.is_done:
        slow.scheduler.advance(500)
        slow.join_with_id(rebalance_ms=7_000)
    assert slow.scheduler.now_ms() - began_ms == 7_000


def test_only_the_first_rebalance_waits(slow):
    (leader,), generation = stable(slow)
    _, second = slow.join_with_id()
    slow.join(leader)
    assert second.value().generation_id == generation + 1


def stable(cluster, count=1, **given):
    joins = [cluster.join_with_id(**given) for _ in range(count)]
    cluster.scheduler.advance(6_000)
    generation = joins[0][1].value().generation_id
    leader = joins[0][1].value().leader
    cluster.sync(leader, generation)
    return [member_id for member_id, _ in joins], generation


def test_a_member_that_leaves_during_the_delay_leaves_an_empty_group(slow):
    member_id, joined = slow.join_with_id()
    slow.leave(member_id)
    assert joined.value().error_code == UNKNOWN_MEMBER
    slow.scheduler.advance(3_000)
    assert slow.group().is_empty
    assert slow.group().generation == 1


# ---------------------------------------------------------------- who does not join


def test_a_dynamic_member_that_does_not_join_again_is_removed(cluster):
    (leader, follower), generation = cluster.stable(2, rebalance_ms=5_000)
    joined = cluster.join(follower, protocols={"range": b"new"}, rebalance_ms=5_000)
    cluster.scheduler.advance(4_999)
    assert not joined.is_done
    cluster.scheduler.advance(1)
    answer = joined.value()
    assert answer.generation_id == generation + 1
    assert answer.leader == follower
    assert [each.member_id for each in answer.members] == [follower]
    assert cluster.heartbeat(leader, generation) == UNKNOWN_MEMBER


def test_a_static_member_that_does_not_join_again_stays_until_its_session_ends(cluster):
    ids, generation = stable_static(cluster, "a", "b")
    joined = cluster.join(ids["b"], instance_id="b", protocols={"range": b"new"})
    for _ in range(6):
        cluster.scheduler.advance(9_999)
        cluster.heartbeat(ids["a"], generation, "a")
    cluster.scheduler.advance(60_000 - 6 * 9_999)
    answer = joined.value()
    assert answer.leader == ids["b"], "a leader has to have joined"
    assert {each.member_id for each in answer.members} == set(ids.values())
    cluster.sync(ids["b"], answer.generation_id, {ids["b"]: b"all"})
    assert set(cluster.group().members) == set(ids.values())
    cluster.scheduler.advance(10_000)
    assert ids["a"] not in cluster.group().members


def test_static_members_that_are_all_away_are_waited_for_until_their_sessions_end(cluster):
    ids, _ = stable_static(cluster, "a", "b")
    member_id, joined = cluster.join_with_id()
    cluster.leave(member_id)
    assert joined.value().error_code == UNKNOWN_MEMBER
    assert cluster.group().state is ClassicState.PREPARING_REBALANCE
    cluster.scheduler.advance(9_999)
    assert set(cluster.group().members) == set(ids.values())
    cluster.scheduler.advance(60_000)
    assert cluster.group().is_empty


def test_a_pending_member_is_waited_for(cluster):
    (leader,), _ = cluster.stable()
    pending = cluster.join(session_ms=6_000).value().member_id
    again = cluster.join(leader)
    assert not again.is_done
    cluster.join(pending)
    assert len(again.value().members) == 2


def test_a_pending_member_that_never_joins_is_waited_for_no_longer_than_its_session(cluster):
    (leader,), _ = cluster.stable()
    cluster.join(session_ms=6_000)
    again = cluster.join(leader)
    cluster.scheduler.advance(5_999)
    assert not again.is_done
    cluster.scheduler.advance(1)
    assert len(again.value().members) == 1
    assert not cluster.group().pending_join


def test_a_pending_member_of_a_stable_group_just_goes(cluster):
    (leader,), generation = cluster.stable(session_ms=30_000)
    cluster.join(session_ms=6_000)
    cluster.scheduler.advance(6_000)
    assert not cluster.group().pending_join
    assert cluster.heartbeat(leader, generation) == 0


def test_a_new_member_that_waits_too_long_has_to_try_again(cluster):
    cluster.stable(rebalance_ms=600_000, session_ms=1_000_000)
    _, joined = cluster.join_with_id(rebalance_ms=600_000)
    cluster.scheduler.advance(299_999)
    assert not joined.is_done
    cluster.scheduler.advance(1)
    assert joined.value().error_code == UNKNOWN_MEMBER
    assert joined.value().member_id == ""


def test_a_member_that_joined_again_is_alive_while_it_waits(cluster):
    (leader, follower), generation = cluster.stable(2, session_ms=10_000, rebalance_ms=60_000)
    joined = cluster.join(leader)
    for _ in range(5):
        cluster.scheduler.advance(9_000)
        cluster.heartbeat(follower, generation)
    assert not joined.is_done
    assert leader in cluster.group().members


# ---------------------------------------------------------------- sessions


def test_a_silent_member_is_removed(cluster):
    (leader, _), generation = cluster.stable(2)
    cluster.scheduler.advance(9_999)
    assert cluster.heartbeat(leader, generation) == 0
    cluster.scheduler.advance(1)
    assert set(cluster.group().members) == {leader}
    assert cluster.heartbeat(leader, generation) == REBALANCING


def test_heartbeats_keep_a_member(cluster):
    (leader,), generation = cluster.stable()
    for _ in range(20):
        cluster.scheduler.advance(9_999)
        assert cluster.heartbeat(leader, generation) == 0


def test_the_last_silent_member_leaves_an_empty_group(cluster):
    (leader,), generation = cluster.stable()
    cluster.scheduler.advance(10_000)
    group = cluster.group()
    assert group.is_empty
    assert group.generation == generation + 1
    assert group.protocol_name is None
    assert group.leader_id is None
    assert group.protocol_type == "consumer"
    assert cluster.heartbeat(leader, generation) == UNKNOWN_MEMBER
    cluster.crash()
    assert cluster.group().is_empty
    assert cluster.group().generation == generation + 1


def test_a_group_is_empty_also_if_that_cannot_be_written(cluster):
    _, generation = cluster.stable()
    cluster.log.fail_with = NotEnoughReplicasError()
    cluster.scheduler.advance(10_000)
    assert cluster.group().is_empty
    cluster.log.fail_with = None
    cluster.crash()
    assert cluster.group().generation == generation, "the last one that was written"
    cluster.scheduler.advance(10_000)
    assert cluster.group().is_empty


def test_an_empty_group_begins_with_the_next_generation(cluster):
    (leader,), generation = cluster.stable()
    cluster.leave(leader)
    _, joined = cluster.join_with_id()
    cluster.scheduler.run_soon()
    assert joined.value().generation_id == generation + 2


# ---------------------------------------------------------------- who does not sync


def test_a_member_that_never_asks_for_its_assignment_is_removed(cluster):
    joins = [cluster.join_with_id(session_ms=100_000, rebalance_ms=20_000) for _ in range(3)]
    cluster.scheduler.run_soon()
    leader = joins[0][1].value().leader
    (silent, *_), follower = (
        [each for each, _ in joins if each != leader],
        [each for each, _ in joins if each != leader][1],
    )
    cluster.sync(leader, 1)
    cluster.sync(follower, 1)
    cluster.scheduler.advance(19_999)
    assert cluster.group().state is ClassicState.STABLE
    cluster.scheduler.advance(1)
    assert set(cluster.group().members) == {leader, follower}
    assert cluster.group().state is ClassicState.PREPARING_REBALANCE
    assert silent not in cluster.group().members


def test_a_leader_that_never_assigns_is_removed_and_the_others_join_again(cluster):
    joins = [cluster.join_with_id(session_ms=100_000, rebalance_ms=20_000) for _ in range(2)]
    cluster.scheduler.run_soon()
    leader = joins[0][1].value().leader
    (follower,) = [each for each, _ in joins if each != leader]
    parked = cluster.sync(follower, 1)
    cluster.scheduler.advance(20_000)
    assert parked.value().error_code == REBALANCING
    assert set(cluster.group().members) == {follower}
    assert cluster.join(follower).value().leader == follower


def test_nobody_is_removed_once_all_have_asked(cluster):
    ids, generation = cluster.stable(3, session_ms=100_000, rebalance_ms=20_000)
    cluster.scheduler.advance(50_000)
    assert set(cluster.group().members) == set(ids)
    assert cluster.group().generation == generation


def test_an_old_generations_timer_does_nothing_to_the_next(cluster):
    joins = [cluster.join_with_id(session_ms=100_000, rebalance_ms=20_000) for _ in range(2)]
    cluster.scheduler.run_soon()
    leader = joins[0][1].value().leader
    (follower,) = [each for each, _ in joins if each != leader]
    cluster.sync(leader, 1)
    cluster.scheduler.advance(10_000)
    patient = {"rebalance_ms": 20_000, "session_ms": 100_000}
    changed = cluster.join(follower, protocols={"range": b"x"}, **patient)
    cluster.join(leader, **patient)
    assert changed.value().generation_id == 2
    cluster.scheduler.advance(10_000)
    assert len(cluster.group().members) == 2


# ---------------------------------------------------------------- timers


def test_no_timer_outlives_a_group(cluster):
    ids, _ = cluster.stable(3)
    cluster.join()
    for member_id in ids:
        cluster.leave(member_id)
    cluster.leave(*cluster.group().pending_join)
    deleted = cluster.service.delete_groups(["g"]).value()
    assert deleted[0].error_code == 0
    assert len(cluster.shard.context.timers) == 0
