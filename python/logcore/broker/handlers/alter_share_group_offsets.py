"""AlterShareGroupOffsets: set anew where a share group begins to deliver, while nobody uses it.

Version: 0.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.handlers.share_group_describe import is_enabled
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from logcore.protocol.messages.alter_share_group_offsets import (
    AlterShareGroupOffsetsRequest,
    AlterShareGroupOffsetsRequestTopic,
    AlterShareGroupOffsetsResponse,
    AlterShareGroupOffsetsResponsePartition,
    AlterShareGroupOffsetsResponseTopic,
)


def handle(
    parts: Parts, request: AlterShareGroupOffsetsRequest, context: RequestContext
) -> AlterShareGroupOffsetsResponse | Deferred[AlterShareGroupOffsetsResponse]:
    """Hand the topics to the coordinator that the caller may read."""
    allows = parts.authorizer.allows
    if not is_enabled(parts):
        return _refused(UnsupportedVersionError())
    if not allows(context, Operation.READ, ResourceType.GROUP, request.group_id):
        return _refused(GroupAuthorizationFailedError())
    hidden = [
        topic
        for topic in request.topics
        if not allows(context, Operation.READ, ResourceType.TOPIC, topic.topic_name)
    ]
    request.topics = [topic for topic in request.topics if topic not in hidden]
    return parts.groups.share_offsets.alter(request).map(
        lambda altered: _with_hidden(altered, [_hide(topic) for topic in hidden])
    )


def _with_hidden(
    altered: AlterShareGroupOffsetsResponse, hidden: list[AlterShareGroupOffsetsResponseTopic]
) -> AlterShareGroupOffsetsResponse:
    if altered.error_code == 0:
        altered.responses.extend(hidden)
    return altered


def _hide(topic: AlterShareGroupOffsetsRequestTopic) -> AlterShareGroupOffsetsResponseTopic:
    return AlterShareGroupOffsetsResponseTopic(
        topic_name=topic.topic_name,
        partitions=[
            AlterShareGroupOffsetsResponsePartition(
                partition_index=each.partition_index,
                error_code=TopicAuthorizationFailedError.code,
                error_message="not authorized to read the topic",
            )
            for each in topic.partitions
        ],
    )


def _refused(error: KafkaError) -> AlterShareGroupOffsetsResponse:
    return AlterShareGroupOffsetsResponse(error_code=error.code, error_message=str(error) or None)
