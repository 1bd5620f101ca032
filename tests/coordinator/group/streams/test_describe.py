"""What StreamsGroupDescribe tells."""

from tests.coordinator.group.actors import GROUP
from tests.coordinator.group.streams.streaming import (
    StreamsCluster,
    StreamThread,
    sets,
    settle,
    stateful,
)


def topology_of(found):
    return found.topology.subtopologies


def test_a_group_with_everything():
    cluster = StreamsCluster(standbys=1)
    a = StreamThread(cluster, "a", topology=stateful(), endpoint="h", tags={"k": "v"}, rack_id="r")
    b = StreamThread(cluster, "b", topology=stateful())
    a.beat()
    found = cluster.service.streams.describe(GROUP)
    assert (found.group_state, found.members[0].member_epoch) == ("NotReady", 2)
    assert topology_of(found)[0].state_changelog_topics[0].partitions == 0
    cluster.create("log", 4)
    settle(a, b)
    found = cluster.service.streams.describe(GROUP)
    assert (found.error_code, found.group_state) == (0, "Stable")
    assert found.group_epoch == found.assignment_epoch
    assert topology_of(found)[0].state_changelog_topics[0].partitions == 4
    one, other = found.members
    assert (one.member_id, one.process_id, one.rack_id) == ("a", "process-a", "r")
    assert one.user_endpoint is not None
    assert (one.user_endpoint.host, one.user_endpoint.port) == ("h", 9)
    assert [(each.key, each.value) for each in one.client_tags] == [("k", "v")]
    assert (one.client_id, one.client_host) == ("client", "/127.0.0.1")
    assert (other.user_endpoint, other.is_classic) == (None, False)
    for member in found.members:
        assert member.assignment == member.target_assignment
    assert sets(one.assignment.active_tasks) == {"0": [0, 1]}
    assert sets(one.assignment.standby_tasks) == {"0": [2, 3]}


def test_after_a_crash_until_somebody_beats():
    cluster = StreamsCluster()
    a = StreamThread(cluster, "a")
    settle(a)
    cluster.crash()
    found = cluster.service.streams.describe(GROUP)
    assert found.group_state == "Stable"
    assert topology_of(found)[0].source_topics == ["in"]


def test_what_is_not_there():
    cluster = StreamsCluster()
    found = cluster.service.streams.describe("none")
    assert (found.error_code, found.error_message) == (69, "Group none not found.")
    cluster.join_consumer("m", group_id="c")
    found = cluster.service.streams.describe("c")
    assert (found.error_code, found.error_message) == (69, "Group c is not a streams group.")
    assert cluster.service.streams.describe("").error_code == 24
