"""CreatePartitions: add partitions to topics.

Versions: 0 to 3, which differ in their encoding only. Each topic stands or falls alone.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import TopicAuthorizationFailedError
from logcore.protocol.messages.create_partitions import (
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreatePartitionsTopicResult,
)


def handle(
    parts: Parts, request: CreatePartitionsRequest, context: RequestContext
) -> Deferred[CreatePartitionsResponse]:
    """Add partitions to those topics that the client may alter."""
    names = dict.fromkeys(topic.name for topic in request.topics)
    refused = [
        name
        for name in names
        if not parts.authorizer.allows(context, Operation.ALTER, ResourceType.TOPIC, name)
    ]
    request.topics = [topic for topic in request.topics if topic.name not in refused]
    added = parts.controller.create_partitions(request)
    return added.map(lambda response: _with_refused(response, refused)) if refused else added


def _with_refused(
    response: CreatePartitionsResponse, refused: list[str]
) -> CreatePartitionsResponse:
    response.results += [
        CreatePartitionsTopicResult(
            name=name,
            error_code=TopicAuthorizationFailedError.code,
            error_message="altering this topic is not allowed",
        )
        for name in refused
    ]
    return response
