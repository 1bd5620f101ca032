"""Records of streams groups: what is written, in Kafka's schemas."""

from logcore.coordinator.group.modern_member import MemberState
from logcore.coordinator.group.streams import records
from logcore.coordinator.group.streams.member import StreamsMember, UserEndpoint
from logcore.coordinator.group.streams.tasks import OwnedTasks, Tasks
from logcore.coordinator.group.streams.topology import topology_of
from logcore.protocol.internal.coordinator_record import decode_key, decode_value, encode_key
from tests.coordinator.group.streams.streaming import StreamsCluster, sets, stateful

MEMBER = StreamsMember(
    member_id="m",
    rack_id="r",
    client_id="c",
    client_host="/h",
    rebalance_timeout_ms=7,
    topology_epoch=2,
    process_id="p",
    user_endpoint=UserEndpoint("host", 80),
    client_tags={"zone": "z", "cluster": "k"},
    epoch=5,
    previous_epoch=4,
    state=MemberState.UNREVOKED,
    assigned=OwnedTasks({"b": {1: 5, 0: 4}}, {"a": frozenset({2, 1})}),
    revoking=OwnedTasks({"c": {0: 3}}, {}, {"d": frozenset({9})}),
)


def written(record):
    """Return a record as it is after being bytes."""
    key, value = StreamsCluster().shard.encode(record)
    decoded = decode_key(key)
    return decoded, None if value is None else decode_value(decoded, value)


def test_what_a_member_says():
    key, value = written(records.member_metadata("g", MEMBER))
    assert (key.group_id, key.member_id) == ("g", "m")
    assert (value.instance_id, value.rack_id, value.process_id) == (None, "r", "p")
    assert (value.client_id, value.client_host, value.rebalance_timeout_ms) == ("c", "/h", 7)
    assert (value.user_endpoint.host, value.user_endpoint.port) == ("host", 80)
    assert [(each.key, each.value) for each in value.client_tags] == [
        ("cluster", "k"),
        ("zone", "z"),
    ]


def test_what_a_member_has():
    _, value = written(records.current_assignment("g", MEMBER))
    assert (value.member_epoch, value.previous_member_epoch, value.state) == (5, 4, 1)
    (active,) = value.active_tasks
    assert (active.subtopology_id, active.partitions) == ("b", [0, 1])
    assert active.assignment_epochs == [4, 5]
    (standby,) = value.standby_tasks
    assert (standby.partitions, standby.assignment_epochs) == ([1, 2], None)
    assert sets(value.active_tasks_pending_revocation) == {"c": [0]}
    assert sets(value.warmup_tasks_pending_revocation) == {"d": [9]}
    assert value.standby_tasks_pending_revocation == []


def test_targets():
    tasks = Tasks({"b": frozenset({1}), "a": frozenset({2, 0})}, {"c": frozenset({3})})
    _, value = written(records.target_assignment("g", "m", tasks))
    assert [each.subtopology_id for each in value.active_tasks] == ["a", "b"]
    assert sets(value.active_tasks) == {"a": [0, 2], "b": [1]}
    assert sets(value.standby_tasks) == {"c": [3]}
    _, value = written(records.target_epoch("g", 4, 1_234))
    assert (value.assignment_epoch, value.assignment_timestamp) == (4, 1_234)


def test_the_group():
    record = records.group_epoch(
        "g", 3, metadata_hash=-9, validated_topology_epoch=2, configs={"num.standby.replicas": "1"}
    )
    _, value = written(record)
    assert (value.epoch, value.metadata_hash, value.validated_topology_epoch) == (3, -9, 2)
    (config,) = value.last_assignment_configs
    assert (config.key, config.value) == ("num.standby.replicas", "1")
    told = topology_of(stateful())
    _, value = written(records.topology("g", told.value))
    assert value.subtopologies[0].state_changelog_topics[0].name == "log"


def test_types_of_keys():
    removed = records.group_tombstones("g", ["m", "n"])
    assert all(each.value is None for each in removed)
    types = [int.from_bytes(encode_key(each.key)[:2], "big") for each in removed]
    assert types == [22, 22, 21, 21, 20, 19, 19, 17, 23]
    gone = records.member_tombstones("g", "m")
    assert [int.from_bytes(encode_key(each.key)[:2], "big") for each in gone] == [22, 21, 19]
