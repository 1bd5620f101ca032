"""ShareGroupDescribe: share groups, their members, and what each has.

Version: 1.
"""

from collections.abc import Iterator
from typing import Final

from logcore.broker.context import RequestContext
from logcore.broker.described_groups import KindOfGroup, described_groups
from logcore.broker.parts import Parts
from logcore.protocol.messages.share_group_describe import (
    DescribedGroup,
    ShareGroupDescribeRequest,
    ShareGroupDescribeResponse,
)

FEATURE: Final = "share.version"
"""The feature of the cluster that brings share groups, from level 1 on."""


def handle(
    parts: Parts, request: ShareGroupDescribeRequest, context: RequestContext
) -> ShareGroupDescribeResponse:
    """Describe the groups that the caller may know of, with topics that it may know of."""
    return ShareGroupDescribeResponse(
        groups=described_groups(
            parts,
            _KIND,
            request.group_ids,
            context,
            includes_operations=request.include_authorized_operations,
        )
    )


def is_enabled(parts: Parts) -> bool:
    """Whether the cluster has share groups."""
    return parts.controller.image.features.get(FEATURE, 0) > 0


def topics_of(group: DescribedGroup) -> Iterator[str]:
    """Yield the topics that a description names."""
    for member in group.members:
        yield from (topic.topic_name for topic in member.assignment.topic_partitions)


_KIND: Final = KindOfGroup(
    DescribedGroup,
    is_enabled,
    lambda parts, group_id: parts.groups.share.describe(group_id),
    topics_of,
)
