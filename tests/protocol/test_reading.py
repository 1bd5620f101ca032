"""Readers: what they refuse, what they view instead of copying, and how much memory they take."""

import tracemalloc

import pytest

from logcore.protocol.errors import MalformedMessageError
from logcore.protocol.messages.api_versions import ApiVersionsRequest
from logcore.protocol.messages.fetch import FetchRequest, FetchResponse
from logcore.protocol.messages.join_group import JoinGroupRequest
from logcore.protocol.messages.metadata import MetadataRequest
from logcore.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from logcore.protocol.messages.sasl_authenticate import SaslAuthenticateRequest
from logcore.protocol.reading import ReaderSource

HUGE = "7fffffff"
HUGE_VARINT = "ffffffff07"


def produce(records):
    data = PartitionProduceData(index=3, records=records)
    return ProduceRequest(topic_data=[TopicProduceData(name="a", partition_data=[data])])


def test_records_are_a_view_of_what_was_received():
    received = bytearray(produce(b"x" * 5000).encode_bytes(9))
    records = ProduceRequest.decode(memoryview(received), 9).topic_data[0].partition_data[0].records
    assert isinstance(records, memoryview)
    assert not records.readonly
    assert records.nbytes == 5000
    records[0] = ord("y")
    assert b"y" + b"x" * 4999 in received


def test_bytes_are_views_that_do_not_hold_the_frame():
    received = bytearray(SaslAuthenticateRequest(auth_bytes=b"secret").encode_bytes(2))
    token = SaslAuthenticateRequest.decode(memoryview(received), 2).auth_bytes
    assert isinstance(token, memoryview)
    assert bytes(token) == b"secret"
    received.clear()  # nobody looks into it


def test_adjacent_fields_are_unpacked_by_one_call():
    source = ReaderSource(FetchRequest, 4)
    source.compile()
    first = "o.replica_id, o.max_wait_ms, o.min_bytes, o.max_bytes, o.isolation_level, n = "
    assert first in source._source.text()


@pytest.mark.parametrize(
    ("cls", "version", "data"),
    [
        (MetadataRequest, 0, HUGE),  # an array that claims more elements than bytes
        (MetadataRequest, 0, "ffffffff"),  # null where null is not allowed
        (MetadataRequest, 1, "fffffffe"),  # and a count below -1, which Kafka takes for null
        (MetadataRequest, 0, "00000001 7fff 61"),
        (MetadataRequest, 0, "00000001 ffff"),
        (MetadataRequest, 9, HUGE_VARINT),
        (MetadataRequest, 9, "ffffffff0f"),  # 2^32 - 1
        (MetadataRequest, 9, "ffffffffff01"),  # six bytes
        (MetadataRequest, 9, "02 8080 03"),
        (MetadataRequest, 9, "01 00 00 00" + HUGE_VARINT),  # tagged fields without end
        (MetadataRequest, 9, "01 00 00 00 01 05" + HUGE_VARINT),  # one that is too long
        (ProduceRequest, 3, "ffff ffff 00000000 00000001 0000 00000001 00000000" + HUGE),
        (ApiVersionsRequest, 3, "8180 02" + "61" * 10),  # a string beyond 32767 bytes
        (FetchResponse, 12, "00000000 0000 00000000 01 01 00 0500000000"),
    ],
)
def test_impossible_lengths_are_malformed(cls, version, data):
    raw = bytes.fromhex(data)
    if (cls, version, data) == (MetadataRequest, 1, "fffffffe"):
        assert cls.decode(raw, version).topics is None
        return
    with pytest.raises(MalformedMessageError):
        cls.decode(raw, version)


def test_a_tagged_field_must_be_as_long_as_it_says():
    written = bytearray(FetchResponse(node_endpoints=[]).encode_bytes(16))
    assert written[-1] == 0
    right = bytes(written[:-1]) + bytes.fromhex("01 00 01 01")
    assert FetchResponse.decode(right, 16) == FetchResponse()
    for wrong in ("01 00 02 01 00", "01 00 00 01"):
        with pytest.raises(MalformedMessageError):
            FetchResponse.decode(bytes(written[:-1]) + bytes.fromhex(wrong), 16)


@pytest.mark.parametrize("count", [HUGE, "00ffffff"])
def test_a_count_alone_costs_no_memory(count):
    data = bytes.fromhex("0000 00000000 00000000 0000 0000" + count) + bytes(1000)
    tracemalloc.start()
    try:
        with pytest.raises(MalformedMessageError):
            JoinGroupRequest.decode(data, 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000  # of which compiling the reader is most
