"""What is told of a share group."""

import pytest

from logcore.common.errors import GroupIdNotFoundError
from logcore.protocol.messages.list_groups import ListGroupsRequest
from tests.coordinator.group.share.sharing import GROUP, ShareCluster


def test_a_group_with_members():
    cluster = ShareCluster({"foo": 2, "bar": 1})
    cluster.join("m", "foo", "bar", rack_id="r", client_id="c")
    told = cluster.service.share.describe(GROUP)
    assert (told.error_code, told.group_id, told.group_state) == (0, GROUP, "Stable")
    assert (told.group_epoch, told.assignment_epoch, told.assignor_name) == (2, 2, "simple")
    (member,) = told.members
    assert (member.member_id, member.rack_id, member.client_id) == ("m", "r", "c")
    assert (member.member_epoch, member.client_host) == (2, "/127.0.0.1")
    assert member.subscribed_topic_names == ["bar", "foo"]
    assert {each.topic_name: each.partitions for each in member.assignment.topic_partitions} == {
        "foo": [0, 1],
        "bar": [0],
    }


def test_topics_that_are_gone_are_left_out():
    cluster = ShareCluster({"foo": 2, "bar": 1})
    cluster.join("m", "foo", "bar")
    cluster.delete("bar")
    (member,) = cluster.service.share.describe(GROUP).members
    assert [each.topic_name for each in member.assignment.topic_partitions] == ["foo"]


def test_an_empty_one_and_none():
    cluster = ShareCluster({"foo": 2})
    cluster.join("m", "foo")
    cluster.leave("m")
    told = cluster.service.share.describe(GROUP)
    assert (told.group_state, told.members) == ("Empty", [])
    for name in ("nobody", ""):
        assert cluster.service.share.describe(name).error_code != 0
    assert cluster.service.share.describe("nobody").error_code == GroupIdNotFoundError.code


@pytest.mark.parametrize("topics", [["foo"], ["foo", "bar"]])
def test_it_is_listed_as_what_it_is(topics: list[str]):
    cluster = ShareCluster({"foo": 2, "bar": 1})
    cluster.join("m", *topics)
    (listed,) = cluster.service.list_groups(ListGroupsRequest(types_filter=["Share"])).groups
    assert (listed.group_id, listed.protocol_type, listed.group_state, listed.group_type) == (
        GROUP, "share", "Stable", "share",
    )  # fmt: skip
    assert not cluster.service.list_groups(ListGroupsRequest(types_filter=["consumer"])).groups
