"""The classic protocol as a whole: records, loading, unloading."""

import pytest

from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.classic_state import ClassicState
from logcore.protocol.internal.coordinator_record import decode_key, decode_value
from logcore.protocol.internal.group import GroupMetadataKey, GroupMetadataValue, MemberMetadata
from tests.coordinator.group.actors import GROUP, Cluster, subscription
from tests.coordinator.group.test_classic_join import stable_static

NOT_COORDINATOR = 16


@pytest.fixture
def cluster():
    return Cluster()


def last_record(cluster):
    key, value = cluster.log.partitions[0][-1]
    decoded = decode_key(key)
    return decoded, None if value is None else decode_value(decoded, value)


def test_the_record_of_a_stable_group_holds_what_kafkas_does(cluster):
    (leader, follower), generation = cluster.stable(2, client_id="me")
    key, value = last_record(cluster)
    assert isinstance(key, GroupMetadataKey)
    assert isinstance(value, GroupMetadataValue)
    assert key.group == GROUP
    assert (value.protocol_type, value.protocol, value.leader) == ("consumer", "range", leader)
    assert value.generation == generation
    assert value.current_state_timestamp == cluster.scheduler.now_ms()
    assert [each.member_id for each in value.members] == list(cluster.group().members)
    member = next(each for each in value.members if each.member_id == follower)
    assert (member.client_id, member.client_host) == ("me", "/127.0.0.1")
    assert (member.session_timeout, member.rebalance_timeout) == (10_000, 60_000)
    assert bytes(member.subscription) == b"meta"
    assert bytes(member.assignment) == f"to {follower}".encode()
    assert cluster.log.partitions[0][-1][1][:2] == b"\0\3"


def test_the_record_of_an_empty_group(cluster):
    (leader,), generation = cluster.stable()
    cluster.leave(leader)
    _, value = last_record(cluster)
    assert value.generation == generation + 1
    assert (value.protocol_type, value.protocol, value.leader) == ("consumer", None, None)
    assert value.members == []


def test_loading_gives_members_their_sessions(cluster):
    (leader, follower), generation = cluster.stable(2)
    cluster.crash()
    group = cluster.group()
    assert group.state is ClassicState.STABLE
    cluster.scheduler.advance(9_999)
    assert cluster.heartbeat(leader, generation) == 0
    cluster.scheduler.advance(1)
    assert set(group.members) == {leader}
    assert follower not in group.members


def test_a_loaded_group_knows_what_it_consumes(cluster):
    cluster.stable(protocols={"range": subscription("t")})
    cluster.crash()
    assert cluster.group().is_subscribed_to("t")
    assert not cluster.group().is_subscribed_to("u")


def test_loaded_static_members_keep_their_instances(cluster):
    ids, generation = stable_static(cluster, "a", "b")
    cluster.crash()
    assert cluster.group().static_ids == ids
    answer = cluster.join(instance_id="b").value()
    assert answer.generation_id == generation


def test_a_loaded_group_rebalances_with_who_comes(cluster):
    (leader,), generation = cluster.stable()
    cluster.crash()
    _, joined = cluster.join_with_id()
    cluster.join(leader)
    assert joined.value().generation_id == generation + 1


def test_a_record_without_a_rebalance_timeout_takes_the_session(cluster):
    key = GroupMetadataKey(group="old")
    value = GroupMetadataValue(protocol_type="consumer", generation=3, protocol="range", leader="m")
    value.members = [MemberMetadata(member_id="m", session_timeout=7_000, subscription=b"s")]
    raw = b"\0\2" + key.encode_bytes(0), b"\0\0" + value.encode_bytes(0)
    cluster.log.partitions[0] = [raw]
    cluster.crash()
    group = cluster.group("old")
    assert group.rebalance_timeout_ms == 7_000
    assert group.state_timestamp_ms == -1
    assert (group.generation, group.leader_id) == (3, "m")


def test_a_tombstone_of_a_group_that_is_not_there_is_nothing(cluster):
    key = GroupMetadataKey(group="gone")
    cluster.log.partitions[0] = [(b"\0\2" + key.encode_bytes(0), None)]
    cluster.crash()
    assert not cluster.shard.state.groups


def test_unloading_sends_whoever_waits_elsewhere(cluster):
    leader, _ = cluster.join_with_id()
    cluster.scheduler.run_soon()
    cluster.sync(leader, 1)
    _, joining = cluster.join_with_id()
    group = cluster.group()
    cluster.service.on_resigned(0)
    assert joining.value().error_code == NOT_COORDINATOR
    assert group.state is ClassicState.DEAD
    assert cluster.heartbeat(leader, 1) == NOT_COORDINATOR


def test_unloading_answers_parked_syncs(cluster):
    joins = [cluster.join_with_id() for _ in range(2)]
    cluster.scheduler.run_soon()
    leader = joins[0][1].value().leader
    parked = cluster.sync(next(each for each, _ in joins if each != leader), 1)
    cluster.service.on_resigned(0)
    assert parked.value().error_code == NOT_COORDINATOR


def test_only_classic_groups_are_found(cluster):
    cluster.commit(1)
    rebalance = cluster.shard.classic.rebalance
    assert isinstance(rebalance.group(GROUP), ClassicGroup)
    assert rebalance.group("other") is None
