"""Writers: the buffers they make, the counts that do not fit a byte, the prefix."""

from typing import Any

import pytest

from logcore.protocol.errors import UnencodableMessageError
from logcore.protocol.messages.fetch import (
    AbortedTransaction,
    FetchableTopicResponse,
    FetchResponse,
    LeaderIdAndEpoch,
    PartitionData,
)
from logcore.protocol.messages.metadata import (
    MetadataResponse,
    MetadataResponsePartition,
    MetadataResponseTopic,
)
from logcore.protocol.messages.produce import ProduceRequest, TopicProduceData
from logcore.protocol.writing import INLINE_BYTES_MAX

LARGE = bytes(INLINE_BYTES_MAX + 1)


def fetched(*records):
    partitions = [
        PartitionData(partition_index=index, records=each) for index, each in enumerate(records)
    ]
    return FetchResponse(responses=[FetchableTopicResponse(partitions=partitions)])


@pytest.mark.parametrize("version", [4, 11, 12, 18])
def test_large_records_are_not_copied(version):
    first, second = memoryview(LARGE), bytearray(LARGE)
    buffers = fetched(first, second).encode(version)
    assert buffers[1] is first
    assert buffers[3] is second
    assert len(buffers) == 5
    read = FetchResponse.decode(b"".join(buffers), version)
    assert [each.records for each in read.responses[0].partitions] == [LARGE, LARGE]


@pytest.mark.parametrize("version", [4, 12])
def test_small_records_travel_with_their_neighbours(version):
    buffers = fetched(b"abc", b"", None).encode(version)
    assert len(buffers) == 1
    read = FetchResponse.decode(buffers[0], version)
    assert [each.records for each in read.responses[0].partitions] == [b"abc", b"", None]


@pytest.mark.parametrize("version", [4, 12])
def test_records_may_be_several_buffers(version):
    parts = [LARGE, b"tail"]
    buffers = fetched(parts, [b"a", b"b"], []).encode(version)
    assert buffers[1] is parts[0]
    assert buffers[2] is parts[1]
    read = FetchResponse.decode(b"".join(buffers), version)
    assert [each.records for each in read.responses[0].partitions] == [LARGE + b"tail", b"ab", b""]


def test_records_may_not_be_null_where_kafka_has_none():
    request = ProduceRequest(topic_data=[TopicProduceData(name="a")])
    assert len(request.encode(3)) == 1
    text = repr(fetched(None).encode(12))
    assert "bytearray" in text


@pytest.mark.parametrize("count", [0, 1, 126, 127, 128, 300])
@pytest.mark.parametrize("version", [8, 12])
def test_arrays_of_numbers_of_any_length(version, count):
    partition = MetadataResponsePartition(
        replica_nodes=list(range(count)), isr_nodes=[7], offline_replicas=list(range(3))
    )
    topic = MetadataResponseTopic(name="a" * count, partitions=[partition])
    message = MetadataResponse(topics=[topic])
    assert MetadataResponse.decode(message.encode_bytes(version), version) == message


def test_the_first_buffer_begins_with_the_prefix():
    message = fetched(LARGE)
    plain, prefixed = message.encode(12), message.encode(12, b"prefix")
    assert prefixed[0] == b"prefix" + plain[0]
    assert prefixed[1:] == plain[1:]


def test_tagged_fields_are_written_only_if_they_are_not_their_default():
    bare = fetched(b"")
    data = bare.responses[0].partitions[0]
    data.current_leader = LeaderIdAndEpoch()
    assert bare.encode_bytes(12) == fetched(b"").encode_bytes(12)
    data.current_leader = LeaderIdAndEpoch(leader_id=1, leader_epoch=2)
    assert bare.encode_bytes(12) == fetched(b"").encode_bytes(12)[:-3] + bytes.fromhex(
        "01 01 09 00000001 00000002 00" + "00 00"
    )


def test_a_wrong_element_is_refused():
    wrong: Any = "x"
    partition = PartitionData(aborted_transactions=[AbortedTransaction(producer_id=wrong)])
    message = FetchResponse(responses=[FetchableTopicResponse(partitions=[partition])])
    with pytest.raises(UnencodableMessageError, match="FetchResponse, version 12"):
        message.encode(12)
