"""Joining, following, leaving: what members are told, and what is written."""

import pytest

from logcore.common.errors import (
    FencedMemberEpochError,
    GroupIdNotFoundError,
    GroupMaxSizeReachedError,
    InvalidRequestError,
    UnknownMemberIdError,
)
from logcore.coordinator.group.share.heartbeat import validate
from logcore.protocol.messages.share_group_heartbeat import ShareGroupHeartbeatRequest
from tests.coordinator.group.share.sharing import ASSIGNMENT_MS, INTERVAL_MS, ShareCluster


def test_the_first_answer_has_everything():
    cluster = ShareCluster({"foo": 3})
    response = cluster.join("m", "foo")
    assert (response.member_id, response.member_epoch) == ("m", 2)
    assert response.heartbeat_interval_ms == INTERVAL_MS
    assert cluster.told(response) == {"foo": [0, 1, 2]}
    assert cluster.initialized() == {"foo": [0, 1, 2]}


def test_nothing_new_writes_nothing_and_says_nothing():
    cluster = ShareCluster({"foo": 3})
    epoch = cluster.join("m", "foo").member_epoch
    count = len(cluster.log.partitions[0])
    response = cluster.beat("m", epoch)
    assert response.assignment is None
    assert response.member_epoch == epoch
    assert len(cluster.log.partitions[0]) == count
    assert cluster.told(cluster.beat("m", epoch, "foo")) == {"foo": [0, 1, 2]}


def test_members_share_and_follow():
    cluster = ShareCluster({"foo": 4})
    first = cluster.join("m", "foo")
    second = cluster.join("n", "foo")
    assert len((cluster.told(second) or {})["foo"]) == 2
    after = cluster.beat("m", first.member_epoch)
    assert after.member_epoch == second.member_epoch
    both = (cluster.told(after) or {})["foo"] + (cluster.told(second) or {})["foo"]
    assert sorted(both) == [0, 1, 2, 3]


def test_more_members_than_partitions():
    cluster = ShareCluster({"foo": 1})
    for name in ("m", "n", "o"):
        assert cluster.told(cluster.join(name, "foo")) == {"foo": [0]}


def test_a_lost_answer_is_made_up_for():
    cluster = ShareCluster({"foo": 4})
    first = cluster.join("m", "foo")
    cluster.join("n", "foo")
    cluster.beat("m", first.member_epoch)
    again = cluster.beat("m", first.member_epoch, "foo")
    assert again.error_code == 0
    assert len((cluster.told(again) or {})["foo"]) == 2


@pytest.mark.parametrize("epoch", [1, 7])
def test_another_epoch_is_fenced(epoch: int):
    cluster = ShareCluster({"foo": 4})
    for name in ("m", "n", "o"):
        cluster.join(name, "foo")
        cluster.beat("m", cluster.group().members["m"].epoch)
    assert cluster.beat("m", epoch).error_code == FencedMemberEpochError.code


def test_joining_again_keeps_the_place():
    cluster = ShareCluster({"foo": 2})
    first = cluster.join("m", "foo")
    again = cluster.join("m", "foo")
    assert (again.member_epoch, cluster.told(again)) == (first.member_epoch, {"foo": [0, 1]})


def test_another_subscription():
    cluster = ShareCluster({"foo": 2, "bar": 1})
    epoch = cluster.join("m", "foo").member_epoch
    response = cluster.beat("m", epoch, "bar")
    assert cluster.told(response) == {"bar": [0]}
    assert cluster.initialized() == {"foo": [0, 1], "bar": [0]}


def test_a_topic_that_comes_later():
    cluster = ShareCluster({"foo": 1})
    response = cluster.join("m", "foo", "later")
    assert cluster.told(response) == {"foo": [0]}
    cluster.create("later", 2)
    response = cluster.beat("m", response.member_epoch)
    assert cluster.told(response) == {"foo": [0], "later": [0, 1]}


def test_a_topic_that_grows():
    cluster = ShareCluster({"foo": 1})
    epoch = cluster.join("m", "foo").member_epoch
    cluster.grow("foo", 3)
    assert cluster.told(cluster.beat("m", epoch)) == {"foo": [0, 1, 2]}


def test_a_topic_that_goes():
    cluster = ShareCluster({"foo": 1, "bar": 1})
    epoch = cluster.join("m", "foo", "bar").member_epoch
    cluster.delete("bar")
    assert cluster.told(cluster.beat("m", epoch)) == {"foo": [0]}
    assert cluster.initialized() == {"foo": [0]}
    count = len(cluster.log.partitions[0])
    cluster.beat("m", cluster.group().members["m"].epoch)
    assert len(cluster.log.partitions[0]) == count


def test_a_topic_made_anew_under_its_name():
    cluster = ShareCluster({"foo": 1})
    epoch = cluster.join("m", "foo").member_epoch
    cluster.delete("foo", is_told=False)
    cluster.create("foo", 2)
    response = cluster.beat("m", epoch)
    assert cluster.told(response) == {"foo": [0, 1]}
    count = len(cluster.log.partitions[0])
    cluster.beat("m", response.member_epoch)
    assert len(cluster.log.partitions[0]) == count


def test_leaving():
    cluster = ShareCluster({"foo": 2})
    cluster.join("m", "foo")
    response = cluster.leave("m")
    assert (response.error_code, response.member_id, response.member_epoch) == (0, "m", -1)
    assert cluster.group().is_empty
    assert cluster.leave("m").error_code == UnknownMemberIdError.code
    assert cluster.leave("m", "nobody").error_code == GroupIdNotFoundError.code


def test_targets_stand_for_a_while():
    cluster = ShareCluster({"foo": 4})
    cluster.group_config["share.assignment.interval.ms"] = str(ASSIGNMENT_MS)
    first = cluster.join("m", "foo")
    assert cluster.told(first) == {"foo": [0, 1, 2, 3]}
    second = cluster.join("n", "foo")
    assert cluster.told(second) == {}
    assert cluster.beat("m", first.member_epoch).member_epoch == first.member_epoch
    cluster.scheduler.advance(ASSIGNMENT_MS)
    assert len((cluster.told(cluster.beat("n", second.member_epoch)) or {})["foo"]) == 2


def test_who_is_not_there():
    cluster = ShareCluster({"foo": 1})
    assert cluster.beat("m", 3, "foo").error_code == GroupIdNotFoundError.code
    cluster.join("m", "foo")
    assert cluster.beat("n", 3, "foo").error_code == UnknownMemberIdError.code


def test_a_full_group():
    cluster = ShareCluster({"foo": 1}, group_share_max_size=1)
    epoch = cluster.join("m", "foo").member_epoch
    assert cluster.beat("n", 0, "foo").error_code == GroupMaxSizeReachedError.code
    assert cluster.beat("m", epoch).error_code == 0
    assert cluster.beat("m", 0, "foo").error_code == 0


@pytest.mark.parametrize("given", [
    {"member_id": ""},
    {"group_id": " "},
    {"rack_id": ""},
    {"member_epoch": -2},
    {"member_epoch": 0, "subscribed_topic_names": None},
    {"member_epoch": 0, "subscribed_topic_names": []},
])  # fmt: skip
def test_what_does_not_fit_together(given: dict[str, object]):
    request = ShareGroupHeartbeatRequest(
        group_id="g", member_id="m", member_epoch=0, subscribed_topic_names=["t"]
    )
    for name, value in given.items():
        setattr(request, name, value)
    with pytest.raises(InvalidRequestError):
        validate(request)
