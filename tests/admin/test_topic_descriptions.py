"""Topics are read out of either answer, and joined where they come in parts."""

from logcore.admin.topic_descriptions import described, joined
from logcore.common.access import Operation
from logcore.protocol.messages.describe_topic_partitions import (
    DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
)
from logcore.protocol.messages.metadata import MetadataResponsePartition, MetadataResponseTopic


def part(number: int) -> DescribeTopicPartitionsResponsePartition:
    return DescribeTopicPartitionsResponsePartition(
        partition_index=number,
        leader_id=-1,
        leader_epoch=4,
        replica_nodes=[1, 2],
        isr_nodes=[],
        eligible_leader_replicas=[2],
        last_known_elr=[],
        offline_replicas=[1],
    )


def page(*numbers: int) -> DescribeTopicPartitionsResponseTopic:
    return DescribeTopicPartitionsResponseTopic(
        name="t",
        topic_id=bytes(16),
        partitions=[part(number) for number in numbers],
        topic_authorized_operations=1 << Operation.READ,
    )


def test_eligible_replicas() -> None:
    topic = described(page(0))
    assert topic.operations == frozenset({Operation.READ})
    (partition,) = topic.partitions
    assert (partition.leader, partition.leader_epoch, partition.offline) == (None, 4, (1,))
    assert (partition.eligible, partition.last_known_eligible) == ((2,), ())


def test_pages_are_joined_in_order() -> None:
    topic = joined([described(page(2, 1)), described(page(3)), described(page(3, 0))])
    assert [part.partition for part in topic.partitions] == [0, 1, 2, 3]


def test_metadata_does_not_tell_of_them() -> None:
    told = MetadataResponsePartition(partition_index=0, leader_id=1, replica_nodes=[1])
    topic = described(MetadataResponseTopic(name="t", partitions=[told], is_internal=True))
    assert topic.is_internal
    assert topic.operations is None
    assert topic.partitions[0].eligible is None
