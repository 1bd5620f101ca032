"""Short forms of what a member of a share group sends, and what administrators ask of the group."""

import itertools
from collections.abc import Mapping
from typing import Any

from logcore.protocol.messages.alter_share_group_offsets import (
    AlterShareGroupOffsetsRequest,
    AlterShareGroupOffsetsRequestPartition,
    AlterShareGroupOffsetsRequestTopic,
)
from logcore.protocol.messages.describe_share_group_offsets import (
    DescribeShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsRequestGroup,
    DescribeShareGroupOffsetsRequestTopic,
)
from logcore.protocol.messages.share_group_describe import ShareGroupDescribeRequest
from logcore.protocol.messages.share_group_heartbeat import ShareGroupHeartbeatRequest
from tests.broker.wire import Wire

NAMES = itertools.count()


def beat(wire: Wire, group: str, topics: list[str] | None, epoch: int = 0, **given: Any) -> Any:
    """Send a heartbeat; member ``m`` unless told otherwise."""
    request = ShareGroupHeartbeatRequest(
        group_id=group,
        member_id=given.pop("member_id", "m"),
        member_epoch=epoch,
        subscribed_topic_names=topics,
        **given,
    )
    return wire.ask(request, 1)


def leave(wire: Wire, group: str, member_id: str = "m") -> Any:
    return beat(wire, group, None, -1, member_id=member_id)


def assigned(response: Any) -> dict[bytes, list[int]]:
    return {each.topic_id: each.partitions for each in response.assignment.topic_partitions}


def describe(wire: Wire, group: str, *, operations: bool = False) -> Any:
    request = ShareGroupDescribeRequest(group_ids=[group], include_authorized_operations=operations)
    (described,) = wire.ask(request, 1).groups
    return described


def offsets(
    wire: Wire, group: str, topics: Mapping[str, list[int]] | None = None, version: int = 1
) -> dict[tuple[str, int], tuple[int, int, int]]:
    """Return start offset, lag and code by topic and partition."""
    (told,) = wire.ask(offsets_request(group, topics), version).groups
    assert told.error_code == 0, told
    return {
        (topic.topic_name, each.partition_index): (each.start_offset, each.lag, each.error_code)
        for topic in told.topics
        for each in topic.partitions
    }


def offsets_request(
    group: str, topics: Mapping[str, list[int]] | None = None
) -> DescribeShareGroupOffsetsRequest:
    asked = None
    if topics is not None:
        asked = [
            DescribeShareGroupOffsetsRequestTopic(topic_name=name, partitions=partitions)
            for name, partitions in topics.items()
        ]
    group_asked = DescribeShareGroupOffsetsRequestGroup(group_id=group, topics=asked)
    return DescribeShareGroupOffsetsRequest(groups=[group_asked])


def alter_request(
    group: str, topics: Mapping[str, Mapping[int, int]]
) -> AlterShareGroupOffsetsRequest:
    return AlterShareGroupOffsetsRequest(
        group_id=group,
        topics=[
            AlterShareGroupOffsetsRequestTopic(
                topic_name=name,
                partitions=[
                    AlterShareGroupOffsetsRequestPartition(
                        partition_index=partition, start_offset=offset
                    )
                    for partition, offset in partitions.items()
                ],
            )
            for name, partitions in topics.items()
        ],
    )


def alter(
    wire: Wire, group: str, topics: Mapping[str, Mapping[int, int]]
) -> dict[tuple[str, int], int]:
    """Set offsets; return the codes."""
    response = wire.ask(alter_request(group, topics), 0)
    assert response.error_code == 0, response
    return {
        (topic.topic_name, each.partition_index): each.error_code
        for topic in response.responses
        for each in topic.partitions
    }
