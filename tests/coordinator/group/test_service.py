"""The coordinator as the broker calls it: what is refused before a group is looked at."""

import pytest

from logcore.coordinator import runtime as runtime_module
from logcore.coordinator.group import service as service_module
from logcore.coordinator.hashing import partition_for
from logcore.protocol.messages.list_groups import ListGroupsRequest
from tests.coordinator.group.actors import GROUP, Cluster

LOADING = 14
NOT_COORDINATOR = 16
INVALID_GROUP = 24
INVALID_SESSION = 26


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def loading(cluster, monkeypatch):
    """A coordinator that has begun to load, and not ended."""
    cluster.stable()
    cluster.commit(1, group_id="h")
    monkeypatch.setattr(runtime_module, "LOAD_SLICE_MS", 0)
    monkeypatch.setattr(runtime_module, "LOAD_SLICE_RECORDS", 1)
    cluster.service.close()
    cluster.service.on_elected(0)
    assert cluster.service.runtime.loading_count == 1
    return cluster


@pytest.mark.parametrize("session_ms", [5_999, 1_800_001, 0, -1])
def test_sessions_have_bounds(cluster, session_ms):
    answer = cluster.join("m", session_ms=session_ms).value()
    assert answer.error_code == INVALID_SESSION
    assert answer.member_id == "m"


@pytest.mark.parametrize("session_ms", [6_000, 1_800_000])
def test_sessions_may_be_as_short_and_as_long_as_that(cluster, session_ms):
    assert cluster.join(session_ms=session_ms).value().error_code == 79


def test_a_group_of_members_has_a_name(cluster):
    assert cluster.join(group_id="").value().error_code == INVALID_GROUP
    assert cluster.sync("m", 1, group_id="").value().error_code == INVALID_GROUP


def test_groups_are_spread_over_partitions():
    cluster = Cluster(offsets_topic_num_partitions=50)
    for number in range(20):
        group_id = f"group-{number}"
        cluster.commit(number, group_id=group_id)
        partition = partition_for(group_id, 50)
        assert cluster.service.partition_for(group_id) == partition
        assert group_id in cluster.service.runtime.shard(partition).machine.state.groups
    assert len(cluster.service.list_groups(ListGroupsRequest()).groups) == 20


def test_what_is_coordinated_elsewhere(cluster):
    cluster.service.on_resigned(0)
    assert cluster.join().value().error_code == NOT_COORDINATOR
    assert cluster.sync("m", 1).value().error_code == NOT_COORDINATOR
    assert cluster.heartbeat("m", 1) == NOT_COORDINATOR
    assert cluster.leave("m").error_code == NOT_COORDINATOR
    assert cluster.commit_code() == NOT_COORDINATOR
    assert cluster.fetch().error_code == NOT_COORDINATOR
    assert cluster.fetch(require_stable=True).error_code == NOT_COORDINATOR
    assert cluster.service.describe_groups([GROUP], 6)[0].error_code == NOT_COORDINATOR
    assert cluster.service.delete_groups([GROUP]).value()[0].error_code == NOT_COORDINATOR
    assert cluster.service.list_groups(ListGroupsRequest()).groups == []


def test_what_is_still_loading(loading):
    assert loading.join().value().error_code == LOADING
    assert loading.sync("m", 1).value().error_code == LOADING
    assert loading.heartbeat("m", 1) == 0, "nobody should take a member for gone meanwhile"
    assert loading.leave("m").error_code == LOADING
    assert loading.commit_code() == LOADING
    assert loading.fetch().error_code == LOADING
    assert loading.service.describe_groups([GROUP], 6)[0].error_code == LOADING
    assert loading.service.list_groups(ListGroupsRequest()).error_code == LOADING
    loading.scheduler.run_soon()
    assert loading.group().members
    assert loading.service.list_groups(ListGroupsRequest()).error_code == 0


def test_groups_are_deleted_each_by_itself(cluster):
    cluster.stable()
    cluster.commit(1, group_id="h")
    deleted = cluster.service.delete_groups(["h", GROUP, "none"]).value()
    assert [(each.group_id, each.error_code) for each in deleted] == [
        ("h", 0), (GROUP, 68), ("none", 69),
    ]  # fmt: skip


def test_a_deleted_group_can_begin_again(cluster):
    (leader,), _ = cluster.stable()
    cluster.leave(leader)
    assert cluster.service.delete_groups([GROUP]).value()[0].error_code == 0
    _, generation = cluster.stable()
    assert generation == 1


def test_expiry_goes_on_while_partitions_come_and_go(cluster):
    cluster.commit(1)
    cluster.scheduler.advance(600_000)
    cluster.service.on_resigned(0)
    cluster.scheduler.advance(600_000)
    cluster.service.on_elected(0)
    cluster.scheduler.advance(8 * 86_400_000)
    assert not cluster.shard.state.groups


def test_offsets_of_many_partitions_go_a_batch_at_a_time(cluster, monkeypatch):
    monkeypatch.setattr(service_module, "TOMBSTONES_MAX", 3)
    for partition in range(10):
        cluster.commit(1, "t", partition)
        cluster.commit(1, "u", partition)
    before = len(cluster.log.batches)
    cluster.service.on_topic_deleted("t", bytes(16))
    cluster.scheduler.run_soon()
    assert [len(batch) for batch in cluster.log.batches[before:]] == [3, 3, 3, 1]
    cluster.scheduler.advance(8 * 86_400_000)
    assert not cluster.shard.state.offsets.by_group
    assert not cluster.shard.state.groups
    assert max(map(len, cluster.log.batches)) == 3


def test_nothing_is_left_to_do_after_closing(cluster):
    cluster.stable(2)
    cluster.service.close()
    assert cluster.scheduler.pending_count == 0
