"""Heartbeats of streams groups: joining, following, leaving, and what members are told."""

import pytest

from logcore.common.errors import NotEnoughReplicasError
from logcore.protocol.internal.streams_group import StreamsGroupMetadataKey
from tests.coordinator.group.actors import GROUP
from tests.coordinator.group.streams.streaming import (
    StreamsCluster,
    StreamThread,
    part,
    sets,
    settle,
    stateful,
    topology,
)

UNKNOWN_MEMBER, INVALID, NOT_FOUND, FULL, FENCED, INVALID_TOPOLOGY = 25, 42, 69, 81, 110, 130


@pytest.fixture
def cluster():
    return StreamsCluster()


# ---------------------------------------------------------------- joining and following


def test_the_first_member_gets_everything(cluster):
    response = cluster.enter("a")
    assert (response.error_code, response.member_id, response.member_epoch) == (0, "a", 2)
    assert (response.heartbeat_interval_ms, response.status) == (5_000, [])
    assert sets(response.active_tasks) == {"0": [0, 1, 2, 3]}
    assert (response.standby_tasks, response.warmup_tasks) == ([], [])
    beat = cluster.tell("a", 2)
    assert (beat.error_code, beat.member_epoch, beat.active_tasks) == (0, 2, None)


def test_a_second_member_waits_for_what_the_first_gives_up(cluster):
    a, b = StreamThread(cluster, "a"), StreamThread(cluster, "b")
    settle(a)
    b.beat()
    assert cluster.member("b") == ("UNRELEASED", 3, {}, {}, {})
    a.beat()
    assert cluster.member("a") == ("UNREVOKED", 2, {"0": [0, 1]}, {}, {"0": [2, 3]})
    b.beat()
    assert b.wanted == set()
    a.revoke()
    a.beat()
    b.beat()
    assert cluster.member("a") == ("STABLE", 3, {"0": [0, 1]}, {}, {})
    assert cluster.member("b") == ("STABLE", 3, {"0": [2, 3]}, {}, {})
    assert cluster.streams_group.state_name == "Stable"


def test_threads_with_standbys():
    cluster = StreamsCluster({"in": 4, "log": 4}, standbys=1)
    threads = [
        StreamThread(cluster, each, topology=stateful(), process_id=each[0])
        for each in ("a1", "a2", "b1", "b2")
    ]
    settle(*threads)
    for each in threads:
        assert len(each.active) == 1
        assert sum(len(partitions) for partitions in each.standby.values()) == 1
    active: dict[str, set[int]] = {each.member_id[0]: set() for each in threads}
    for each in threads:
        active[each.member_id[0]] |= {partition for _, partition in each.active}
    for each in threads:
        other = active["b" if each.member_id[0] == "a" else "a"]
        assert set(each.standby["0"]) <= other


def test_who_leaves_is_replaced(cluster):
    a, b = StreamThread(cluster, "a"), StreamThread(cluster, "b")
    settle(a, b)
    assert b.leave() == 0
    settle(a)
    assert cluster.member("a")[2] == {"0": [0, 1, 2, 3]}
    assert a.leave() == 0
    assert cluster.streams_group.state_name == "Empty"


def test_who_missed_an_answer_may_come_with_the_epoch_before(cluster):
    a = StreamThread(cluster, "a")
    settle(a)
    cluster.grow("in", 5)
    assert cluster.tell("a", 2, active={"0": [0, 1, 2, 3]}).member_epoch == 3
    assert cluster.tell("a", 2, active={"0": [0, 1, 2, 3]}).member_epoch == 3
    assert cluster.tell("a", 2).error_code == FENCED
    assert cluster.tell("a", 9).error_code == FENCED


def test_who_rejoins_keeps_its_tasks(cluster):
    settle(StreamThread(cluster, "a"))
    again = cluster.enter("a")
    assert (again.member_epoch, sets(again.active_tasks)) == (2, {"0": [0, 1, 2, 3]})


def test_a_heartbeat_that_cannot_be_written_changes_nothing(cluster):
    cluster.log.fail_with, cluster.log.fail_count = NotEnoughReplicasError(), 1
    assert cluster.enter("a").error_code == 15
    assert GROUP not in cluster.shard.state.groups
    assert cluster.enter("a").member_epoch == 2


# ---------------------------------------------------------------- topics


def test_internal_topics_are_asked_for_until_they_are_there(cluster):
    parts = [
        part("0", sources=["in"], sinks=["rep"]),
        part("1", repartitions=["rep"], changelogs=["log"]),
    ]
    told = {"topology": topology(*parts), "process_id": "p", "rebalance_ms": 1, "active": {}}
    answer = cluster.answer("a", 0, **told)
    assert {name: each.num_partitions for name, each in answer.missing.items()} == {
        "rep": 4,
        "log": 4,
    }
    assert [each.status_code for each in answer.response.status] == [3]
    assert (answer.response.member_epoch, answer.response.active_tasks) == (2, [])
    assert cluster.streams_group.state_name == "NotReady"
    assert cluster.answer("a", 2).missing.keys() == {"rep", "log"}
    cluster.create("rep", 4)
    assert cluster.answer("a", 2).missing.keys() == {"log"}
    cluster.create("log", 4)
    answer = cluster.answer("a", cluster.streams_group.members["a"].epoch, active={})
    assert (answer.missing, answer.response.status) == ({}, [])
    assert sets(answer.response.active_tasks) == {"0": [0, 1, 2, 3], "1": [0, 1, 2, 3]}
    assert cluster.streams_group.state_name == "Stable"


def test_a_source_topic_that_comes_goes_and_grows():
    cluster = StreamsCluster({})
    response = cluster.enter("a")
    assert [(each.status_code, each.status_detail) for each in response.status] == [
        (1, "Source topics in are missing.")
    ]
    cluster.create("in", 2)
    assert sets(cluster.tell("a", 2, active={}).active_tasks) == {"0": [0, 1]}
    cluster.grow("in", 3)
    assert sets(cluster.tell("a", 3, active={"0": [0, 1]}).active_tasks) == {"0": [0, 1, 2]}
    cluster.delete("in")
    response = cluster.tell("a", 4, active={"0": [0, 1, 2]})
    assert (response.active_tasks, response.status[0].status_code) == ([], 1)
    assert cluster.streams_group.validated_topology_epoch == -1


def test_other_topics_change_nothing(cluster):
    settle(StreamThread(cluster, "a"))
    count = len(cluster.records(StreamsGroupMetadataKey))
    cluster.create("other", 3)
    assert cluster.tell("a", 2).member_epoch == 2
    assert len(cluster.records(StreamsGroupMetadataKey)) == count


def test_topics_that_are_wrongly_partitioned():
    cluster = StreamsCluster({"in": 4, "log": 3})
    response = cluster.enter("a", topology=stateful())
    assert response.status[0].status_code == 2
    assert response.active_tasks == []


def test_topologies(cluster):
    assert cluster.enter("a", topology=topology(epoch=3)).error_code == 0
    stale = cluster.enter("b", topology=topology(epoch=2))
    assert [each.status_code for each in stale.status] == [0]
    assert (
        "topology epoch 2 is behind the group's topology epoch 3" in stale.status[0].status_detail
    )
    assert cluster.enter("c", topology=topology(epoch=3)).status == []
    for other in (topology(epoch=4), topology(part(sources=["x"]), epoch=3)):
        response = cluster.enter("d", topology=other)
        assert (response.error_code, response.error_message) == (
            INVALID,
            "Topology updates are not supported yet.",
        )
    bad = topology(part("0", sources=["in"]), part("1", repartitions=["r"]))
    cluster.tell("a", -1, group_id="none")
    assert cluster.enter("e", group_id="other", topology=bad).error_code == INVALID_TOPOLOGY


def test_tasks_that_are_none(cluster):
    settle(StreamThread(cluster, "a"))
    assert cluster.tell("a", 2, active={"0": [4]}).error_code == INVALID
    assert cluster.tell("a", 2, active={"9": [0]}).error_code == INVALID


# ---------------------------------------------------------------- settings


def test_a_change_of_settings_makes_a_new_target():
    cluster = StreamsCluster({"in": 2, "log": 2})
    a, b = (StreamThread(cluster, each, topology=stateful()) for each in ("a", "b"))
    settle(a, b)
    cluster.group_config["streams.num.standby.replicas"] = "1"
    settle(a, b)
    assert [a.standby, b.standby] == [{"0": [1]}, {"0": [0]}]
    assert cluster.streams_group.configs == {"num.standby.replicas": "1"}


def test_targets_stand_for_a_while(cluster):
    cluster.group_config["streams.assignment.interval.ms"] = "1000"
    cluster.scheduler.advance(1)
    cluster.enter("a")
    second = cluster.enter("b")
    assert (second.status[0].status_code, second.member_epoch) == (5, 2)
    assert "assignment interval" in second.status[0].status_detail
    assert cluster.streams_group.state_name == "Assigning"
    cluster.scheduler.advance(1_000)
    third = cluster.tell("b", 2, active={})
    assert (third.status, third.member_epoch) == ([], 3)


def test_a_full_group():
    cluster = StreamsCluster(group_streams_max_size=1)
    cluster.enter("a")
    assert cluster.enter("b").error_code == FULL
    assert cluster.enter("a").error_code == 0


# ---------------------------------------------------------------- endpoints and shutdown


def test_endpoints_are_told_to_who_has_not_heard(cluster):
    first = cluster.enter("a", endpoint="host-a")
    assert first.endpoint_information_epoch == 0
    (told,) = first.partitions_by_user_endpoint
    assert told.user_endpoint.host == "host-a"
    assert [(each.topic, each.partitions) for each in told.active_partitions] == [
        ("in", [0, 1, 2, 3])
    ]
    assert cluster.tell("a", 2).partitions_by_user_endpoint is None
    second = cluster.enter("b", endpoint="host-b")
    assert second.endpoint_information_epoch == 1
    third = cluster.tell("a", 2)  # gives two tasks up, which is a change, too
    assert third.endpoint_information_epoch == cluster.streams_group.endpoint_epoch == 2
    assert len(third.partitions_by_user_endpoint) == 2


def test_who_has_no_endpoint_counts_nothing(cluster):
    assert cluster.enter("a").endpoint_information_epoch == 0
    assert cluster.tell("a", 2).partitions_by_user_endpoint is None


@pytest.mark.parametrize("epoch", [2, -1])
def test_one_member_stops_them_all(cluster, epoch):
    a, b = StreamThread(cluster, "a"), StreamThread(cluster, "b")
    settle(a, b)
    epoch = a.epoch if epoch > 0 else epoch
    assert cluster.tell("a", epoch, shutdown=True).error_code == 0
    (status,) = cluster.tell("b", b.epoch).status
    assert status.status_code == 4
    assert status.status_detail.startswith("Streams group member a encountered a fatal error")
    cluster.tell("a", -1)
    cluster.tell("b", -1)
    assert cluster.streams_group.shutdown_by is None
    assert cluster.enter("c").status == []


# ---------------------------------------------------------------- refused, and other kinds


def test_who_is_not_there(cluster):
    assert cluster.tell("a", 3).error_message == f"Streams group {GROUP} not found."
    assert cluster.tell("a", -1).error_code == NOT_FOUND
    cluster.enter("a")
    assert cluster.tell("b", 3).error_code == UNKNOWN_MEMBER
    assert cluster.tell("b", -1).error_code == UNKNOWN_MEMBER
    assert cluster.tell("b", -1, instance_id="i").error_code == INVALID


def test_groups_of_other_kinds(cluster):
    cluster.join_consumer("m", "in")
    for epoch in (-1, 3):
        assert cluster.tell("a", epoch).error_message == f"Group {GROUP} is not a streams group."
    assert cluster.enter("a").error_message == f"Group {GROUP} is not a streams group."


def test_an_empty_classic_group_makes_way(cluster):
    (member_id,), _ = cluster.stable()
    assert cluster.enter("a").error_code == NOT_FOUND
    cluster.leave(member_id)
    assert cluster.enter("a").error_code == 0
    assert cluster.streams_group.members
    cluster.crash()
    assert cluster.streams_group.members


def test_a_simple_group_keeps_its_offsets(cluster):
    assert cluster.commit_code(7, topic="in") == 0
    assert cluster.enter("a").error_code == 0
    assert cluster.fetched("in", member_id="a", member_epoch=2) == 7
