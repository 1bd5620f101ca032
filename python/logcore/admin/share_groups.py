"""Offsets of share groups: where each partition begins to be shared, and changing that.

Invariant: offsets are changed only where nobody reads, which the broker checks.
Neighbours: `groups` lists, describes and deletes share groups as it does all others.
Source: KIP-932, KIP-1226.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from logcore.admin.asking import Asking
from logcore.admin.part import Part
from logcore.admin.partition_results import by_partition, parts_by_topic
from logcore.admin.results import Results, collect, error_of, nothing
from logcore.client.blocking import blocking
from logcore.client.positions import TopicPartition, check_offset
from logcore.protocol.messages.alter_share_group_offsets import (
    AlterShareGroupOffsetsRequest,
    AlterShareGroupOffsetsRequestPartition,
    AlterShareGroupOffsetsRequestTopic,
)
from logcore.protocol.messages.delete_share_group_offsets import (
    DeleteShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsRequestTopic,
)
from logcore.protocol.messages.describe_share_group_offsets import (
    DescribeShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsRequestGroup,
)


@dataclass(frozen=True, slots=True)
class ShareOffset:
    """Where a share group is in a partition.

    Attributes:
        start_offset: The first record that is not settled.
        lag: How many records are not settled; None if the broker does not tell.
    """

    start_offset: int
    lag: int | None


class AsyncShareGroups:
    """The offsets of a cluster's share groups.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def offsets(self, group: str) -> Results[TopicPartition, ShareOffset]:
        """Return where a group is, by partition.

        Raises:
            KafkaError: If the group's offsets cannot be had.
            ClientError: If a broker does not answer in time.
        """
        wanted = DescribeShareGroupOffsetsRequestGroup(group_id=group, topics=None)
        response = await self._asking.coordinator(
            "describe offsets",
            group,
            DescribeShareGroupOffsetsRequest(groups=[wanted]),
            lambda answer: [one.error_code for one in answer.groups],
        )
        answer = response.groups[0]
        if answer.error_code:
            raise error_of(answer.error_code, answer.error_message, f"share group {group}")
        return by_partition(
            answer.topics,
            lambda part: ShareOffset(part.start_offset, None if part.lag < 0 else part.lag),
            lambda part: part.start_offset >= 0,
        )

    async def set_offsets(
        self, group: str, offsets: Mapping[TopicPartition, int]
    ) -> Results[TopicPartition, None]:
        """Set where a group without members begins.

        Returns:
            None, or why it was not set, by partition.

        Raises:
            ValueError: If an offset is negative; none is set then.
            KafkaError: If the broker refuses all of it.
            ClientError: If a broker does not answer in time.
        """
        for place, offset in offsets.items():
            check_offset(place, offset)
        topics = parts_by_topic(offsets, _begin)
        request = AlterShareGroupOffsetsRequest(
            group_id=group,
            topics=[
                AlterShareGroupOffsetsRequestTopic(topic_name=name, partitions=of)
                for name, of in topics.items()
            ],
        )
        response = await self._asking.coordinator("set offsets", group, request)
        return by_partition(response.responses, nothing)

    async def delete_offsets(self, group: str, topics: Iterable[str]) -> Results[str, None]:
        """Forget where a group without members is, in topics.

        Returns:
            None, or why it was not forgotten, by topic.

        Raises:
            KafkaError: If the broker refuses all of it.
            ClientError: If a broker does not answer in time.
        """
        request = DeleteShareGroupOffsetsRequest(
            group_id=group,
            topics=[DeleteShareGroupOffsetsRequestTopic(topic_name=name) for name in topics],
        )
        response = await self._asking.coordinator("delete offsets", group, request)
        return collect(response.responses, lambda answer: answer.topic_name, nothing)


class ShareGroups(Part):
    """Offsets of share groups; see `AsyncShareGroups`."""

    offsets = blocking(AsyncShareGroups.offsets)
    set_offsets = blocking(AsyncShareGroups.set_offsets)
    delete_offsets = blocking(AsyncShareGroups.delete_offsets)


def _begin(partition: int, offset: int) -> AlterShareGroupOffsetsRequestPartition:
    return AlterShareGroupOffsetsRequestPartition(partition_index=partition, start_offset=offset)
