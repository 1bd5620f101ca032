"""Partitions by topic and back."""

from logcore.admin.partition_results import by_partition, indexes_by_topic, parts_by_topic
from logcore.client.positions import TopicPartition
from logcore.common.errors import NotLeaderOrFollowerError
from logcore.protocol.messages.alter_share_group_offsets import (
    AlterShareGroupOffsetsResponsePartition,
    AlterShareGroupOffsetsResponseTopic,
)
from logcore.protocol.messages.offset_fetch import (
    OffsetFetchResponsePartitions,
    OffsetFetchResponseTopics,
)


def test_partitions_by_topic() -> None:
    wanted = {TopicPartition("a", 1): "x", TopicPartition("b", 0): "y", TopicPartition("a", 0): "z"}
    assert indexes_by_topic(wanted) == {"a": [1, 0], "b": [0]}
    assert parts_by_topic(wanted, lambda index, value: (index, value)) == {
        "a": [(1, "x"), (0, "z")],
        "b": [(0, "y")],
    }


def test_results_by_partition() -> None:
    parts = [
        OffsetFetchResponsePartitions(partition_index=0, committed_offset=7),
        OffsetFetchResponsePartitions(partition_index=1, committed_offset=-1),
        OffsetFetchResponsePartitions(partition_index=2, committed_offset=-1, error_code=6),
    ]
    results = by_partition(
        [OffsetFetchResponseTopics(name="t", partitions=parts)],
        lambda part: part.committed_offset,
        lambda part: part.committed_offset >= 0,
    )
    assert results.succeeded == {TopicPartition("t", 0): 7}
    assert isinstance(results.errors[TopicPartition("t", 2)], NotLeaderOrFollowerError)


def test_responses_that_call_their_topics_otherwise() -> None:
    part = AlterShareGroupOffsetsResponsePartition(partition_index=3)
    topic = AlterShareGroupOffsetsResponseTopic(topic_name="t", partitions=[part])
    assert list(by_partition([topic], lambda part: part.partition_index)) == [("t", 3)]
