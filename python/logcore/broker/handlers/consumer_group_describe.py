"""ConsumerGroupDescribe: consumer groups, their members, and what each has and is to have.

Versions: 0 and 1. From 1 on with the protocol that each member speaks.
"""

from collections.abc import Iterator
from typing import Final

from logcore.broker.context import RequestContext
from logcore.broker.described_groups import KindOfGroup, described_groups
from logcore.broker.parts import Parts
from logcore.common.errors import InvalidGroupIdError
from logcore.protocol.messages.consumer_group_describe import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
    DescribedGroup,
)

FEATURE: Final = "group.version"
"""The feature of the cluster that brings consumer groups, from level 1 on."""


def handle(
    parts: Parts, request: ConsumerGroupDescribeRequest, context: RequestContext
) -> ConsumerGroupDescribeResponse:
    """Describe the groups that the caller may know of, with topics that it may know of."""
    return ConsumerGroupDescribeResponse(
        groups=described_groups(
            parts,
            _KIND,
            request.group_ids,
            context,
            includes_operations=request.include_authorized_operations,
        )
    )


def is_enabled(parts: Parts) -> bool:
    """Whether the cluster has consumer groups of the new protocol."""
    protocols = parts.config["group.coordinator.rebalance.protocols"]
    return parts.controller.image.features.get(FEATURE, 0) > 0 and "consumer" in protocols


def describe(parts: Parts, group_id: str) -> DescribedGroup:
    """Ask the coordinator for a group.

    Raises:
        InvalidGroupIdError: If there can be none of that name.
    """
    if not group_id:
        raise InvalidGroupIdError
    return parts.groups.describe_consumer_group(group_id)


def topics_of(group: DescribedGroup) -> Iterator[str]:
    """Yield the topics that a description names."""
    for member in group.members:
        for assignment in (member.assignment, member.target_assignment):
            yield from (topic.topic_name for topic in assignment.topic_partitions)


_KIND: Final = KindOfGroup(
    DescribedGroup,
    is_enabled,
    describe,
    topics_of,
)
