"""Keys and values of coordinators' topics."""

import pytest

from logcore.common.errors import UnsupportedVersionError
from logcore.protocol import internal
from logcore.protocol.errors import MalformedMessageError, UnknownRecordTypeError
from logcore.protocol.internal.coordinator_record import (
    GROUP_RECORDS,
    SHARE_RECORDS,
    TRANSACTION_RECORDS,
    decode_key,
    decode_value,
    encode_key,
    encode_value,
)
from logcore.protocol.internal.group import OffsetCommitKey, OffsetCommitValue
from tests.protocol.catalogue import Values, message_classes

TOPICS = [GROUP_RECORDS, TRANSACTION_RECORDS, SHARE_RECORDS]
TYPES = [(records, *records.classes(each), each) for records in TOPICS for each in records.stems]
NAMES = [f"{key_class.__name__}-{number}" for _, key_class, _, number in TYPES]


@pytest.mark.parametrize(("records", "key_class", "value_class", "number"), TYPES, ids=NAMES)
def test_keys_and_values_are_read_back(records, key_class, value_class, number):
    assert key_class.API_KEY == value_class.API_KEY == number
    values = Values(key_class.__name__)
    key = values.message(key_class, 0)
    written = encode_key(key)
    assert int.from_bytes(written[:2], "big") == number
    assert decode_key(written, records) == key
    for version in range(value_class.VERSIONS[0], value_class.VERSIONS[1] + 1):
        value = values.message(value_class, version)
        assert decode_value(key, encode_value(value, version), records) == value


def test_every_key_class_is_in_a_table():
    keys = {cls for cls in message_classes(internal) if cls.__name__.endswith("Key")}
    assert keys == {key_class for _, key_class, _, _ in TYPES}


def test_the_bytes_are_kafkas():
    key = OffsetCommitKey(group="g", topic="t", partition=1)
    assert encode_key(key) == bytes.fromhex("0001 0001 67 0001 74 00000001")
    value = OffsetCommitValue(offset=5, leader_epoch=-1, metadata="m", commit_timestamp=9)
    assert encode_value(value, 3) == bytes.fromhex(
        "0003 0000000000000005 ffffffff 0001 6d 0000000000000009"
    )


def test_an_unknown_type_is_named():
    with pytest.raises(UnknownRecordTypeError, match="type 99"):
        decode_key(b"\x00\x63")
    with pytest.raises(UnknownRecordTypeError, match="type 1"):
        decode_key(encode_key(OffsetCommitKey()), TRANSACTION_RECORDS)


def test_an_unknown_version_is_refused():
    with pytest.raises(UnsupportedVersionError):
        decode_value(OffsetCommitKey(), b"\x00\x63")


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x01", b"\x00\x01\x00\x05a"])
def test_what_is_no_key_is_malformed(data):
    with pytest.raises(MalformedMessageError):
        decode_key(data)
