"""Topics that are there, for tests that speak to two brokers over wires of their own.

Invariant: when a call returns, the broker at the other end leads each partition; Apache Kafka's
controller answers before its broker has heard of a topic, and metadata name it before it is led.
Neighbours: `tests/admin/made` does the same by the admin client.
"""

from functools import partial

from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.list_offsets import (
    ListOffsetsPartition,
    ListOffsetsRequest,
    ListOffsetsTopic,
)
from logcore.protocol.messages.metadata import MetadataRequest, MetadataRequestTopic
from tests.broker.wire import Wire
from tests.eventually import eventually

LATEST = -1


def make_topics(wire: Wire, **partitions: int) -> dict[str, bytes]:
    """Create topics of some partitions each, and return their ids once they are led."""
    topics = [
        CreatableTopic(name=name, num_partitions=count, replication_factor=1)
        for name, count in partitions.items()
    ]
    wire.ask(CreateTopicsRequest(topics=topics, timeout_ms=10_000), 5)
    eventually(partial(are_led, wire, partitions))
    asked = MetadataRequest(topics=[MetadataRequestTopic(name=name) for name in partitions])
    return {topic.name: topic.topic_id for topic in wire.ask(asked, 12).topics}


def are_led(wire: Wire, partitions: dict[str, int]) -> bool:
    """Return whether the broker answers for the end of each partition."""
    topics = [
        ListOffsetsTopic(
            name=name,
            partitions=[
                ListOffsetsPartition(partition_index=index, timestamp=LATEST)
                for index in range(count)
            ],
        )
        for name, count in partitions.items()
    ]
    answer = wire.ask(ListOffsetsRequest(replica_id=-1, topics=topics), 8)
    return not any(part.error_code for topic in answer.topics for part in topic.partitions)
