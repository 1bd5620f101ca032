"""JoinGroup: who gets in, who has to ask again, who is turned away."""

import pytest

from logcore.common.errors import NotEnoughReplicasError
from logcore.coordinator.group.classic_state import ClassicState
from logcore.protocol.messages.leave_group import MemberIdentity
from tests.coordinator.group.actors import Cluster

INCONSISTENT = 23
UNKNOWN_MEMBER = 25
REBALANCING = 27
MEMBER_ID_REQUIRED = 79
MAX_SIZE = 81
FENCED = 82


@pytest.fixture
def cluster():
    return Cluster()


def code(answer):
    return answer.value().error_code


# ---------------------------------------------------------------- the first time


def test_a_dynamic_member_first_gets_an_id(cluster):
    asked = cluster.join(client_id="me").value()
    assert asked.error_code == MEMBER_ID_REQUIRED
    assert asked.member_id.startswith("me-")
    assert asked.generation_id == -1
    assert cluster.group().pending_join == {asked.member_id}
    assert cluster.group().is_empty


@pytest.mark.parametrize("version", [0, 3])
def test_an_old_dynamic_member_is_in_at_once(cluster, version):
    answer = cluster.join(version=version)
    cluster.scheduler.run_soon()
    assert answer.value().error_code == 0
    assert answer.value().generation_id == 1


def test_the_response_tells_generation_protocol_and_the_leader_of_the_others(cluster):
    (a, joined_a), (b, joined_b) = cluster.join_with_id(), cluster.join_with_id()
    cluster.scheduler.run_soon()
    first, second = joined_a.value(), joined_b.value()
    assert first.generation_id == second.generation_id == 1
    assert first.leader == second.leader == first.member_id == a
    assert first.protocol_type == "consumer"
    assert first.protocol_name == "range"
    assert {each.member_id: each.metadata for each in first.members} == {a: b"meta", b: b"meta"}
    assert second.members == []
    assert not first.skip_assignment


def test_a_static_member_is_in_at_once(cluster):
    answer = cluster.join(instance_id="i")
    cluster.scheduler.run_soon()
    assert answer.value().error_code == 0
    assert answer.value().member_id.startswith("i-")
    assert answer.value().members[0].group_instance_id == "i"


def test_an_id_the_group_does_not_know_is_refused(cluster):
    assert code(cluster.join("stranger")) == UNKNOWN_MEMBER
    assert not cluster.shard.state.groups
    cluster.stable()
    assert code(cluster.join("stranger")) == UNKNOWN_MEMBER


def test_a_pending_member_may_not_become_static(cluster):
    member_id = cluster.join().value().member_id
    assert code(cluster.join(member_id, instance_id="i")) == -1


@pytest.mark.parametrize("given", [{"protocol_type": ""}, {"protocols": {}}])
def test_a_member_without_protocols_is_refused(cluster, given):
    assert code(cluster.join(**given)) == INCONSISTENT
    assert not cluster.shard.state.groups


def test_a_member_of_another_protocol_type_is_refused(cluster):
    cluster.stable()
    assert code(cluster.join(protocol_type="connect")) == INCONSISTENT


def test_a_member_that_speaks_nothing_the_others_do_is_refused(cluster):
    cluster.stable()
    assert code(cluster.join(protocols={"sticky": b""})) == INCONSISTENT


def test_the_protocol_that_most_like_best_is_selected(cluster):
    joins = [
        cluster.join_with_id(protocols=dict.fromkeys(names, b""))[1]
        for names in (["range", "sticky"], ["sticky", "range"], ["odd", "sticky", "range"])
    ]
    cluster.scheduler.run_soon()
    assert {each.value().protocol_name for each in joins} == {"sticky"}


def test_version_0_takes_the_session_for_the_rebalance_timeout(cluster):
    cluster.join(version=0, rebalance_ms=-1, session_ms=9_000)
    assert cluster.group().rebalance_timeout_ms == 9_000


# ---------------------------------------------------------------- joining again


def test_a_new_member_makes_everybody_join_again(cluster):
    (leader,), generation = cluster.stable()
    member_id, answer = cluster.join_with_id()
    assert cluster.heartbeat(leader, generation) == REBALANCING
    assert not answer.is_done
    again = cluster.join(leader)
    assert again.value().generation_id == answer.value().generation_id == generation + 1
    assert {each.member_id for each in again.value().members} == {leader, member_id}


def test_a_follower_that_says_nothing_new_only_hears_of_the_generation(cluster):
    (leader, follower), generation = cluster.stable(2)
    answer = cluster.join(follower).value()
    assert answer.error_code == 0
    assert answer.generation_id == generation
    assert answer.leader == leader
    assert answer.members == []
    assert cluster.group().state is ClassicState.STABLE


def test_the_leader_joining_again_makes_a_new_generation(cluster):
    (leader, follower), generation = cluster.stable(2)
    answer = cluster.join(leader)
    assert cluster.group().state is ClassicState.PREPARING_REBALANCE
    cluster.join(follower)
    assert answer.value().generation_id == generation + 1


def test_a_follower_with_new_metadata_makes_a_new_generation(cluster):
    (leader, follower), generation = cluster.stable(2)
    answer = cluster.join(follower, protocols={"range": b"other"})
    leaders = cluster.join(leader)
    assert answer.value().generation_id == generation + 1
    told = {each.member_id: each.metadata for each in leaders.value().members}
    assert told[follower] == b"other"


def test_joining_again_before_the_assignment_hears_of_the_generation(cluster):
    (leader, joined) = cluster.join_with_id()
    cluster.scheduler.run_soon()
    again = cluster.join(leader).value()
    assert again == joined.value()
    assert cluster.group().state is ClassicState.COMPLETING_REBALANCE


def test_joining_again_before_the_assignment_with_new_metadata_begins_anew(cluster):
    leader, _ = cluster.join_with_id()
    cluster.scheduler.run_soon()
    answer = cluster.join(leader, protocols={"range": b"other"})
    assert answer.value().generation_id == 2


def test_the_join_that_a_client_gave_up_on_is_answered_too(cluster):
    cluster.stable()
    member_id, given_up = cluster.join_with_id()
    again = cluster.join(member_id)
    assert code(given_up) == REBALANCING
    assert not again.is_done
    assert cluster.group().awaiting_join_count == 1


def test_a_dead_group_sends_its_members_to_find_another_coordinator(cluster):
    (leader,), _ = cluster.stable()
    cluster.group().move_to(ClassicState.DEAD, 0)
    assert code(cluster.join()) == 15
    assert code(cluster.join(leader)) == 15


# ---------------------------------------------------------------- limits


def test_a_full_group_turns_new_members_away():
    cluster = Cluster(group_max_size=2)
    (leader, _), generation = cluster.stable(2)
    assert code(cluster.join()) == MAX_SIZE
    assert code(cluster.join(instance_id="i")) == MAX_SIZE
    assert cluster.heartbeat(leader, generation) == 0


def test_ids_are_handed_out_beyond_the_limit_but_only_the_first_get_in():
    cluster = Cluster(group_max_size=2)
    ids = [cluster.join().value().member_id for _ in range(3)]
    answers = [cluster.join(member_id) for member_id in ids]
    assert code(answers[2]) == MAX_SIZE
    cluster.scheduler.run_soon()
    assert [code(each) for each in answers[:2]] == [0, 0]


def test_a_smaller_limit_turns_away_who_joins_again_last():
    cluster = Cluster()
    (leader, second, third), _ = cluster.stable(3)
    cluster.settings = type(cluster.settings)(group_max_size=2, offsets_topic_num_partitions=1)
    cluster.crash()
    assert cluster.group().state is ClassicState.PREPARING_REBALANCE
    answers = [cluster.join(each) for each in (third, second, leader)]
    assert code(answers[2]) == MAX_SIZE
    assert [code(each) for each in answers[:2]] == [0, 0]
    assert set(cluster.group().members) == {second, third}


# ---------------------------------------------------------------- static members


def stable_static(cluster, *instance_ids, protocols=None):
    """Bring static members into a stable group; return their member ids."""
    given = {} if protocols is None else {"protocols": protocols}
    joins = {each: cluster.join(instance_id=each, **given) for each in instance_ids}
    cluster.scheduler.run_soon()
    ids = {each: join.value().member_id for each, join in joins.items()}
    leader = next(iter(joins.values())).value().leader
    assignment = {member_id: each.encode() for each, member_id in ids.items()}
    generation = cluster.group().generation
    cluster.sync(leader, generation, assignment)
    for each, member_id in ids.items():
        cluster.sync(member_id, generation, instance_id=each)
    assert cluster.group().state is ClassicState.STABLE
    return ids, generation


def test_a_static_follower_that_comes_back_gets_its_place_without_a_rebalance(cluster):
    ids, generation = stable_static(cluster, "a", "b")
    answer = cluster.join(instance_id="b").value()
    assert answer.error_code == 0
    assert answer.generation_id == generation
    assert answer.member_id != ids["b"]
    assert answer.leader == ids["a"]
    assert answer.members == []
    assert not answer.skip_assignment
    assert cluster.sync(answer.member_id, generation).value().assignment == b"b"
    assert cluster.heartbeat(ids["b"], generation, "b") == FENCED
    assert cluster.heartbeat(answer.member_id, generation, "b") == 0


def test_a_static_leader_that_comes_back_is_told_to_skip_assigning(cluster):
    ids, generation = stable_static(cluster, "a", "b")
    answer = cluster.join(instance_id="a").value()
    assert answer.skip_assignment
    assert answer.leader == answer.member_id != ids["a"]
    assert {each.group_instance_id for each in answer.members} == {"a", "b"}
    assert cluster.sync(answer.member_id, generation).value().assignment == b"a"


def test_an_old_static_leader_that_comes_back_takes_itself_for_a_follower(cluster):
    ids, _ = stable_static(cluster, "a", "b")
    answer = cluster.join(instance_id="a", version=8).value()
    assert answer.leader == ids["a"]
    assert answer.members == []
    assert not answer.skip_assignment
    assert cluster.group().leader_id == answer.member_id


def test_each_return_of_a_static_member_gives_another_id(cluster):
    stable_static(cluster, "a", "b")
    ids = [cluster.join(instance_id="b").value().member_id for _ in range(5)]
    assert len(set(ids)) == 5


def test_a_returned_static_member_survives_a_restart(cluster):
    _, generation = stable_static(cluster, "a", "b")
    answer = cluster.join(instance_id="b").value()
    cluster.crash()
    assert cluster.heartbeat(answer.member_id, generation, "b") == 0


def test_a_return_that_cannot_be_written_down_changes_nothing(cluster):
    ids, generation = stable_static(cluster, "a", "b")
    cluster.log.fail_with = NotEnoughReplicasError()
    answer = cluster.join(instance_id="b").value()
    assert answer.error_code == 15
    assert answer.member_id == ""
    assert cluster.heartbeat(ids["b"], generation, "b") == 0
    assert set(cluster.group().members) == set(ids.values())
    cluster.log.fail_with = None
    assert cluster.join(instance_id="b").value().error_code == 0


def test_a_static_member_that_comes_back_speaking_less_rebalances_if_that_changes_the_choice(
    cluster,
):
    both = {"range": b"", "sticky": b""}
    ids, generation = stable_static(cluster, "a", "b", protocols=both)
    answer = cluster.join(instance_id="b", protocols={"sticky": b""})
    assert not answer.is_done
    assert cluster.group().state is ClassicState.PREPARING_REBALANCE
    again = cluster.join(ids["a"], instance_id="a", protocols=both)
    assert again.value().generation_id == generation + 1
    assert again.value().protocol_name == "sticky"


def test_a_static_member_that_comes_back_speaking_less_of_no_matter_does_not_rebalance(cluster):
    _, generation = stable_static(cluster, "a", "b", protocols={"range": b"", "sticky": b""})
    answer = cluster.join(instance_id="b", protocols={"range": b"new"}).value()
    assert answer.generation_id == generation
    assert cluster.group().members[answer.member_id].protocols == [("range", b"new")]


def test_a_static_member_that_comes_back_while_others_join_takes_its_place(cluster):
    ids, _ = stable_static(cluster, "a", "b")
    cluster.join(ids["a"], instance_id="a")
    parked = cluster.join(ids["b"], instance_id="b", protocols={"range": b"x"})
    assert parked.value().error_code == 0  # everybody was there
    joined = cluster.join(instance_id="b")
    assert not joined.is_done
    assert cluster.group().state is ClassicState.PREPARING_REBALANCE


def test_the_parked_join_of_a_static_member_that_came_back_is_fenced(cluster):
    ids, _ = stable_static(cluster, "a", "b")
    parked = cluster.join(ids["b"], instance_id="b", protocols={"range": b"x"})
    joined = cluster.join(instance_id="b")
    assert parked.value().error_code == FENCED
    assert parked.value().protocol_name is None
    assert cluster.group().awaiting_join_count == 1
    cluster.join(ids["a"], instance_id="a")
    assert joined.value().error_code == 0


def test_the_parked_sync_of_a_static_member_that_came_back_is_fenced(cluster):
    joins = {each: cluster.join(instance_id=each) for each in "ab"}
    cluster.scheduler.run_soon()
    leader = joins["a"].value().leader
    follower = "b" if joins["a"].value().member_id == leader else "a"
    parked = cluster.sync(joins[follower].value().member_id, 1, instance_id=follower)
    cluster.join(instance_id=follower)
    assert parked.value().error_code == FENCED
    assert cluster.group().state is ClassicState.PREPARING_REBALANCE


@pytest.mark.parametrize(
    ("member", "instance", "expected"),
    [("a", "b", FENCED), ("a", "c", UNKNOWN_MEMBER), ("stranger", "a", FENCED)],
)
def test_a_member_id_and_an_instance_that_do_not_belong_together(
    cluster, member, instance, expected
):
    ids, _ = stable_static(cluster, "a", "b")
    answer = cluster.join(ids.get(member, member), instance_id=instance).value()
    assert answer.error_code == expected
    assert answer.protocol_name is None


def test_a_known_static_follower_joins_again_without_a_rebalance(cluster):
    ids, generation = stable_static(cluster, "a", "b")
    answer = cluster.join(ids["b"], instance_id="b").value()
    assert (answer.generation_id, answer.member_id) == (generation, ids["b"])


def test_a_static_member_that_left_is_new_when_it_comes_back(cluster):
    ids, generation = stable_static(cluster, "a", "b")
    cluster.leave(MemberIdentity(member_id="", group_instance_id="b"))
    answer = cluster.join(instance_id="b")
    cluster.join(ids["a"], instance_id="a")
    assert answer.value().generation_id == generation + 1
