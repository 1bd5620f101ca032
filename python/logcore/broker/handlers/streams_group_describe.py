"""StreamsGroupDescribe: streams groups, their topology, and what each member has and is to have.

Versions: 0.
"""

from collections.abc import Iterator
from typing import Final

from logcore.broker.context import RequestContext
from logcore.broker.described_groups import KindOfGroup, described_groups
from logcore.broker.parts import Parts
from logcore.protocol.messages.streams_group_describe import (
    DescribedGroup,
    StreamsGroupDescribeRequest,
    StreamsGroupDescribeResponse,
)

FEATURE: Final = "streams.version"
"""The feature of the cluster that brings streams groups, from level 1 on."""


def handle(
    parts: Parts, request: StreamsGroupDescribeRequest, context: RequestContext
) -> StreamsGroupDescribeResponse:
    """Describe the groups that the caller may know of, with topics that it may know of."""
    return StreamsGroupDescribeResponse(
        groups=described_groups(
            parts,
            _KIND,
            request.group_ids,
            context,
            includes_operations=request.include_authorized_operations,
        )
    )


def is_enabled(parts: Parts) -> bool:
    """Whether the cluster has streams groups."""
    protocols = parts.config["group.coordinator.rebalance.protocols"]
    return parts.controller.image.features.get(FEATURE, 0) > 0 and "streams" in protocols


def topics_of(group: DescribedGroup) -> Iterator[str]:
    """Yield the topics that a description names."""
    subtopologies = None if group.topology is None else group.topology.subtopologies
    for subtopology in subtopologies or ():
        yield from subtopology.source_topics
        yield from subtopology.repartition_sink_topics
        yield from (topic.name for topic in subtopology.repartition_source_topics)
        yield from (topic.name for topic in subtopology.state_changelog_topics)


_KIND: Final = KindOfGroup(
    DescribedGroup,
    is_enabled,
    lambda parts, group_id: parts.groups.streams.describe(group_id),
    topics_of,
    "The described group uses topics that the client is not authorized to describe.",
)
