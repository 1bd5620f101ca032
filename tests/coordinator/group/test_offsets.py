"""Offsets: who may commit, what is fetched, what is deleted, what expires."""

from typing import Any

import pytest

from logcore.common.errors import MessageTooLargeError, NotEnoughReplicasError
from logcore.coordinator.group.classic_state import ClassicState
from logcore.protocol.internal.coordinator_record import decode_key, decode_value
from logcore.protocol.internal.group import LegacyOffsetCommitKey, LegacyOffsetCommitValue
from logcore.protocol.messages.offset_delete import (
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
)
from logcore.protocol.messages.offset_fetch import OffsetFetchRequestGroup
from tests.coordinator.group.actors import GROUP, Cluster, subscription
from tests.coordinator.group.test_classic_join import stable_static

ILLEGAL_GENERATION = 22
UNKNOWN_MEMBER = 25
REBALANCING = 27
FENCED = 82
DAY_MS = 86_400_000
A = b"a" * 16
B = b"b" * 16


@pytest.fixture
def cluster():
    return Cluster(offsets_retention_minutes=24 * 60)


# ---------------------------------------------------------------- committing


def test_anybody_may_commit_for_a_group_that_is_not_there(cluster):
    assert cluster.commit_code(7) == 0
    assert cluster.fetched() == 7
    assert cluster.group().is_simple


def test_what_is_committed_comes_back(cluster):
    cluster.commit(7, "t", 3, metadata="note", leader_epoch=5)
    (partition,) = cluster.fetch({"t": [3]}).topics[0].partitions
    assert partition.committed_offset == 7
    assert partition.committed_leader_epoch == 5
    assert partition.metadata == "note"
    assert partition.error_code == 0


def test_no_metadata_comes_back_as_none_of_it(cluster):
    cluster.commit(metadata=None)
    assert cluster.fetch({"t": [0]}).topics[0].partitions[0].metadata == ""


def test_commits_survive_a_restart(cluster):
    cluster.commit(7, metadata="note", leader_epoch=2, topic_id=A)
    before = dict(cluster.shard.state.offsets.by_group)
    cluster.crash()
    assert cluster.shard.state.offsets.by_group == before


def test_the_empty_group_may_commit(cluster):
    assert cluster.commit_code(group_id="") == 0
    assert cluster.fetched(group_id="") == 1


@pytest.mark.parametrize(("version", "expected"), [(8, ILLEGAL_GENERATION), (9, 69)])
def test_a_member_of_a_group_that_is_not_there(cluster, version, expected):
    assert cluster.commit_code(member_id="m", generation=1, version=version) == expected


def test_members_commit_with_their_generation(cluster):
    (leader,), generation = cluster.stable()
    assert cluster.commit_code(7, member_id=leader, generation=generation) == 0
    assert cluster.commit_code(member_id=leader, generation=generation + 1) == ILLEGAL_GENERATION
    assert cluster.commit_code(member_id="stranger", generation=generation) == UNKNOWN_MEMBER
    assert cluster.commit_code(member_id="stranger") == UNKNOWN_MEMBER
    assert cluster.fetched() == 7


def test_only_members_commit_while_there_are_members(cluster):
    cluster.stable()
    assert cluster.commit_code() == UNKNOWN_MEMBER


def test_anybody_commits_while_there_are_none(cluster):
    (leader,), _ = cluster.stable()
    cluster.leave(leader)
    assert cluster.commit_code(7) == 0
    assert cluster.commit_code(7, member_id=leader) == 0, "the generation is what counts"


def test_static_members_commit_under_their_instance(cluster):
    ids, generation = stable_static(cluster, "a", "b")
    given = {"generation": generation}
    assert cluster.commit_code(member_id=ids["a"], instance_id="a", **given) == 0
    assert cluster.commit_code(member_id=ids["a"], instance_id="b", **given) == FENCED
    assert cluster.commit_code(member_id=ids["a"], instance_id="x", **given) == UNKNOWN_MEMBER


def test_a_member_may_commit_while_others_join_but_not_before_the_assignment(cluster):
    (leader,), generation = cluster.stable()
    member_id, _ = cluster.join_with_id()
    assert cluster.commit_code(member_id=leader, generation=generation) == 0
    cluster.join(leader)
    assert cluster.group().state is ClassicState.COMPLETING_REBALANCE
    assert cluster.commit_code(member_id=leader, generation=generation + 1) == REBALANCING
    assert cluster.commit_code(member_id=member_id, generation=generation) == ILLEGAL_GENERATION


def test_a_dead_group_is_looked_for_elsewhere(cluster):
    cluster.stable()
    cluster.group().move_to(ClassicState.DEAD, 0)
    assert cluster.commit_code() == 15


def test_a_commit_shows_that_a_member_lives(cluster):
    (leader,), generation = cluster.stable()
    for _ in range(5):
        cluster.scheduler.advance(9_000)
        cluster.commit(member_id=leader, generation=generation)
    assert leader in cluster.group().members


def test_metadata_has_a_limit_partition_by_partition(cluster):
    assert cluster.commit_code(metadata="x" * 4_096) == 0
    assert cluster.commit_code(metadata="x" * 4_097) == 12
    assert cluster.commit_code(metadata="\U0001f600" * 2_049) == 12, "counted as Java counts"
    assert len(cluster.log.batches) == 1


@pytest.mark.parametrize(
    ("refused", "answered"), [(NotEnoughReplicasError, 15), (MessageTooLargeError, -1)]
)
def test_a_commit_that_cannot_be_written_did_not_happen(cluster, refused, answered):
    cluster.log.fail_with = refused()
    assert cluster.commit_code() == answered
    assert cluster.fetched() == -1
    assert not cluster.shard.state.groups


def test_a_commit_is_not_seen_before_it_is_written(cluster):
    cluster.log.is_held = True
    answer = cluster.commit(7)
    assert cluster.fetched() == -1
    cluster.log.release()
    assert answer.value().topics[0].partitions[0].error_code == 0
    assert cluster.fetched() == 7


def test_a_fetch_of_stable_offsets_waits_for_commits_under_way(cluster):
    cluster.log.is_held = True
    cluster.commit(7)
    request = OffsetFetchRequestGroup(group_id=GROUP, topics=None)
    answer = cluster.service.fetch_offsets(request, require_stable=True)
    assert not answer.is_done
    cluster.log.release()
    assert answer.value().topics[0].partitions[0].committed_offset == 7


# ---------------------------------------------------------------- records


def written(cluster) -> tuple[Any, Any]:
    key, value = cluster.log.partitions[0][-1]
    return decode_key(key), value


def test_the_record_is_in_the_version_kafka_writes(cluster):
    cluster.commit(7, topic_id=A, leader_epoch=2)
    key, value = written(cluster)
    assert (key.API_KEY, key.group, key.topic, key.partition) == (1, GROUP, "t", 0)
    assert value[:2] == b"\0\4"
    decoded: Any = decode_value(key, value)
    assert (decoded.offset, decoded.leader_epoch, decoded.topic_id) == (7, 2, A)
    assert decoded.commit_timestamp == cluster.scheduler.now_ms()


def test_a_retention_of_its_own_is_kept_as_kafka_keeps_it(cluster):
    cluster.commit(7, retention_ms=1_000, version=4)
    key, value = written(cluster)
    assert value[:2] == b"\0\1"
    decoded: Any = decode_value(key, value)
    assert decoded.expire_timestamp == cluster.scheduler.now_ms() + 1_000
    cluster.scheduler.advance(600_000)
    assert cluster.fetched() == -1


def test_a_record_of_the_oldest_kafka_is_understood(cluster):
    key = LegacyOffsetCommitKey(group="old", topic="t", partition=1)
    value = LegacyOffsetCommitValue(offset=9, metadata="m", commit_timestamp=5)
    raw = b"\0\0" + key.encode_bytes(0), b"\0\0" + value.encode_bytes(0)
    cluster.log.partitions[0] = [raw]
    cluster.crash()
    assert cluster.fetched("t", 1, group_id="old") == 9
    cluster.log.partitions[0].append((raw[0], None))
    cluster.crash()
    assert cluster.fetched("t", 1, group_id="old") == -1


# ---------------------------------------------------------------- fetching


def test_what_was_never_committed_is_minus_one(cluster):
    assert cluster.fetched() == -1
    cluster.commit(7)
    assert cluster.fetched(partition=1) == -1
    assert cluster.fetched("other") == -1
    (partition,) = cluster.fetch({"t": [1]}).topics[0].partitions
    assert (partition.committed_leader_epoch, partition.metadata) == (-1, "")


def test_everything_of_a_group(cluster):
    cluster.commit(1, "t", 0)
    cluster.commit(2, "t", 1)
    cluster.commit(3, "u", 0)
    found = {
        (topic.name, each.partition_index): each.committed_offset
        for topic in cluster.fetch().topics
        for each in topic.partitions
    }
    assert found == {("t", 0): 1, ("t", 1): 2, ("u", 0): 3}
    assert cluster.fetch(group_id="other").topics == []


def test_a_dead_group_has_no_offsets(cluster):
    cluster.commit(7)
    cluster.group().move_to(ClassicState.DEAD, 0)
    assert cluster.fetched() == -1
    assert cluster.fetch().topics == []


def test_an_offset_of_another_topic_of_that_name_is_none(cluster):
    cluster.commit(7, topic_id=A)
    assert cluster.fetched(topic_id=A) == 7
    assert cluster.fetched(topic_id=B) == -1
    assert cluster.fetched() == 7, "who asks by name has no opinion"
    cluster.commit(8, "t", 1)
    assert cluster.fetched("t", 1, topic_id=B) == 8, "an old commit does not say"


# ---------------------------------------------------------------- deleting


def delete(cluster, topic="t", partitions=(0,), group_id=GROUP):
    indexes = [OffsetDeleteRequestPartition(partition_index=each) for each in partitions]
    topics = [OffsetDeleteRequestTopic(name=topic, partitions=indexes)]
    return cluster.service.delete_offsets(
        OffsetDeleteRequest(group_id=group_id, topics=topics)
    ).value()


def test_offsets_of_an_unused_group_are_deleted(cluster):
    cluster.commit(1, "t", 0)
    cluster.commit(2, "t", 1)
    response = delete(cluster, partitions=[0, 5])
    assert response.error_code == 0
    assert [each.error_code for each in response.topics[0].partitions] == [0, 0]
    assert cluster.fetched("t", 0) == -1
    assert cluster.fetched("t", 1) == 2
    cluster.crash()
    assert cluster.fetched("t", 0) == -1


def test_offsets_of_a_topic_in_use_are_not_deleted(cluster):
    (leader,), generation = cluster.stable(protocols={"range": subscription("t", "u")})
    for topic in "tv":
        cluster.commit(1, topic, member_id=leader, generation=generation)
    assert delete(cluster, "t").topics[0].partitions[0].error_code == 86
    assert delete(cluster, "v").topics[0].partitions[0].error_code == 0
    assert cluster.fetched("t") == 1
    assert cluster.fetched("v") == -1


def test_offsets_of_a_group_in_use_whose_topics_we_cannot_tell_are_not_deleted(cluster):
    cluster.stable(protocols={"range": b"no subscription"})
    assert delete(cluster).topics[0].partitions[0].error_code == 86


def test_offsets_of_what_is_no_consumer_are_not_deleted_while_it_is_in_use(cluster):
    (member,), _ = cluster.stable(protocol_type="connect")
    assert delete(cluster).error_code == 68
    cluster.leave(member)
    assert delete(cluster).error_code == 0


def test_deleting_from_a_group_that_is_not_there(cluster):
    assert delete(cluster).error_code == 69
    assert delete(cluster, group_id="").error_code == 24


def test_a_topic_that_is_deleted_takes_its_offsets_along(cluster):
    cluster.commit(1, "t", 0, topic_id=A)
    cluster.commit(2, "t", 1, topic_id=B)
    cluster.commit(3, "t", 2)
    cluster.commit(4, "u", 0, topic_id=A)
    cluster.commit(5, "t", 0, topic_id=A, group_id="h")
    cluster.service.on_topic_deleted("t", A)
    assert [cluster.fetched("t", each) for each in range(3)] == [-1, 2, -1]
    assert cluster.fetched("u") == 4
    assert cluster.fetched("t", group_id="h") == -1


def test_a_group_is_deleted_with_its_offsets(cluster):
    cluster.commit(1, "t", 0)
    cluster.commit(2, "u", 4)
    (deleted,) = cluster.service.delete_groups([GROUP]).value()
    assert deleted.error_code == 0
    assert not cluster.shard.state.groups
    assert not cluster.shard.state.offsets.by_group
    cluster.crash()
    assert not cluster.shard.state.groups


# ---------------------------------------------------------------- expiring


def test_offsets_without_a_group_expire_by_their_commit(cluster):
    cluster.commit(1, "t", 0)
    cluster.scheduler.advance(DAY_MS // 2)
    cluster.commit(2, "t", 1)
    cluster.scheduler.advance(DAY_MS // 2)
    assert cluster.fetched("t", 0) == -1
    assert cluster.fetched("t", 1) == 2
    cluster.scheduler.advance(DAY_MS // 2)
    assert not cluster.shard.state.groups, "the group goes with its last offset"
    cluster.crash()
    assert not cluster.shard.state.groups


def test_offsets_of_an_empty_group_expire_by_when_it_became_empty(cluster):
    (leader,), generation = cluster.stable(session_ms=30_000)
    cluster.commit(1, member_id=leader, generation=generation)
    for _ in range(3 * DAY_MS // 20_000):
        cluster.scheduler.advance(20_000)
        cluster.heartbeat(leader, generation)
    assert cluster.fetched() == 1
    cluster.leave(leader)
    cluster.scheduler.advance(DAY_MS - 600_000)
    cluster.crash()
    assert cluster.fetched() == 1
    cluster.scheduler.advance(1_200_000)
    assert cluster.fetched() == -1
    assert not cluster.shard.state.groups


def test_topics_no_longer_consumed_expire_while_others_are(cluster):
    (leader,), generation = cluster.stable(
        protocols={"range": subscription("t")}, session_ms=1_800_000
    )
    for topic in "tv":
        cluster.commit(1, topic, member_id=leader, generation=generation)
    for _ in range(2 * DAY_MS // 1_000_000):
        cluster.scheduler.advance(1_000_000)
        cluster.heartbeat(leader, generation)
    assert cluster.fetched("t") == 1
    assert cluster.fetched("v") == -1


def test_nothing_expires_during_a_rebalance(cluster):
    (leader,), generation = cluster.stable(
        protocols={"range": subscription("t")}, session_ms=1_800_000, rebalance_ms=10 * DAY_MS
    )
    cluster.commit(1, "v", member_id=leader, generation=generation)
    cluster.join(session_ms=1_800_000)
    cluster.join_with_id(session_ms=1_800_000, rebalance_ms=10 * DAY_MS)
    for _ in range(2 * DAY_MS // 1_000_000):
        cluster.scheduler.advance(1_000_000)
        if cluster.heartbeat(leader, generation) == 0:
            break
    else:
        assert cluster.fetched("v") == 1


def test_an_unused_group_without_offsets_expires(cluster):
    cluster.join(session_ms=6_000)
    assert cluster.shard.state.groups
    cluster.scheduler.advance(600_000)
    assert not cluster.shard.state.groups


def test_expiry_that_cannot_be_written_is_tried_again(cluster):
    cluster.commit(1)
    cluster.log.fail_with = NotEnoughReplicasError()
    cluster.scheduler.advance(2 * DAY_MS)
    assert cluster.fetched() == 1
    cluster.log.fail_with = None
    cluster.scheduler.advance(600_000)
    assert cluster.fetched() == -1
