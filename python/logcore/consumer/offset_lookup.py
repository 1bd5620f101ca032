"""Finding offsets by time, and the ends of partitions, at their leaders.

Invariant: each partition is asked at its leader; what one leader does not answer does not keep the
answers of others from coming.
Neighbours: `async_consumer` asks for positions and on behalf of users.
"""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from logcore.client.cluster import Cluster
from logcore.client.cluster_view import NO_LEADER
from logcore.client.positions import TopicPartition
from logcore.client.retrying import until_done
from logcore.common.errors import LeaderNotAvailableError, error_for_code
from logcore.protocol.messages.list_offsets import (
    ListOffsetsPartition,
    ListOffsetsRequest,
    ListOffsetsResponse,
    ListOffsetsTopic,
)


class OffsetAndTimestamp(NamedTuple):
    """An offset, and the timestamp of the record there in milliseconds, -1 at an end."""

    offset: int
    timestamp: int


async def look_up(
    cluster: Cluster, wanted: Mapping[TopicPartition, int], isolation: int, timeout_s: float
) -> dict[TopicPartition, OffsetAndTimestamp | None]:
    """Return the first offset at or past a time, for each partition; None where there is none.

    Args:
        cluster: The cluster.
        wanted: Milliseconds since 1970 UTC; -2 for the beginning, -1 for the end.
        isolation: 1 to see only what is committed, 0 for everything.
        timeout_s: How long it may take.

    Raises:
        KafkaError: If a partition cannot be asked for.
        ClientTimeoutError: If not all are known in time.
    """
    left = dict(wanted)
    found: dict[TopicPartition, OffsetAndTimestamp | None] = {}

    async def attempt() -> None:
        by_node: dict[int, dict[TopicPartition, int]] = {}
        cluster.track({place.topic for place in left})
        for place, timestamp in left.items():
            if place.topic not in cluster.view.topics:
                await cluster.topic(place.topic, timeout_s)
            leader = cluster.view.leader_of(*place)
            if leader == NO_LEADER:
                cluster.request_refresh()
                raise LeaderNotAvailableError(f"{place.topic}-{place.partition} has no leader now")
            by_node.setdefault(leader, {})[place] = timestamp
        answers = await asyncio.gather(
            *(_ask(cluster, node, part, isolation) for node, part in by_node.items()),
            return_exceptions=True,
        )
        errors: list[BaseException] = []
        for answer in answers:
            if isinstance(answer, BaseException):
                errors.append(answer)
            else:
                found.update(answer.found)
                errors += answer.errors
        for place in found:
            left.pop(place, None)
        if errors:
            raise errors[0]

    await until_done(cluster, "look up offsets", attempt, timeout_s)
    return found


class _Answer(NamedTuple):
    found: dict[TopicPartition, OffsetAndTimestamp | None]
    errors: list[Exception]


async def _ask(
    cluster: Cluster, node_id: int, wanted: Mapping[TopicPartition, int], isolation: int
) -> _Answer:
    topics: dict[str, ListOffsetsTopic] = {}
    for (topic, partition), timestamp in wanted.items():
        entry = topics.setdefault(topic, ListOffsetsTopic(name=topic))
        epoch = cluster.view.leader_epoch_of(topic, partition)
        entry.partitions.append(
            ListOffsetsPartition(
                partition_index=partition, current_leader_epoch=epoch, timestamp=timestamp
            )
        )
    request = ListOffsetsRequest(
        replica_id=-1, isolation_level=isolation, topics=list(topics.values())
    )
    response: ListOffsetsResponse = await cluster.ask(node_id, request)
    found: dict[TopicPartition, OffsetAndTimestamp | None] = {}
    errors: list[Exception] = []
    for answered in response.topics:
        for each in answered.partitions:
            place = TopicPartition(answered.name, each.partition_index)
            if each.error_code:
                made = error_for_code(each.error_code)
                errors.append(made(f"{place.topic}-{place.partition}: {made.kafka_name}"))
            else:
                known = OffsetAndTimestamp(each.offset, each.timestamp)
                found[place] = known if each.offset >= 0 else None
    return _Answer(found, errors)
