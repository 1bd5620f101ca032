"""DescribeShareGroupOffsets: where share groups begin to deliver, and how much is left.

Versions: 0 and 1; from 1 on with the lag.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.handlers.share_group_describe import is_enabled
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred, gather
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from logcore.protocol.messages.describe_share_group_offsets import (
    DescribeShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsRequestGroup,
    DescribeShareGroupOffsetsRequestTopic,
    DescribeShareGroupOffsetsResponse,
    DescribeShareGroupOffsetsResponseGroup,
    DescribeShareGroupOffsetsResponsePartition,
    DescribeShareGroupOffsetsResponseTopic,
)


def handle(
    parts: Parts, request: DescribeShareGroupOffsetsRequest, context: RequestContext
) -> Deferred[DescribeShareGroupOffsetsResponse]:
    """Describe each group that the caller may know of, with topics that it may know of."""
    return gather(_describe(parts, group, context) for group in request.groups).map(
        lambda told: DescribeShareGroupOffsetsResponse(groups=[each.value() for each in told])
    )


def _describe(
    parts: Parts, group: DescribeShareGroupOffsetsRequestGroup, context: RequestContext
) -> Deferred[DescribeShareGroupOffsetsResponseGroup]:
    def may_know(topic: str) -> bool:
        return parts.authorizer.allows(context, Operation.DESCRIBE, ResourceType.TOPIC, topic)

    if not is_enabled(parts):
        return Deferred.of(_refused(group.group_id, UnsupportedVersionError()))
    if not parts.authorizer.allows(context, Operation.DESCRIBE, ResourceType.GROUP, group.group_id):
        return Deferred.of(_refused(group.group_id, GroupAuthorizationFailedError()))
    if group.topics is None:
        return parts.groups.share_offsets.describe(group).map(
            lambda told: _only(
                told, {each.topic_name for each in told.topics if may_know(each.topic_name)}
            )
        )
    hidden = [topic for topic in group.topics if not may_know(topic.topic_name)]
    group.topics = [topic for topic in group.topics if topic not in hidden]
    return parts.groups.share_offsets.describe(group).map(
        lambda told: _with_hidden(told, [_hide(topic) for topic in hidden])
    )


def _only(
    told: DescribeShareGroupOffsetsResponseGroup, names: set[str]
) -> DescribeShareGroupOffsetsResponseGroup:
    told.topics = [topic for topic in told.topics if topic.topic_name in names]
    return told


def _with_hidden(
    told: DescribeShareGroupOffsetsResponseGroup,
    hidden: list[DescribeShareGroupOffsetsResponseTopic],
) -> DescribeShareGroupOffsetsResponseGroup:
    if told.error_code == 0:
        told.topics.extend(hidden)
    return told


def _hide(
    topic: DescribeShareGroupOffsetsRequestTopic,
) -> DescribeShareGroupOffsetsResponseTopic:
    """Tell nothing of a topic but that it may not be told of."""
    return DescribeShareGroupOffsetsResponseTopic(
        topic_name=topic.topic_name,
        partitions=[
            DescribeShareGroupOffsetsResponsePartition(
                partition_index=partition,
                start_offset=-1,
                error_code=TopicAuthorizationFailedError.code,
                error_message="not authorized to describe the topic",
            )
            for partition in topic.partitions
        ],
    )


def _refused(group_id: str, error: KafkaError) -> DescribeShareGroupOffsetsResponseGroup:
    return DescribeShareGroupOffsetsResponseGroup(
        group_id=group_id, error_code=error.code, error_message=str(error) or None
    )
