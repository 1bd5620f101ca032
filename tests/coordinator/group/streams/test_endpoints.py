"""What is told of endpoints."""

from logcore.coordinator.group.streams.endpoints import partitions_by_endpoint
from logcore.coordinator.group.streams.member import StreamsMember, UserEndpoint
from logcore.coordinator.group.streams.tasks import OwnedTasks
from logcore.coordinator.group.streams.topology import topology_of
from tests.coordinator.group.consumers import ConsumerCluster
from tests.coordinator.group.streams.streaming import part, topology

TOPOLOGY = topology_of(topology(part(sources=["in", "narrow", "gone"], repartitions=["rep"])))
TOPICS = ConsumerCluster({"in": 4, "narrow": 2, "rep": 4}).topics


def member(**given):
    return StreamsMember(member_id="m", user_endpoint=UserEndpoint("h", 7), **given)


def partitions(topics):
    return [(each.topic, each.partitions) for each in topics]


def test_partitions_of_active_and_standby_tasks():
    assigned = OwnedTasks({"0": {3: 1, 1: 1}}, {"0": frozenset({0}), "x": frozenset({0})})
    (found,) = partitions_by_endpoint([member(assigned=assigned)], TOPOLOGY, TOPICS)
    assert (found.user_endpoint.host, found.user_endpoint.port) == ("h", 7)
    assert partitions(found.active_partitions) == [
        ("in", [1, 3]),
        ("narrow", [1]),
        ("rep", [1, 3]),
    ]
    assert partitions(found.standby_partitions) == [("in", [0]), ("narrow", [0]), ("rep", [0])]


def test_who_has_no_endpoint_is_not_told_of():
    members = [StreamsMember(member_id="n"), member()]
    (found,) = partitions_by_endpoint(members, TOPOLOGY, TOPICS)
    assert (found.active_partitions, found.standby_partitions) == ([], [])
