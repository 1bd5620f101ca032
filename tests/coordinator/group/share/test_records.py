"""Records of share groups survive their bytes, in the order and the versions of Kafka."""

from logcore.coordinator.group.share import records
from logcore.coordinator.group.share.member import ShareMember
from logcore.coordinator.group.share.partitions import StatePartitions, TopicState
from tests.coordinator.group.share.sharing import ShareCluster

A, B = b"a" * 16, b"b" * 16
MEMBER = ShareMember(
    member_id="m",
    rack_id="r",
    client_id="c",
    client_host="/h",
    topics=frozenset({"u", "t"}),
    epoch=3,
    previous_epoch=2,
    assigned={B: frozenset({1, 0}), A: frozenset({4})},
)
PARTITIONS = StatePartitions(
    {A: TopicState("a", frozenset({1}))}, {B: TopicState("b", frozenset({1, 0}))}, {B: "b"}
)


def test_bytes_and_back():
    shard = ShareCluster().shard
    for record in (
        records.member_metadata("g", MEMBER),
        records.group_epoch("g", 4, -5),
        records.target_epoch("g", 4, 99),
        records.target_assignment("g", "m", MEMBER.assigned),
        records.current_assignment("g", MEMBER),
        records.state_partitions("g", PARTITIONS),
        *records.group_tombstones("g", {"m": MEMBER}),
    ):
        decoded = shard.decode(*shard.encode(record))
        assert decoded is not None
        assert (decoded.key, decoded.value) == (record.key, record.value)


def test_lists_are_in_order():
    assert records.member_metadata("g", MEMBER).value.subscribed_topic_names == ["t", "u"]
    assigned = records.current_assignment("g", MEMBER).value.assigned_partitions
    assert [(each.topic_id, each.partitions) for each in assigned] == [(A, [4]), (B, [0, 1])]


def test_a_group_goes_member_by_member_and_itself_last():
    types = [record.key.API_KEY for record in records.group_tombstones("g", {"m": MEMBER})]
    assert types == [14, 13, 10, 12, 15, 11]
    assert all(record.value is None for record in records.group_tombstones("g", {}))
