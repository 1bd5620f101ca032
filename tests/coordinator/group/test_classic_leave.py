"""LeaveGroup: members that go, one or several, by their id or by their instance."""

import pytest

from logcore.coordinator.group.classic_state import ClassicState
from logcore.protocol.messages.leave_group import MemberIdentity
from tests.coordinator.group.actors import Cluster
from tests.coordinator.group.test_classic_join import stable_static

UNKNOWN_MEMBER = 25
FENCED = 82


@pytest.fixture
def cluster():
    return Cluster()


def static(instance_id, member_id=""):
    return MemberIdentity(member_id=member_id, group_instance_id=instance_id)


def codes(response):
    assert response.error_code == 0
    return [each.error_code for each in response.members]


def test_the_others_go_on_without_who_leaves(cluster):
    (leader, follower), generation = cluster.stable(2)
    response = cluster.leave(follower)
    assert codes(response) == [0]
    assert response.members[0].member_id == follower
    assert cluster.group().state is ClassicState.PREPARING_REBALANCE
    assert cluster.join(leader).value().generation_id == generation + 1


def test_when_the_leader_leaves_another_leads(cluster):
    (leader, follower), _ = cluster.stable(2)
    cluster.leave(leader)
    assert cluster.join(follower).value().leader == follower


def test_when_the_last_one_leaves_the_group_is_empty(cluster):
    (leader,), generation = cluster.stable()
    cluster.leave(leader)
    assert cluster.group().is_empty
    assert cluster.group().generation == generation + 1
    cluster.crash()
    assert cluster.group().is_empty


def test_a_rebalance_that_waited_for_who_leaves_is_over(cluster):
    (leader, follower), _ = cluster.stable(2)
    joined = cluster.join(leader)
    cluster.leave(follower)
    assert [each.member_id for each in joined.value().members] == [leader]


def test_a_parked_join_of_who_leaves_is_answered(cluster):
    cluster.stable()
    member_id, joined = cluster.join_with_id()
    cluster.leave(member_id)
    assert joined.value().error_code == UNKNOWN_MEMBER


def test_a_parked_sync_of_who_leaves_is_answered(cluster):
    joins = [cluster.join_with_id() for _ in range(2)]
    cluster.scheduler.run_soon()
    leader = joins[0][1].value().leader
    follower = next(each for each, _ in joins if each != leader)
    parked = cluster.sync(follower, 1)
    cluster.leave(follower)
    assert parked.value().error_code == UNKNOWN_MEMBER


def test_a_pending_member_may_leave(cluster):
    (leader,), _ = cluster.stable()
    pending = cluster.join().value().member_id
    again = cluster.join(leader)
    assert codes(cluster.leave(pending)) == [0]
    assert again.value().error_code == 0
    assert not cluster.group().pending_join


def test_strangers_are_told_so_each_by_itself(cluster):
    (leader, follower), generation = cluster.stable(2)
    response = cluster.leave("stranger", follower, static("nobody"))
    assert codes(response) == [UNKNOWN_MEMBER, 0, UNKNOWN_MEMBER]
    assert cluster.heartbeat(leader, generation) == 27


def test_nothing_happens_when_only_strangers_leave(cluster):
    (leader,), generation = cluster.stable()
    cluster.leave("stranger")
    assert cluster.heartbeat(leader, generation) == 0


def test_a_group_that_is_not_there_knows_none_of_them(cluster):
    response = cluster.leave("a", static("b"))
    assert codes(response) == [UNKNOWN_MEMBER, UNKNOWN_MEMBER]
    assert [each.group_instance_id for each in response.members] == [None, "b"]


def test_a_group_without_a_name_is_invalid(cluster):
    assert cluster.leave("a", group_id="").error_code == 24


def test_a_dead_group_is_looked_for_elsewhere(cluster):
    (leader,), _ = cluster.stable()
    cluster.group().move_to(ClassicState.DEAD, 0)
    assert cluster.leave(leader).error_code == 15


def test_an_administrator_removes_static_members_by_instance(cluster):
    ids, _ = stable_static(cluster, "a", "b", "c")
    response = cluster.leave(static("a"), static("c"))
    assert codes(response) == [0, 0]
    assert [each.member_id for each in response.members] == ["", ""]
    assert set(cluster.group().members) == {ids["b"]}
    assert cluster.group().static_ids == {"b": ids["b"]}


def test_an_instance_and_an_id_must_belong_together(cluster):
    ids, _ = stable_static(cluster, "a", "b")
    assert codes(cluster.leave(static("a", ids["b"]))) == [FENCED]
    assert codes(cluster.leave(static("x", ids["b"]))) == [UNKNOWN_MEMBER]
    assert codes(cluster.leave(static("b", ids["b"]))) == [0]
