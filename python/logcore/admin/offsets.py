"""Offsets of partitions: where they begin and end, and which offset a time has.

Invariant: a partition is asked of its leader.
Neighbours: `asking` finds leaders; `groups` has the offsets that groups have committed.
Source: KIP-79, KIP-405, KIP-734, KIP-1005, KIP-1023.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from logcore.admin.asking import Asking
from logcore.admin.leading import ask_leaders
from logcore.admin.part import Part
from logcore.admin.partition_results import parts_by_topic
from logcore.admin.results import Results
from logcore.client.blocking import blocking
from logcore.client.positions import TopicPartition
from logcore.protocol.messages.list_offsets import (
    ListOffsetsPartition,
    ListOffsetsPartitionResponse,
    ListOffsetsRequest,
    ListOffsetsTopic,
)


class OffsetSpec(IntEnum):
    """Offsets that have a name, numbered as on the wire."""

    LATEST = -1
    EARLIEST = -2
    MAX_TIMESTAMP = -3
    EARLIEST_LOCAL = -4
    LATEST_TIERED = -5
    EARLIEST_PENDING_UPLOAD = -6


@dataclass(frozen=True, slots=True)
class FoundOffset:
    """An offset that was asked for.

    Attributes:
        offset: The offset; None if no record is as late as the time that was asked for.
        timestamp_ms: The time of the record there, None if the broker does not tell.
        leader_epoch: The epoch in which it was written, None if the broker does not tell.
    """

    offset: int | None
    timestamp_ms: int | None = None
    leader_epoch: int | None = None


class AsyncOffsets:
    """The offsets of a cluster's partitions.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def find(
        self,
        wanted: Mapping[TopicPartition, OffsetSpec | int | datetime],
        *,
        read_committed: bool = False,
    ) -> Results[TopicPartition, FoundOffset]:
        """Find offsets.

        Args:
            wanted: By partition an `OffsetSpec`, or a time: milliseconds since 1970 UTC, or a
                datetime with a zone. Of a time the first record as late as that is found.
            read_committed: Whether the latest offset is that of what is committed.

        Returns:
            The offset, or why it cannot be had, by partition.

        Raises:
            KafkaError: If a partition is not there.
            ClientError: If no broker answers in time.
        """

        def request(some: list[TopicPartition]) -> ListOffsetsRequest:
            topics = parts_by_topic({one: wanted[one] for one in some}, _part)
            return ListOffsetsRequest(
                replica_id=-1,
                isolation_level=int(read_committed),
                topics=[ListOffsetsTopic(name=name, partitions=of) for name, of in topics.items()],
                timeout_ms=self._asking.timeout_ms,
            )

        return await ask_leaders(self._asking, "find offsets", wanted, request, _found)

    async def bounds(
        self, partitions: Iterable[TopicPartition]
    ) -> Results[TopicPartition, tuple[int, int]]:
        """Return where partitions begin, and where the next record goes.

        Raises:
            KafkaError: If a partition is not there.
            ClientError: If no broker answers in time.
        """
        wanted = list(partitions)
        starts = await self.find(dict.fromkeys(wanted, OffsetSpec.EARLIEST))
        ends = await self.find(dict.fromkeys(wanted, OffsetSpec.LATEST))
        both = {
            one: (start.offset or 0, ends.succeeded[one].offset or 0)
            for one, start in starts.succeeded.items()
            if one in ends.succeeded
        }
        return Results(both, starts.errors | ends.errors)

    async def partitions(self, *topics: str) -> list[TopicPartition]:
        """Return the partitions of topics, in order.

        Raises:
            UnknownTopicOrPartitionError: If a topic is not there.
            ClientError: If no broker answers in time.
        """
        found = await self._asking.partitions_of(topics)
        return [
            TopicPartition(topic, partition)
            for topic in sorted(found)
            for partition in found[topic]
        ]


class Offsets(Part):
    """Offsets of partitions; see `AsyncOffsets`."""

    find = blocking(AsyncOffsets.find)
    bounds = blocking(AsyncOffsets.bounds)
    partitions = blocking(AsyncOffsets.partitions)


def _part(partition: int, wanted: OffsetSpec | int | datetime) -> ListOffsetsPartition:
    return ListOffsetsPartition(partition_index=partition, timestamp=_timestamp(wanted))


def _found(part: ListOffsetsPartitionResponse) -> FoundOffset:
    return FoundOffset(_known(part.offset), _known(part.timestamp), _known(part.leader_epoch))


def _timestamp(wanted: OffsetSpec | int | datetime) -> int:
    if isinstance(wanted, datetime):
        if wanted.tzinfo is None:
            raise ValueError(f"{wanted} has no time zone: give one, such as datetime.UTC")
        return max(int(wanted.timestamp() * 1000), 0)  # numbers below are names of offsets
    return int(wanted)


def _known(number: int) -> int | None:
    return None if number < 0 else number
