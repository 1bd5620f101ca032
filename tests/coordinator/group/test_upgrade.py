"""Groups that go over from one protocol to the other while their members go on."""

import pytest

from logcore.common.errors import NotEnoughReplicasError
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.classic_state import ClassicState
from logcore.coordinator.group.consumer_embedded import read_assignment
from logcore.protocol.internal import versioned
from logcore.protocol.internal.consumer_protocol import (
    ConsumerProtocolAssignment,
    ConsumerProtocolAssignmentTopicPartition,
)
from tests.coordinator.group.actors import GROUP
from tests.coordinator.group.consumers import Client, ConsumerCluster, settle
from tests.coordinator.group.test_consumer_classic import SESSION_MS, Classic, subscription

REJOIN, UNKNOWN, NOT_FOUND, UNSUPPORTED = 27, 25, 69, 35


def assignment(user_data=None, **topics) -> bytes:
    """Return what a leader assigns: ``foo=[0, 1]``."""
    assigned = [
        ConsumerProtocolAssignmentTopicPartition(topic=name, partitions=partitions)
        for name, partitions in topics.items()
    ]
    message = ConsumerProtocolAssignment(assigned_partitions=assigned, user_data=user_data)
    return versioned.encode(message, 1)


@pytest.fixture
def cluster():
    return ConsumerCluster({"foo": 6})


def classic_group(cluster, *assignments, instance_ids=(None, None)) -> list[Classic]:
    """Make a stable classic group whose members have these assignments."""
    members = []
    parked = []
    for instance_id, _ in zip(instance_ids, assignments, strict=False):
        member = Classic(cluster, "foo", instance_id=instance_id)
        said = {
            "protocols": {"range": subscription("foo")},
            "instance_id": instance_id,
            "session_ms": SESSION_MS,
        }
        if instance_id is None:
            member.member_id, answer = cluster.join_with_id(**said)
        else:
            answer = cluster.join(**said)
        parked.append(answer)
        members.append(member)
    cluster.scheduler.advance(10)
    for member, answer in zip(members, parked, strict=True):
        response = answer.value()
        assert response.error_code == 0
        member.member_id, member.generation = response.member_id, response.generation_id
    leader = parked[0].value().leader
    given = {each.member_id: said for each, said in zip(members, assignments, strict=True)}
    answers = [
        cluster.sync(each.member_id, each.generation, given if each.member_id == leader else None)
        for each in sorted(members, key=lambda each: each.member_id == leader)
    ]
    assert all(answer.value().error_code == 0 for answer in answers)
    for member in members:
        member.assigned = read_assignment(given[member.member_id], cluster.topics)
    assert cluster.group().state is ClassicState.STABLE
    return members


HALVES = (assignment(foo=[0, 1, 2]), assignment(foo=[3, 4, 5]))


# ---------------------------------------------------------------- upgrade


def test_a_stable_group_is_upgraded_and_its_members_keep_what_they_have(cluster):
    a, b = classic_group(cluster, *HALVES)
    new = Client(cluster, "new", "foo")
    assert new.beat() == 0
    group = cluster.consumer_group()
    assert set(group.members) == {a.member_id, b.member_id, "new"}
    assert (group.classic_count, group.epoch) == (2, a.generation + 1)
    assert cluster.state_of("new") == ("UNRELEASED", 2, {}, {})
    assert cluster.state_of(a.member_id) == ("STABLE", 1, a.owned, {})
    assert a.heartbeat() == REJOIN
    settle(new, a, b)
    assert sorted(a.owned["foo"] + b.owned["foo"] + new.owned["foo"]) == list(range(6))
    assert group.state_name == "Stable"
    assert [len(each.owned["foo"]) for each in (a, b, new)] == [2, 2, 2]


def test_an_upgraded_group_is_the_same_after_a_crash(cluster):
    classic_group(cluster, *HALVES)
    Client(cluster, "new", "foo").beat()
    before = vars(cluster.consumer_group()).copy()
    cluster.crash()
    after = vars(cluster.consumer_group())
    for name in ("members", "targets", "epoch", "target_epoch", "owners", "static_ids"):
        assert after[name] == before[name]


def test_offsets_stay_through_an_upgrade(cluster):
    a, _ = classic_group(cluster, *HALVES)
    assert cluster.commit_code(7, member_id=a.member_id, generation=a.generation) == 0
    Client(cluster, "new", "foo").beat()
    assert cluster.fetched() == 7
    assert cluster.commit_code(8, member_id=a.member_id, generation=a.generation + 9) == 22
    assert cluster.commit_code(8, member_id=a.member_id, generation=a.generation) == 0


def test_who_waits_in_a_rebalance_is_told_to_join_again(cluster):
    a, _ = classic_group(cluster, *HALVES)
    joining = cluster.join(
        a.member_id, protocols={"range": subscription("foo", "bar")}, session_ms=SESSION_MS
    )
    cluster.scheduler.run_soon()
    assert not joining.is_done
    assert cluster.group().state is ClassicState.PREPARING_REBALANCE
    Client(cluster, "new", "foo").beat()
    assert joining.value().error_code == REJOIN
    assert cluster.consumer_group().classic_count == 2


def test_who_waits_for_an_assignment_is_told_to_join_again(cluster):
    said = {"range": subscription("foo")}
    first, joined = cluster.join_with_id(protocols=said)
    second, joined2 = cluster.join_with_id(protocols=said)
    cluster.scheduler.advance(10)
    leader = joined.value().leader
    follower = second if leader == first else first
    waiting = cluster.sync(follower, joined2.value().generation_id)
    assert not waiting.is_done
    Client(cluster, "new", "foo").beat()
    assert waiting.value().error_code == REJOIN
    assert cluster.state_of(follower)[2] == {}


def test_classic_sessions_go_on_in_the_new_group(cluster):
    classic_group(cluster, *HALVES)
    new = Client(cluster, "new", "foo")
    new.beat()
    cluster.scheduler.advance(SESSION_MS)
    settle(new)
    assert set(cluster.consumer_group().members) == {"new"}
    assert new.owned == {"foo": [0, 1, 2, 3, 4, 5]}


def test_a_static_classic_member_is_restarted_with_the_new_protocol(cluster):
    a, b = classic_group(cluster, *HALVES, instance_ids=("i", "j"))
    over = Client(cluster, "over", "foo", instance_id="i")
    assert over.beat() == 0
    assert over.owned == a.owned
    group = cluster.consumer_group()
    assert group.static_ids == {"i": "over", "j": b.member_id}
    cluster.crash()
    assert cluster.consumer_group().static_ids == {"i": "over", "j": b.member_id}


def test_each_partition_goes_to_the_first_that_has_it(cluster):
    both = assignment(foo=[0, 1, 2, 99], gone=[0])
    a, b = classic_group(cluster, both, assignment(foo=[2, 3]))
    Client(cluster, "new", "foo").beat()
    members = cluster.consumer_group().members
    owned = [sorted(members[each.member_id].assigned.get(cluster.id("foo"), {})) for each in (a, b)]
    assert owned == [[0, 1, 2], [3]]


@pytest.mark.parametrize("policy", ["downgrade", "disabled"])
def test_a_policy_may_forbid_upgrades(policy):
    cluster = ConsumerCluster({"foo": 6}, group_consumer_migration_policy=policy)
    classic_group(cluster, *HALVES)
    assert Client(cluster, "new", "foo").beat() == NOT_FOUND
    assert cluster.group().state is ClassicState.STABLE


def test_a_group_that_is_too_large_is_not_upgraded():
    cluster = ConsumerCluster({"foo": 6}, group_consumer_max_size=1)
    classic_group(cluster, *HALVES)
    assert Client(cluster, "new", "foo").beat() == NOT_FOUND


@pytest.mark.parametrize(
    ("given", "code"),
    [(b"?", NOT_FOUND), (assignment(user_data=b"mine", foo=[0]), UNSUPPORTED)],
)
def test_a_group_whose_assignments_cannot_be_kept_is_not_upgraded(cluster, given, code):
    members = [cluster.join_with_id(protocols={"range": subscription("foo")})]
    cluster.scheduler.advance(10)
    member_id, joined = members[0]
    cluster.sync(member_id, joined.value().generation_id, {member_id: given})
    assert Client(cluster, "new", "foo").beat() == code
    assert cluster.heartbeat(member_id, joined.value().generation_id) == 0


def test_an_upgrade_that_cannot_be_written_leaves_the_classic_group(cluster):
    a, _ = classic_group(cluster, *HALVES)
    cluster.log.fail_with = NotEnoughReplicasError()
    assert Client(cluster, "new", "foo").beat() == 15
    cluster.log.fail_with = None
    assert cluster.group().state is ClassicState.STABLE
    assert cluster.heartbeat(a.member_id, a.generation) == 0


# ---------------------------------------------------------------- downgrade


def upgraded(cluster, **given):
    """Make a group of two classic members and a new one, all settled."""
    a, b = classic_group(cluster, *HALVES)
    new = Client(cluster, "new", "foo", **given)
    settle(new, a, b)
    return a, b, new


def test_the_last_new_member_leaves_a_classic_group(cluster):
    a, b, new = upgraded(cluster)
    epoch = cluster.consumer_group().epoch
    assert new.leave() == 0
    group = cluster.group()
    assert (set(group.members), group.generation) == ({a.member_id, b.member_id}, epoch)
    assert group.state is ClassicState.PREPARING_REBALANCE
    assert a.heartbeat() == REJOIN
    read = read_assignment(group.members[a.member_id].assignment, cluster.topics)
    assert cluster.named(read) == a.owned
    protocols = {"range": subscription("foo")}
    joins = [
        cluster.join(each.member_id, protocols=protocols, session_ms=SESSION_MS) for each in (a, b)
    ]
    cluster.scheduler.advance(10)
    assert {each.value().generation_id for each in joins} == {epoch + 1}


def test_the_last_new_member_falls_silent(cluster):
    a, b, _ = upgraded(cluster)
    for _ in range(9):
        cluster.scheduler.advance(5_000)
        a.heartbeat()
        b.heartbeat()
    assert isinstance(cluster.shard.state.groups[GROUP], ClassicGroup)


def test_a_downgraded_group_is_the_same_after_a_crash(cluster):
    a, b, new = upgraded(cluster)
    new.leave()
    before = cluster.group()
    cluster.crash()
    after = cluster.group()
    assert (after.generation, set(after.members)) == (before.generation, set(before.members))
    assert after.members[a.member_id].assignment == before.members[a.member_id].assignment
    cluster.scheduler.advance(SESSION_MS)
    assert not cluster.group().members
    assert b.heartbeat() == UNKNOWN


def test_classic_sessions_go_on_in_the_classic_group(cluster):
    a, _, new = upgraded(cluster)
    new.leave()
    cluster.scheduler.advance(SESSION_MS - 1)
    assert a.heartbeat() == REJOIN
    assert len(cluster.group().members) == 2
    cluster.scheduler.advance(1)
    assert set(cluster.group().members) == {a.member_id}


def test_the_last_new_member_s_place_is_taken_by_a_classic_one(cluster):
    a, b, new = upgraded(cluster, instance_id="i")
    back = Classic(cluster, "foo", instance_id="i")
    assert back.join().error_code == 0
    group = cluster.group()
    assert group.state is ClassicState.STABLE
    assert set(group.members) == {a.member_id, b.member_id, back.member_id}
    assert group.static_ids == {"i": back.member_id}
    assert a.heartbeat() == b.heartbeat() == 0
    assert back.sync() == 0
    assert back.owned == new.owned
    cluster.crash()
    assert set(cluster.group().members) == {a.member_id, b.member_id, back.member_id}


def test_a_classic_one_that_wants_other_topics_makes_all_join_again(cluster):
    a, _, _ = upgraded(cluster, instance_id="i")
    back = Classic(cluster, "bar", instance_id="i")
    assert back.join().error_code == 0
    assert cluster.group().state is ClassicState.PREPARING_REBALANCE
    assert a.heartbeat() == REJOIN


def test_new_members_that_are_left_keep_the_group(cluster):
    a, b, new = upgraded(cluster)
    other = Client(cluster, "other", "foo")
    settle(new, other, a, b)
    other.leave()
    assert cluster.consumer_group().classic_count == 2
    cluster.leave(a.member_id, b.member_id)
    assert set(cluster.consumer_group().members) == {"new"}


@pytest.mark.parametrize("policy", ["upgrade"])
def test_a_policy_may_forbid_downgrades(policy):
    cluster = ConsumerCluster({"foo": 6}, group_consumer_migration_policy=policy)
    a, b, new = upgraded(cluster)
    new.leave()
    assert set(cluster.consumer_group().members) == {a.member_id, b.member_id}
    settle(a, b)
    assert sorted(a.owned["foo"] + b.owned["foo"]) == list(range(6))


def test_a_group_too_large_for_the_classic_protocol_is_not_downgraded():
    cluster = ConsumerCluster({"foo": 6}, group_max_size=2)
    _, b, new = upgraded(cluster)
    third = Classic(cluster, "foo")
    settle(new, third, b)
    new.leave()
    assert len(cluster.consumer_group().members) == 3


def test_an_empty_consumer_group_makes_way_for_a_classic_one(cluster):
    cluster.join_consumer("m", "foo")
    cluster.beat("m", -1)
    member_id, joined = cluster.join_with_id(protocols={"range": subscription("foo")})
    cluster.scheduler.advance(10)
    response = joined.value()
    assert (response.error_code, response.leader) == (0, member_id)
    cluster.sync(member_id, response.generation_id, {member_id: b""})
    assert cluster.group().state is ClassicState.STABLE
    cluster.crash()
    assert set(cluster.group().members) == {member_id}
