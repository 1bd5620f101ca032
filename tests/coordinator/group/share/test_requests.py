"""Heartbeats over both coordinators: states begun on the way, or not; groups that are deleted."""

from logcore.common.errors import (
    CoordinatorNotAvailableError,
    GroupIdNotFoundError,
    InconsistentGroupProtocolError,
    NonEmptyGroupError,
    NotEnoughReplicasError,
)
from logcore.coordinator.group.context import Caller
from logcore.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from logcore.protocol.messages.join_group import JoinGroupRequest, JoinGroupRequestProtocol
from tests.coordinator.group.share.sharing import GROUP, ShareCluster

RETRY_MS = 30_000


def deleted(cluster: ShareCluster, *group_ids: str) -> list[int]:
    done = cluster.service.delete_groups(group_ids or (GROUP,)).value()
    return [each.error_code for each in done]


def test_states_are_begun_before_the_answer():
    cluster = ShareCluster({"foo": 2})
    cluster.states.is_held = True
    waiting = cluster.beating("m", 0, "foo")
    assert not waiting.is_done
    known = cluster.group().partitions
    assert known is not None
    assert [topic.name for topic in known.initializing.values()] == ["foo"]
    for each in cluster.states.held:
        each.complete(None)
    assert cluster.told(waiting.value()) == {"foo": [0, 1]}


def test_the_first_member_waits_for_others():
    cluster = ShareCluster({"foo": 4})
    cluster.group_config["share.assignment.interval.ms"] = "1000"
    first = cluster.beating("m1", 0, "foo")
    assert not first.is_done
    second = cluster.told(cluster.beating("m2", 0, "foo").value())
    cluster.scheduler.advance(1_000)
    both = [*(cluster.told(first.value()) or {})["foo"], *(second or {})["foo"]]
    assert sorted(both) == [0, 1, 2, 3]
    assert len((second or {})["foo"]) == 2


def test_states_that_cannot_be_begun():
    cluster = ShareCluster({"foo": 2})
    cluster.states.fail_with = CoordinatorNotAvailableError()
    response = cluster.join("m", "foo")
    assert cluster.told(response) == {}
    assert cluster.initialized() == {}
    cluster.states.fail_with = None
    assert cluster.told(cluster.beat("m", response.member_epoch)) == {"foo": [0, 1]}


def test_some_states_that_cannot_be_begun():
    cluster = ShareCluster({"foo": 3})
    cluster.states.fail_with, cluster.states.failing = CoordinatorNotAvailableError(), {1}
    response = cluster.join("m", "foo")
    assert cluster.told(response) == {"foo": [0, 2]}
    assert len(cluster.states.asked) == 4  # the one that failed was tried again
    cluster.states.fail_with = None
    assert cluster.told(cluster.beat("m", response.member_epoch)) == {"foo": [0, 1, 2]}


def test_a_crash_while_states_are_begun():
    cluster = ShareCluster({"foo": 2})
    cluster.states.is_held = True
    cluster.beating("m", 0, "foo")
    cluster.states.is_held = False
    cluster.crash()
    epoch = cluster.group().members["m"].epoch
    response = cluster.beat("m", epoch)
    assert response.assignment is None  # somebody may be at it still
    cluster.scheduler.advance(RETRY_MS)
    assert cluster.told(cluster.beat("m", epoch)) == {"foo": [0, 1]}


def test_a_failed_append_is_told():
    cluster = ShareCluster({"foo": 2})
    cluster.log.fail_with = NotEnoughReplicasError()
    response = cluster.beat("m", 0, "foo")
    assert response.error_code == CoordinatorNotAvailableError.code
    cluster.log.fail_with = None
    assert not cluster.shard.state.groups


def test_a_deleted_group_takes_its_states_along():
    cluster = ShareCluster({"foo": 2})
    cluster.join("m", "foo")
    assert deleted(cluster) == [NonEmptyGroupError.code]
    assert cluster.has_state("foo", 1)
    cluster.leave("m")
    assert deleted(cluster, GROUP, "nobody") == [0, GroupIdNotFoundError.code]
    assert not cluster.states.bench.states
    assert not cluster.shard.state.groups
    cluster.crash()
    assert not cluster.shard.state.groups


def test_a_group_whose_states_cannot_be_deleted_stays():
    cluster = ShareCluster({"foo": 2})
    cluster.join("m", "foo")
    cluster.leave("m")
    cluster.states.fail_with, cluster.states.failing = CoordinatorNotAvailableError(), {1}
    assert deleted(cluster) == [CoordinatorNotAvailableError.code]
    known = cluster.group().partitions
    assert known is not None
    assert list(known.deleting.values()) == ["foo"]
    cluster.crash()
    cluster.states.fail_with = None
    assert deleted(cluster) == [0]
    assert not cluster.states.bench.states


def test_a_group_that_is_left_half_deleted_can_be_used_again():
    cluster = ShareCluster({"foo": 2})
    cluster.join("m", "foo")
    cluster.leave("m")
    cluster.states.fail_with = CoordinatorNotAvailableError()
    deleted(cluster)
    cluster.states.fail_with = None
    assert cluster.told(cluster.join("m", "foo")) == {"foo": [0, 1]}
    known = cluster.group().partitions
    assert known is not None
    assert not known.deleting


def test_a_name_belongs_to_one_kind_of_group():
    cluster = ShareCluster({"foo": 2})
    cluster.join("m", "foo")
    join = JoinGroupRequest(
        group_id=GROUP,
        session_timeout_ms=30_000,
        protocol_type="consumer",
        protocols=[JoinGroupRequestProtocol(name="range")],
    )
    code = cluster.service.join_group(Caller(9), join).value().error_code
    assert code == InconsistentGroupProtocolError.code
    beat = ConsumerGroupHeartbeatRequest(
        group_id=GROUP,
        member_id="c",
        rebalance_timeout_ms=60_000,
        subscribed_topic_names=["foo"],
        topic_partitions=[],
    )
    consumer = cluster.service.consumer_heartbeat(Caller(1), beat).value()
    assert consumer.error_code == GroupIdNotFoundError.code
    beat.group_id = "c"
    assert cluster.service.consumer_heartbeat(Caller(1), beat).value().error_code == 0
    assert cluster.beat("m", 0, "foo", group_id="c").error_code == GroupIdNotFoundError.code
    assert cluster.leave("m", "c").error_code == GroupIdNotFoundError.code
    assert cluster.service.share.describe("c").error_code == GroupIdNotFoundError.code
