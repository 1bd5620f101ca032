"""StreamsGroupDescribe: streams groups, their topology, and what each member has and is to have.

Versions: 0.
"""

from collections.abc import Iterator
from typing import Final

from logcore.broker.authorizer import Operation, ResourceType, authorized_operations
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
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
        groups=[
            described(parts, group_id, context, request.include_authorized_operations)
            for group_id in request.group_ids
        ]
    )


def is_enabled(parts: Parts) -> bool:
    """Whether the cluster has streams groups."""
    protocols = parts.config["group.coordinator.rebalance.protocols"]
    return parts.controller.image.features.get(FEATURE, 0) > 0 and "streams" in protocols


def described(
    parts: Parts, group_id: str, context: RequestContext, includes_operations: bool
) -> DescribedGroup:
    """Describe one group."""
    authorizer = parts.authorizer
    if not is_enabled(parts):
        return refused(group_id, UnsupportedVersionError())
    if not authorizer.allows(context, Operation.DESCRIBE, ResourceType.GROUP, group_id):
        return refused(group_id, GroupAuthorizationFailedError())
    group = parts.groups.streams.describe(group_id)
    if group.error_code != 0:
        return group
    if not all(
        authorizer.allows(context, Operation.DESCRIBE, ResourceType.TOPIC, topic)
        for topic in dict.fromkeys(topics_of(group))
    ):
        message = "The described group uses topics that the client is not authorized to describe."
        return refused(group_id, TopicAuthorizationFailedError(message))
    if includes_operations:
        group.authorized_operations = authorized_operations(
            authorizer, context, ResourceType.GROUP, group_id
        )
    return group


def topics_of(group: DescribedGroup) -> Iterator[str]:
    """Yield the topics that a description names."""
    subtopologies = None if group.topology is None else group.topology.subtopologies
    for subtopology in subtopologies or ():
        yield from subtopology.source_topics
        yield from subtopology.repartition_sink_topics
        yield from (topic.name for topic in subtopology.repartition_source_topics)
        yield from (topic.name for topic in subtopology.state_changelog_topics)


def refused(group_id: str, error: KafkaError) -> DescribedGroup:
    """Describe a group by why it cannot be."""
    return DescribedGroup(
        group_id=group_id, error_code=error.code, error_message=str(error) or None
    )
