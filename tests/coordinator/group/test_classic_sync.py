"""SyncGroup and Heartbeat: handing out assignments, and hearing that members live."""

import pytest

from logcore.common.errors import (
    KafkaStorageError,
    NotEnoughReplicasError,
    RecordListTooLargeError,
)
from logcore.coordinator.group.classic_state import ClassicState
from tests.coordinator.group.actors import Cluster
from tests.coordinator.group.test_classic_join import stable_static

ILLEGAL_GENERATION = 22
INCONSISTENT = 23
UNKNOWN_MEMBER = 25
REBALANCING = 27
FENCED = 82


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def joined(cluster):
    """Two members that have joined and not asked for their assignments: leader, follower."""
    joins = [cluster.join_with_id() for _ in range(2)]
    cluster.scheduler.run_soon()
    leader = joins[0][1].value().leader
    return leader, next(each for each, _ in joins if each != leader)


def code(answer):
    return answer.value().error_code


def test_a_follower_waits_for_the_leader(cluster, joined):
    leader, follower = joined
    waiting = cluster.sync(follower, 1)
    assert not waiting.is_done
    told = cluster.sync(leader, 1, {leader: b"L", follower: b"F"}).value()
    assert told.assignment == b"L"
    assert told.protocol_type == "consumer"
    assert told.protocol_name == "range"
    assert waiting.value().assignment == b"F"
    assert cluster.group().state is ClassicState.STABLE


def test_a_follower_that_asks_late_is_told_at_once(cluster, joined):
    leader, follower = joined
    cluster.sync(leader, 1, {follower: b"F"})
    assert cluster.sync(follower, 1).value().assignment == b"F"


def test_whoever_is_assigned_nothing_gets_nothing(cluster, joined):
    leader, follower = joined
    assert cluster.sync(leader, 1, {"stranger": b"S"}).value().assignment == b""
    assert cluster.sync(follower, 1).value().assignment == b""


def test_nobody_gets_an_assignment_before_it_is_written(cluster, joined):
    leader, follower = joined
    cluster.log.is_held = True
    told, waiting = cluster.sync(leader, 1, {follower: b"F"}), cluster.sync(follower, 1)
    assert not told.is_done
    assert not waiting.is_done
    assert cluster.group().state is ClassicState.COMPLETING_REBALANCE
    cluster.log.release()
    assert waiting.value().assignment == b"F"


@pytest.mark.parametrize(
    ("refused", "answered"),
    [(NotEnoughReplicasError, 15), (KafkaStorageError, 16), (RecordListTooLargeError, -1)],
)
def test_an_assignment_that_cannot_be_written_makes_everybody_join_again(
    cluster, joined, refused, answered
):
    leader, follower = joined
    waiting = cluster.sync(follower, 1)
    cluster.log.fail_with, cluster.log.fail_count = refused(), 1
    told = cluster.sync(leader, 1, {follower: b"F"})
    assert code(told) == code(waiting) == answered
    assert cluster.group().state is ClassicState.PREPARING_REBALANCE
    assert cluster.heartbeat(leader, 1) == REBALANCING
    cluster.join(leader)
    assert cluster.join(follower).value().generation_id == 2


def test_assignments_survive_a_restart(cluster, joined):
    leader, follower = joined
    cluster.sync(leader, 1, {leader: b"L", follower: b"F"})
    cluster.crash()
    assert cluster.sync(follower, 1).value().assignment == b"F"
    assert cluster.group().leader_id == leader
    assert cluster.heartbeat(leader, 1) == 0


def test_a_new_member_takes_back_what_was_not_assigned_yet(cluster, joined):
    _, follower = joined
    waiting = cluster.sync(follower, 1)
    cluster.join_with_id()
    assert code(waiting) == REBALANCING


def test_the_sync_that_a_client_gave_up_on_is_answered_too(cluster, joined):
    leader, follower = joined
    given_up, again = cluster.sync(follower, 1), cluster.sync(follower, 1)
    assert code(given_up) == REBALANCING
    cluster.sync(leader, 1, {follower: b"F"})
    assert again.value().assignment == b"F"


@pytest.mark.parametrize("given", [{"protocol_type": "connect"}, {"protocol_name": "sticky"}])
def test_a_member_that_believes_in_another_protocol_is_refused(cluster, joined, given):
    assert code(cluster.sync(joined[1], 1, **given)) == INCONSISTENT


def test_a_member_may_say_which_protocol_it_believes_in(cluster, joined):
    leader, _ = joined
    told = cluster.sync(leader, 1, protocol_type="consumer", protocol_name="range")
    assert code(told) == 0


def test_refusals(cluster, joined):
    leader, _ = joined
    assert code(cluster.sync(leader, 1, group_id="other")) == UNKNOWN_MEMBER
    assert code(cluster.sync("stranger", 1)) == UNKNOWN_MEMBER
    assert code(cluster.sync(leader, 2)) == ILLEGAL_GENERATION
    cluster.join_with_id()
    assert code(cluster.sync(leader, 1)) == REBALANCING
    cluster.group().move_to(ClassicState.DEAD, 0)
    assert code(cluster.sync(leader, 1)) == 15


def test_an_empty_group_has_nothing_to_assign(cluster):
    (leader,), generation = cluster.stable()
    cluster.leave(leader)
    assert code(cluster.sync(leader, generation)) == UNKNOWN_MEMBER


def test_a_member_whose_session_would_have_ended_is_heard_by_its_sync(cluster, joined):
    leader, follower = joined
    waiting = cluster.sync(follower, 1)
    cluster.scheduler.advance(9_000)
    cluster.heartbeat(leader, 1)
    cluster.scheduler.advance(9_000)
    assert follower in cluster.group().members, "waiting here shows that it lives"
    cluster.sync(leader, 1, {follower: b"F"})
    assert waiting.value().assignment == b"F"
    cluster.scheduler.advance(9_999)
    assert follower in cluster.group().members


# ---------------------------------------------------------------- heartbeats


def test_a_member_is_alive_from_joining_on(cluster, joined):
    assert cluster.heartbeat(joined[1], 1) == 0


def test_heartbeat_refusals(cluster):
    (leader,), generation = cluster.stable()
    assert cluster.heartbeat(leader, generation, group_id="other") == UNKNOWN_MEMBER
    assert cluster.heartbeat("stranger", generation) == UNKNOWN_MEMBER
    assert cluster.heartbeat(leader, generation + 1) == ILLEGAL_GENERATION
    assert cluster.heartbeat(leader, generation, group_id="") == 24
    cluster.group().move_to(ClassicState.DEAD, 0)
    assert cluster.heartbeat(leader, generation) == 15


def test_heartbeats_of_static_members(cluster):
    ids, generation = stable_static(cluster, "a", "b")
    assert cluster.heartbeat(ids["a"], generation, "a") == 0
    assert cluster.heartbeat(ids["a"], generation, "b") == FENCED
    assert cluster.heartbeat(ids["a"], generation, "c") == UNKNOWN_MEMBER


def test_a_heartbeat_of_an_empty_group_is_of_nobody(cluster):
    (leader,), generation = cluster.stable()
    cluster.leave(leader)
    assert cluster.heartbeat(leader, generation) == UNKNOWN_MEMBER


def test_a_heartbeat_during_a_rebalance_keeps_the_member(cluster):
    (leader,), generation = cluster.stable()
    cluster.join_with_id()
    for _ in range(5):
        cluster.scheduler.advance(9_000)
        assert cluster.heartbeat(leader, generation) == REBALANCING
    assert leader in cluster.group().members
