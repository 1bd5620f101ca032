"""What ListGroups and DescribeGroups tell."""

import pytest

from logcore.protocol.messages.list_groups import ListGroupsRequest
from tests.coordinator.group.actors import GROUP, Cluster


@pytest.fixture
def cluster():
    """One group in each of three states: stable, preparing, and simple."""
    cluster = Cluster()
    cluster.stable(group_id=GROUP)
    cluster.join_with_id(group_id="waiting")
    cluster.join(group_id="waiting", version=0)
    cluster.commit(1, group_id="simple")
    return cluster


def listed(cluster, states=(), types=()):
    request = ListGroupsRequest(states_filter=list(states), types_filter=list(types))
    response = cluster.service.list_groups(request)
    assert response.error_code == 0
    return {each.group_id: each for each in response.groups}


def test_all_groups_are_listed(cluster):
    groups = listed(cluster)
    assert groups.keys() == {GROUP, "waiting", "simple"}
    stable = groups[GROUP]
    assert (stable.protocol_type, stable.group_state, stable.group_type) == (
        "consumer", "Stable", "classic",
    )  # fmt: skip
    assert groups["simple"].protocol_type == ""
    assert groups["simple"].group_state == "Empty"


@pytest.mark.parametrize(
    ("states", "types", "expected"),
    [
        (["Stable"], [], {GROUP}),
        (["stable", " PREPARINGREBALANCE "], [], {GROUP, "waiting"}),
        (["Dead"], [], set()),
        (["nonsense"], [], set()),
        ([], ["Classic"], {GROUP, "waiting", "simple"}),
        ([], ["consumer"], set()),
        (["Empty"], ["classic"], {"simple"}),
    ],
)
def test_groups_are_chosen_by_state_and_type(cluster, states, types, expected):
    assert listed(cluster, states, types).keys() == expected


def test_a_stable_group_is_described_with_what_its_members_said(cluster):
    (group,) = cluster.service.describe_groups([GROUP], 5)
    assert (group.error_code, group.group_state) == (0, "Stable")
    assert (group.protocol_type, group.protocol_data) == ("consumer", "range")
    (member,) = group.members
    assert member.member_id in cluster.group().members
    assert (member.client_id, member.client_host) == ("client", "/127.0.0.1")
    assert member.member_metadata == b"meta"
    assert member.member_assignment == f"to {member.member_id}".encode()


def test_a_rebalancing_group_is_described_without(cluster):
    (group,) = cluster.service.describe_groups(["waiting"], 5)
    assert group.group_state == "PreparingRebalance"
    assert group.protocol_data == ""
    assert [each.member_metadata for each in group.members] == [b""] * len(group.members)


def test_a_group_that_is_not_there_is_dead(cluster):
    old, new = (cluster.service.describe_groups(["none"], version)[0] for version in (5, 6))
    assert (old.error_code, old.group_state, old.error_message) == (0, "Dead", None)
    assert (new.error_code, new.group_state) == (69, "Dead")
    assert new.error_message == "Group none not found."


def test_groups_are_described_in_the_order_asked_for(cluster):
    asked = ["simple", "none", GROUP]
    assert [each.group_id for each in cluster.service.describe_groups(asked, 6)] == asked


def test_a_member_that_only_has_an_id_is_not_listed(cluster):
    cluster.join(group_id="pending")
    (group,) = cluster.service.describe_groups(["pending"], 6)
    assert group.group_state == "Empty"
    assert group.members == []
