"""Produce requests as frames, for tests of what reads them without decoding them."""

from typing import Any

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.header import RequestHeader, request_header
from logcore.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)

VERSIONS = range(3, 14)
"""The versions that the short way knows."""
TOPIC_ID = bytes(range(16))


def frame_of(
    version: int,
    records: bytes,
    *,
    name: str = "topic",
    topic_id: bytes = TOPIC_ID,
    client_id: str | None = "client",
    **fields: Any,
) -> bytearray:
    """Return a request without its length."""
    topics, partitions = fields.pop("topics", 1), fields.pop("partitions", 1)
    data = [PartitionProduceData(index=at, records=memoryview(records)) for at in range(partitions)]
    topic = TopicProduceData(name=name, topic_id=topic_id, partition_data=data)
    fields = {"acks": -1, "timeout_ms": 1000, "topic_data": [topic] * topics, **fields}
    header = request_header(RequestHeader(ApiKey.PRODUCE, version, 77, client_id))
    return bytearray(header + ProduceRequest(**fields).encode_bytes(version))
