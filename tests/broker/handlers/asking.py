"""Short forms of the requests that most tests of handlers send."""

from typing import Any

from logcore.protocol.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from logcore.protocol.messages.list_offsets import (
    ListOffsetsPartition,
    ListOffsetsRequest,
    ListOffsetsTopic,
)
from logcore.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from tests.broker.wire import Wire


def produce_request(
    topic: str, records: bytes | None, *, partition: int = 0, acks: int = -1
) -> ProduceRequest:
    data = PartitionProduceData(index=partition, records=records)
    return ProduceRequest(
        acks=acks,
        timeout_ms=10_000,
        topic_data=[TopicProduceData(name=topic, partition_data=[data])],
    )


def produce(
    wire: Wire, topic: str, records: bytes | None, *, partition: int = 0, version: int = 9
) -> Any:
    """Produce to one partition, and return its answer."""
    response = wire.ask(produce_request(topic, records, partition=partition), version)
    return response.responses[0].partition_responses[0]


def fetch_request(
    topic: str | bytes,
    offset: int,
    *,
    partition: int = 0,
    max_wait_ms: int = 0,
    min_bytes: int = 1,
    max_bytes: int = 1 << 20,
    **rest: Any,
) -> FetchRequest:
    asked = FetchPartition(partition=partition, fetch_offset=offset, partition_max_bytes=max_bytes)
    for name in ("current_leader_epoch", "last_fetched_epoch"):
        if name in rest:
            setattr(asked, name, rest.pop(name))
    named = {"topic": topic} if isinstance(topic, str) else {"topic_id": topic}
    return FetchRequest(
        max_wait_ms=max_wait_ms,
        min_bytes=min_bytes,
        max_bytes=rest.pop("total_bytes", 1 << 22),
        topics=[FetchTopic(partitions=[asked], **named)],
        **rest,
    )


def fetch(wire: Wire, topic: str, offset: int, version: int = 12, **rest: Any) -> Any:
    """Fetch from one partition, and return its answer."""
    response = wire.ask(fetch_request(topic, offset, **rest), version)
    assert response.error_code == 0
    return response.responses[0].partitions[0]


def list_offset(
    wire: Wire, topic: str, timestamp: int, version: int = 8, isolation_level: int = 0
) -> Any:
    """Ask for one partition's offset, and return its answer."""
    asked = ListOffsetsPartition(partition_index=0, timestamp=timestamp)
    request = ListOffsetsRequest(
        replica_id=-1,
        isolation_level=isolation_level,
        topics=[ListOffsetsTopic(name=topic, partitions=[asked])],
    )
    return wire.ask(request, version).topics[0].partitions[0]
