"""Heartbeats of the new protocol: joining, following, leaving, and what is refused."""

import pytest

from logcore.common.errors import NotEnoughReplicasError
from tests.coordinator.group.actors import GROUP
from tests.coordinator.group.consumers import (
    INTERVAL_MS,
    SESSION_MS,
    Client,
    ConsumerCluster,
    settle,
    told,
)

INVALID, UNKNOWN_MEMBER, NOT_FOUND, FULL = 42, 25, 69, 81
FENCED_INSTANCE, FENCED_EPOCH, UNRELEASED, NO_ASSIGNOR, NO_REGEX = 82, 110, 111, 112, 128


@pytest.fixture
def cluster():
    return ConsumerCluster({"foo": 6, "bar": 3})


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"group_id": ""}, "GroupId can't be empty."),
        ({"group_id": "  "}, "GroupId can't be empty."),
        ({"member_id": ""}, "MemberId can't be empty."),
        ({"member_id": "", "epoch": 3, "version": 0}, "MemberId can't be empty."),
        ({"member_id": "", "epoch": -1, "version": 0}, "MemberId can't be empty."),
        ({"instance_id": ""}, "InstanceId can't be empty."),
        ({"rack_id": ""}, "RackId can't be empty."),
        ({"rebalance_ms": -1}, "RebalanceTimeoutMs must be provided in first request."),
        ({"owned": None}, "TopicPartitions must be empty when (re-)joining."),
        ({"owned": {"foo": [1]}}, "TopicPartitions must be empty when (re-)joining."),
        ({"topics": None}, "Either SubscribedTopicNames or SubscribedTopicRegex must be"),
        ({"epoch": -2}, "InstanceId can't be null."),
        ({"epoch": -3}, "MemberEpoch is -3, but must be >= -2."),
    ],
)
def test_a_request_that_does_not_fit_together(cluster, given, message):
    asked = {"member_id": "m", "epoch": 0, "topics": ["foo"], "owned": {}, "rebalance_ms": 1000}
    asked |= given
    response = cluster.beat(asked.pop("member_id"), asked.pop("epoch"), **asked)
    assert response.error_code == INVALID
    assert (response.error_message or "").startswith(message)
    assert not cluster.log.batches


def test_an_assignor_that_is_not_there(cluster):
    response = cluster.join_consumer("m", "foo", assignor="sticky")
    assert response.error_code == NO_ASSIGNOR
    assert "Supported assignors: uniform, range." in (response.error_message or "")


def test_who_does_not_join_must_be_a_member(cluster):
    assert cluster.beat("m", 5).error_code == NOT_FOUND
    assert cluster.beat("m", -1).error_code == NOT_FOUND
    cluster.join_consumer("m", "foo")
    assert cluster.beat("x", 1).error_code == UNKNOWN_MEMBER
    assert cluster.beat("x", -1).error_code == UNKNOWN_MEMBER
    assert cluster.beat("x", 1, instance_id="i").error_code == UNKNOWN_MEMBER


def test_a_group_that_is_full():
    cluster = ConsumerCluster({"foo": 6}, group_consumer_max_size=2)
    cluster.join_consumer("a", "foo")
    cluster.join_consumer("b", "foo", instance_id="i")
    refused = cluster.join_consumer("c", "foo")
    assert refused.error_code == FULL
    assert "capacity of 2 members" in (refused.error_message or "")
    cluster.beat("b", -2, instance_id="i")
    assert cluster.join_consumer("c", "foo", instance_id="i").error_code == 0


# ---------------------------------------------------------------- joining


def test_the_first_member_gets_everything(cluster):
    response = cluster.join_consumer("m", "foo", "bar", "gone")
    assert (response.error_code, response.member_id, response.member_epoch) == (0, "m", 1)
    assert response.heartbeat_interval_ms == INTERVAL_MS
    assert told(cluster, response) == {"foo": [0, 1, 2, 3, 4, 5], "bar": [0, 1, 2]}
    group = cluster.consumer_group()
    assert (group.epoch, group.target_epoch, group.state_name) == (1, 1, "Stable")


def test_in_version_0_the_coordinator_makes_the_id(cluster):
    first = cluster.join_consumer("", "foo", version=0)
    second = cluster.join_consumer("", "foo", version=0)
    assert len(first.member_id) == 22
    assert first.member_id != second.member_id
    assert set(cluster.consumer_group().members) == {first.member_id, second.member_id}


def test_a_member_may_subscribe_to_nothing(cluster):
    response = cluster.join_consumer("m")
    assert (response.error_code, told(cluster, response)) == (0, {})
    assert cluster.consumer_group().state_name == "Stable"


def test_a_second_member_waits_for_what_the_first_gives_up(cluster):
    a, b = Client(cluster, "a", "foo"), Client(cluster, "b", "foo")
    a.beat()
    b.beat()
    assert (b.epoch, b.owned) == (2, {})
    assert cluster.state_of("b") == ("UNRELEASED", 2, {}, {})
    a.beat()
    assert (a.epoch, a.owned, cluster.named(a.lost)) == (1, {"foo": [0, 1, 2]}, {"foo": [3, 4, 5]})
    assert cluster.state_of("a") == ("UNREVOKED", 1, {"foo": [0, 1, 2]}, {"foo": [3, 4, 5]})
    b.beat()
    assert b.owned == {}
    a.revoke()
    assert a.beat() == 0
    assert a.epoch == 2
    b.beat()
    assert b.owned == {"foo": [3, 4, 5]}
    assert cluster.consumer_group().state_name == "Stable"


def test_the_states_of_a_group(cluster):
    group_config = cluster.group_config
    group_config["consumer.assignment.interval.ms"] = "1000"
    cluster.join_consumer("a", "foo")
    cluster.join_consumer("b", "foo")
    assert cluster.consumer_group().state_name == "Assigning"
    cluster.scheduler.advance(1000)
    cluster.beat("b", 1)
    assert cluster.consumer_group().state_name == "Reconciling"
    for member in ("a", "b"):
        cluster.beat(member, 1 if member == "a" else 2, owned={})
    cluster.beat("b", 2, owned={})
    assert cluster.consumer_group().state_name == "Stable"
    for member in ("a", "b"):
        cluster.beat(member, -1)
    assert cluster.consumer_group().state_name == "Empty"


def test_a_target_stands_for_the_assignment_interval(cluster):
    cluster.group_config["consumer.assignment.interval.ms"] = "1000"
    cluster.join_consumer("a", "foo")
    for name in "bcd":
        response = cluster.join_consumer(name, "foo")
        assert (response.member_epoch, told(cluster, response)) == (1, {})
    group = cluster.consumer_group()
    assert (group.epoch, group.target_epoch) == (4, 1)
    cluster.scheduler.advance(999)
    cluster.beat("d", 1)
    assert group.target_epoch == 1
    cluster.scheduler.advance(1)
    cluster.beat("d", 1)
    assert group.target_epoch == 4
    cluster.crash()
    assert cluster.consumer_group().target_timestamp_ms == cluster.scheduler.now_ms()


def test_a_join_that_was_answered_in_vain_may_be_repeated(cluster):
    first = cluster.join_consumer("m", "foo")
    again = cluster.join_consumer("m", "foo")
    assert (again.error_code, again.member_epoch) == (0, first.member_epoch)
    assert told(cluster, again) == told(cluster, first)


# ---------------------------------------------------------------- following


def test_a_heartbeat_with_nothing_new_writes_nothing(cluster):
    cluster.join_consumer("m", "foo")
    written = len(cluster.log.batches)
    response = cluster.beat("m", 1)
    assert (response.error_code, response.member_epoch, response.assignment) == (0, 1, None)
    assert len(cluster.log.batches) == written


def test_who_says_everything_is_told_everything(cluster):
    cluster.join_consumer("m", "bar")
    full = {"topics": ["bar"], "rebalance_ms": 60_000, "owned": {}}
    assert told(cluster, cluster.beat("m", 1, **full)) == {"bar": [0, 1, 2]}
    for missing in full:
        rest = {name: value for name, value in full.items() if name != missing}
        assert cluster.beat("m", 1, **rest).assignment is None


def test_a_member_with_the_epoch_before_is_let_in_if_it_owns_no_more(cluster):
    a, b = Client(cluster, "a", "foo"), Client(cluster, "b", "foo")
    settle(a, b)
    assert a.epoch == b.epoch == 2
    for owned in (None, {"foo": [0, 5]}):
        assert cluster.beat("a", 1, owned=owned).error_code == FENCED_EPOCH
    again = cluster.beat("a", 1, owned={"foo": [0, 1]})
    assert (again.error_code, again.member_epoch) == (0, 2)


@pytest.mark.parametrize(("epoch", "word"), [(9, "greater"), (1, "smaller")])
def test_a_member_in_another_epoch_is_fenced(cluster, epoch, word):
    a, b = Client(cluster, "a", "foo"), Client(cluster, "b", "foo")
    settle(a, b)
    cluster.create("other", 1)
    settle(a, b)
    cluster.grow("foo", 8)
    settle(a, b)
    response = cluster.beat("a", epoch)
    assert response.error_code == FENCED_EPOCH
    assert f"a {word} member epoch ({epoch})" in (response.error_message or "")


def test_a_new_subscription_is_followed(cluster):
    cluster.join_consumer("m", "foo")
    response = cluster.beat("m", 1, topics=["bar"], owned={"foo": range(6)})
    assert response.member_epoch == 1
    assert told(cluster, response) == {}
    assert cluster.state_of("m")[0] == "UNREVOKED"
    response = cluster.beat("m", 1, owned={})
    assert (response.member_epoch, told(cluster, response)) == (2, {"bar": [0, 1, 2]})


def test_what_else_a_member_says_is_noted_without_a_new_epoch(cluster):
    cluster.join_consumer("m", "foo")
    cluster.beat("m", 1, rack_id="r", host="/10.0.0.1", client_id="new", rebalance_ms=7)
    member = cluster.consumer_group().members["m"]
    assert (member.rack_id, member.client_host, member.client_id) == ("r", "/10.0.0.1", "new")
    assert member.rebalance_timeout_ms == 7
    assert cluster.consumer_group().epoch == 1


def test_the_assignor_that_most_members_ask_for_assigns(cluster):
    a = Client(cluster, "a", "foo", "bar", assignor="range")
    b = Client(cluster, "b", "foo", "bar", assignor="range")
    settle(a, b)
    assert a.owned == {"foo": [0, 1, 2], "bar": [0, 1]}
    assert b.owned == {"foo": [3, 4, 5], "bar": [2]}
    assert cluster.service.describe_consumer_group(GROUP).assignor_name == "range"


@pytest.mark.parametrize("change", ["create", "grow", "delete"])
def test_other_topics_are_another_epoch(cluster, change):
    a = Client(cluster, "a", "foo", "new")
    settle(a)
    if change == "create":
        cluster.create("new", 2)
        expected = {"foo": [0, 1, 2, 3, 4, 5], "new": [0, 1]}
    elif change == "grow":
        cluster.grow("foo", 8)
        expected = {"foo": list(range(8))}
    else:
        cluster.delete("foo")
        expected = {}
    settle(a)
    assert (a.epoch, a.owned) == (2, expected)


def test_topics_that_nobody_consumes_are_none_of_a_group_s_business(cluster):
    a = Client(cluster, "a", "foo")
    settle(a)
    written = len(cluster.log.batches)
    cluster.create("other", 3)
    cluster.delete("bar")
    settle(a)
    assert len(cluster.log.batches) == written


def test_a_topic_made_again_is_another_topic(cluster):
    a = Client(cluster, "a", "bar")
    settle(a)
    cluster.delete("bar")
    cluster.create("bar", 2)
    settle(a)
    assert a.owned == {"bar": [0, 1]}


def test_a_heartbeat_that_cannot_be_written_changes_nothing(cluster):
    cluster.log.fail_with = NotEnoughReplicasError()
    assert cluster.join_consumer("m", "foo").error_code == 15
    assert GROUP not in cluster.shard.state.groups
    cluster.log.fail_with = None
    assert cluster.join_consumer("m", "foo").error_code == 0


# ---------------------------------------------------------------- leaving


def test_who_leaves_frees_what_it_owned(cluster):
    a, b = Client(cluster, "a", "foo"), Client(cluster, "b", "foo")
    settle(a, b)
    response = cluster.beat("a", -1)
    assert (response.error_code, response.member_id, response.member_epoch) == (0, "a", -1)
    settle(b)
    assert b.owned == {"foo": [0, 1, 2, 3, 4, 5]}
    assert set(cluster.consumer_group().members) == {"b"}


def test_the_last_one_leaves_an_empty_group(cluster):
    cluster.join_consumer("m", "foo")
    cluster.beat("m", -1)
    group = cluster.consumer_group()
    assert (group.is_empty, group.epoch, group.owners, group.targets) == (True, 2, {}, {})
    assert cluster.join_consumer("n", "foo").member_epoch == 3


def test_a_member_leaves_by_session_without_a_heartbeat(cluster):
    a, b = Client(cluster, "a", "foo"), Client(cluster, "b", "foo")
    settle(a, b)
    cluster.scheduler.advance(SESSION_MS - 1)
    b.beat()
    assert "a" in cluster.consumer_group().members
    cluster.scheduler.advance(1)
    assert set(cluster.consumer_group().members) == {"b"}
    assert cluster.beat("a", 2).error_code == UNKNOWN_MEMBER


# ---------------------------------------------------------------- static members


def test_a_static_member_that_comes_back_has_what_it_had(cluster):
    a = Client(cluster, "a", "foo", instance_id="i")
    b = Client(cluster, "b", "foo")
    settle(a, b)
    response = cluster.beat("a", -2, instance_id="i")
    assert (response.error_code, response.member_epoch) == (0, -2)
    assert cluster.state_of("a")[1] == -2
    assert b.beat() == 0
    epoch = cluster.consumer_group().epoch
    back = cluster.join_consumer("a2", "foo", instance_id="i")
    assert (back.error_code, back.member_epoch) == (0, epoch)
    assert told(cluster, back) == a.owned
    group = cluster.consumer_group()
    assert group.epoch == epoch
    assert set(group.members) == {"a2", "b"}
    assert group.static_ids == {"i": "a2"}
    assert cluster.beat("a", 2, instance_id="i").error_code == FENCED_INSTANCE
    assert cluster.beat("a", -1, instance_id="i").error_code == FENCED_INSTANCE


def test_a_static_member_comes_back_with_another_subscription(cluster):
    a = Client(cluster, "a", "foo", instance_id="i")
    settle(a)
    cluster.beat("a", -2, instance_id="i")
    back = Client(cluster, "a2", "bar", instance_id="i")
    settle(back)
    assert back.owned == {"bar": [0, 1, 2]}
    assert cluster.consumer_group().epoch == 2


def test_an_instance_is_taken_until_it_is_left(cluster):
    cluster.join_consumer("a", "foo", instance_id="i")
    refused = cluster.join_consumer("b", "foo", instance_id="i")
    assert refused.error_code == UNRELEASED
    cluster.beat("a", -1, instance_id="i")
    assert cluster.join_consumer("b", "foo", instance_id="i").error_code == 0


def test_a_static_member_that_does_not_come_back_is_gone_with_its_session(cluster):
    a = Client(cluster, "a", "foo", instance_id="i")
    b = Client(cluster, "b", "foo")
    settle(a, b)
    cluster.beat("a", -2, instance_id="i")
    cluster.scheduler.advance(SESSION_MS - 1)
    b.beat()
    assert b.owned == {"foo": [3, 4, 5]}
    cluster.scheduler.advance(1)
    settle(b)
    assert b.owned == {"foo": [0, 1, 2, 3, 4, 5]}


def test_a_static_member_that_left_while_it_was_to_revoke_comes_back_without(cluster):
    a = Client(cluster, "a", "foo", instance_id="i")
    a.beat()
    b = Client(cluster, "b", "foo")
    b.beat()
    a.beat()
    assert cluster.state_of("a") == ("UNREVOKED", 1, {"foo": [0, 1, 2]}, {"foo": [3, 4, 5]})
    cluster.beat("a", -2, instance_id="i")
    b.beat()
    assert b.owned == {"foo": [3, 4, 5]}
    back = cluster.join_consumer("a2", "foo", instance_id="i")
    assert told(cluster, back) == {"foo": [0, 1, 2]}
    assert back.member_epoch == 2


# ---------------------------------------------------------------- classic groups


def test_a_classic_group_without_members_makes_way(cluster):
    member_id, joined = cluster.join_with_id()
    cluster.scheduler.advance(10)
    cluster.sync(member_id, joined.value().generation_id, {member_id: b""})
    cluster.leave(member_id)
    cluster.scheduler.run_soon()
    assert cluster.group().is_empty
    assert cluster.join_consumer("m", "foo").error_code == 0
    assert cluster.consumer_group().state_name == "Stable"
    cluster.crash()
    assert cluster.consumer_group().state_name == "Stable"


def test_a_classic_group_of_others_than_consumers_does_not_make_way(cluster):
    cluster.join_with_id(protocol_type="connect")
    cluster.scheduler.advance(10)
    assert cluster.join_consumer("m", "foo").error_code == NOT_FOUND
