"""The records that one heartbeat makes, in Kafka's order."""

from logcore.protocol.internal.coordinator_record import decode_key
from tests.coordinator.group.streams.streaming import StreamsCluster


def kinds(cluster, since=0):
    written = cluster.log.partitions[0][since:]
    return [type(decode_key(key)).__name__.removeprefix("StreamsGroup") for key, _ in written]


def test_a_first_heartbeat():
    cluster = StreamsCluster()
    cluster.enter("a")
    assert kinds(cluster) == [
        "MemberMetadataKey",
        "TopologyKey",
        "MetadataKey",
        "TargetAssignmentMemberKey",
        "TargetAssignmentMetadataKey",
        "CurrentMemberAssignmentKey",
    ]


def test_nothing_new_is_nothing_written():
    cluster = StreamsCluster()
    cluster.enter("a")
    count = len(cluster.log.partitions[0])
    cluster.tell("a", 2)
    cluster.tell("a", 2, active={"0": [0, 1, 2, 3]})
    assert kinds(cluster, count) == []


def test_a_second_member_and_its_end():
    cluster = StreamsCluster()
    cluster.enter("a")
    count = len(cluster.log.partitions[0])
    cluster.enter("b")
    assert kinds(cluster, count) == [
        "MemberMetadataKey",
        "MetadataKey",
        "TargetAssignmentMemberKey",
        "TargetAssignmentMemberKey",
        "TargetAssignmentMetadataKey",
        "CurrentMemberAssignmentKey",
    ]
    count = len(cluster.log.partitions[0])
    cluster.tell("b", -1)
    assert kinds(cluster, count) == [
        "CurrentMemberAssignmentKey",
        "TargetAssignmentMemberKey",
        "MemberMetadataKey",
        "MetadataKey",
    ]


def test_a_group_whose_topology_was_lost_says_so():
    cluster = StreamsCluster()
    cluster.enter("a")
    cluster.streams_group.topology = None
    assert cluster.tell("a", 2).error_code == -1
