"""A produce and a fetch for tests of brokers for tests, over the wire."""

import time
from typing import Any

from logcore.protocol.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from logcore.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from tests.broker.batches import batch
from tests.broker.wire import Wire

PRODUCE_VERSION = 9
FETCH_VERSION = 11


def wire_to(bootstrap_servers: str, client_id: str = "test") -> Wire:
    return Wire(int(bootstrap_servers.rpartition(":")[2]), client_id)


def request_of(topic: str, *values: bytes) -> ProduceRequest:
    records = batch(list(values), timestamp=time.time_ns() // 1_000_000)
    data = PartitionProduceData(index=0, records=memoryview(records))
    topics = [TopicProduceData(name=topic, partition_data=[data])]
    return ProduceRequest(acks=-1, timeout_ms=10_000, topic_data=topics)


def produce(wire: Wire, topic: str, *values: bytes) -> Any:
    response = wire.ask(request_of(topic, *values), PRODUCE_VERSION)
    return response.responses[0].partition_responses[0]


def fetch(wire: Wire, topic: str, offset: int = 0, max_wait_ms: int = 0) -> Any:
    partition = FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=1 << 20)
    request = FetchRequest(
        replica_id=-1,
        max_wait_ms=max_wait_ms,
        min_bytes=1,
        max_bytes=1 << 20,
        topics=[FetchTopic(topic=topic, partitions=[partition])],
    )
    return wire.ask(request, FETCH_VERSION).responses[0].partitions[0]
