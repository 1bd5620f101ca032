"""DeleteShareGroupOffsets: forget where a share group is in topics, while nobody uses it.

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
from logcore.protocol.messages.delete_share_group_offsets import (
    DeleteShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsResponse,
    DeleteShareGroupOffsetsResponseTopic,
)


def handle(
    parts: Parts, request: DeleteShareGroupOffsetsRequest, context: RequestContext
) -> DeleteShareGroupOffsetsResponse | Deferred[DeleteShareGroupOffsetsResponse]:
    """Hand the topics to the coordinator that the caller may read."""
    allows = parts.authorizer.allows
    if not is_enabled(parts):
        return _refused(UnsupportedVersionError())
    if not allows(context, Operation.DELETE, ResourceType.GROUP, request.group_id):
        return _refused(GroupAuthorizationFailedError())
    hidden = [
        topic
        for topic in request.topics
        if not allows(context, Operation.READ, ResourceType.TOPIC, topic.topic_name)
    ]
    request.topics = [topic for topic in request.topics if topic not in hidden]
    refused = [
        DeleteShareGroupOffsetsResponseTopic(
            topic_name=topic.topic_name,
            error_code=TopicAuthorizationFailedError.code,
            error_message="not authorized to read the topic",
        )
        for topic in hidden
    ]
    return parts.groups.share_offsets.delete(request).map(
        lambda deleted: _with_refused(deleted, refused)
    )


def _with_refused(
    deleted: DeleteShareGroupOffsetsResponse, refused: list[DeleteShareGroupOffsetsResponseTopic]
) -> DeleteShareGroupOffsetsResponse:
    if deleted.error_code == 0:
        deleted.responses[:0] = refused
    return deleted


def _refused(error: KafkaError) -> DeleteShareGroupOffsetsResponse:
    return DeleteShareGroupOffsetsResponse(error_code=error.code, error_message=str(error) or None)
