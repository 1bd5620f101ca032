"""The records of consumer groups: what is written, byte for byte, and that it is read back."""

import pytest

from logcore.coordinator.group import consumer_records
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_member import ClassicMetadata, ConsumerMember
from logcore.coordinator.group.consumer_replay import apply_all
from logcore.coordinator.group.modern_member import MemberState
from logcore.coordinator.group.subscription import ResolvedRegex
from logcore.protocol.internal.coordinator_record import (
    decode_key,
    decode_value,
    encode_key,
    encode_value,
)

T1, T2 = b"1" * 16, b"2" * 16
CLASSIC = ClassicMetadata(10_000, (("range", b"one"), ("sticky", b"two")))
MEMBER = ConsumerMember(
    member_id="m",
    instance_id="i",
    rack_id="r",
    client_id="c",
    client_host="/h",
    rebalance_timeout_ms=9,
    topics=frozenset({"b", "a"}),
    regex="x.*",
    assignor="range",
    classic=CLASSIC,
    epoch=7,
    previous_epoch=6,
    state=MemberState.UNREVOKED,
    assigned={T2: {1: 5, 0: 7}, T1: {3: 2}},
    revoking={T1: {4: 6}},
)


def through_bytes(record):
    """Write a record and read it again, as the log does."""
    key, value, version = record
    read = decode_key(encode_key(key))
    written = None if value is None else encode_value(value, version)
    return type(record)(read, None if written is None else decode_value(read, written), version)


def test_a_member_is_all_in_two_records():
    group = ConsumerGroup("g")
    written = [
        consumer_records.member_metadata("g", MEMBER),
        consumer_records.current_assignment("g", MEMBER),
    ]
    apply_all(group, map(through_bytes, written))
    assert group.members == {"m": MEMBER}


def test_a_group_is_all_in_its_records():
    group = ConsumerGroup("g")
    resolved = ResolvedRegex(frozenset({"xa"}), 3, 4)
    written = [
        consumer_records.group_epoch("g", 5, -77),
        consumer_records.target_assignment("g", "m", {T1: frozenset({1, 0})}),
        consumer_records.target_epoch("g", 4, 123),
        consumer_records.resolved_regex("g", "x.*", resolved),
    ]
    apply_all(group, map(through_bytes, written))
    assert (group.epoch, group.metadata_hash) == (5, -77)
    assert (group.target_epoch, group.target_timestamp_ms) == (4, 123)
    assert group.targets == {"m": {T1: {0, 1}}}
    assert group.resolved == {"x.*": resolved}


@pytest.mark.parametrize(
    ("record", "key", "value"),
    [
        (
            consumer_records.group_epoch("g", 5, 0),
            "0003 0001 67",
            "0000 00000005 00",
        ),
        (
            consumer_records.target_epoch("g", 5, 0),
            "0006 0001 67",
            "0000 00000005 00",
        ),
        (
            consumer_records.target_assignment("g", "m", {T1: frozenset({1, 0})}),
            "0007 0001 67 0001 6d",
            f"0000 02 {T1.hex()} 03 00000000 00000001 00 00",
        ),
        (
            consumer_records.current_assignment(
                "g", ConsumerMember(member_id="m", epoch=2, previous_epoch=1, assigned={T1: {3: 2}})
            ),
            "0008 0001 67 0001 6d",
            f"0000 00000002 00000001 00 02 {T1.hex()} 02 00000003 01 00 05 02 00000002 01 00",
        ),
        (
            consumer_records.member_metadata(
                "g",
                ConsumerMember(
                    member_id="m",
                    client_id="c",
                    client_host="/h",
                    rebalance_timeout_ms=9,
                    topics=frozenset({"t"}),
                ),
            ),
            "0005 0001 67 0001 6d",
            "0000 00 00 02 63 03 2f68 02 02 74 01 00000009 00 01 00 01 00",
        ),
        (
            consumer_records.resolved_regex("g", "x", ResolvedRegex(frozenset({"x"}), 1, 2)),
            "0010 0001 67 0001 78",
            "0000 02 02 78 0000000000000001 0000000000000002 00",
        ),
    ],
)
def test_bytes_as_kafka_writes_them(record, key, value):
    assert encode_key(record.key) == bytes.fromhex(key)
    assert encode_value(record.value, record.version) == bytes.fromhex(value)


def test_a_member_is_removed_in_kafka_s_order():
    types = [record.key.API_KEY for record in consumer_records.member_tombstones("g", "m")]
    assert types == [8, 7, 5]
    group = consumer_records.group_tombstones("g", ["m"], ["x"])
    assert [record.key.API_KEY for record in group] == [8, 7, 5, 6, 16, 3]
    assert all(record.value is None for record in group)
