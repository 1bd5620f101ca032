"""The machine of a shard: bytes and records, and kinds of records it does not know."""

from logcore.coordinator.result import CoordinatorRecord
from logcore.protocol.internal.group import GroupMetadataKey, OffsetCommitKey, OffsetCommitValue
from tests.coordinator.group.actors import Cluster


def test_a_record_survives_the_log():
    shard = Cluster().shard
    key = OffsetCommitKey(group="g", topic="t", partition=1)
    for record in (
        CoordinatorRecord(key, OffsetCommitValue(offset=5, topic_id=b"i" * 16), 4),
        CoordinatorRecord(GroupMetadataKey(group="g"), None),
    ):
        again = shard.decode(*shard.encode(record))
        assert again is not None
        assert (again.key, again.value) == (record.key, record.value)


def test_kinds_of_records_it_does_not_know_are_passed_over():
    shard = Cluster().shard
    assert shard.decode(b"\x7f\xff", b"\0\0") is None
