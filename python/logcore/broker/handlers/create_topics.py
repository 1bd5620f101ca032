"""CreateTopics: create topics, or only check whether they could be.

Versions: 2 to 7; since 5 the response tells the settings of each new topic, since 7 its id. Each
topic stands or falls alone.
"""

from logcore.broker.authorizer import CLUSTER_NAME, Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import TopicAuthorizationFailedError
from logcore.protocol.messages.create_topics import (
    CreatableTopicResult,
    CreateTopicsRequest,
    CreateTopicsResponse,
)


def handle(
    parts: Parts, request: CreateTopicsRequest, context: RequestContext
) -> Deferred[CreateTopicsResponse]:
    """Create what the client may create."""
    allows = parts.authorizer.allows
    may_all = allows(context, Operation.CREATE, ResourceType.CLUSTER, CLUSTER_NAME)
    names = dict.fromkeys(topic.name for topic in request.topics)
    refused = [
        name
        for name in names
        if not may_all and not allows(context, Operation.CREATE, ResourceType.TOPIC, name)
    ]
    request.topics = [topic for topic in request.topics if topic.name not in refused]
    visible = {
        name
        for name in names
        if allows(context, Operation.DESCRIBE_CONFIGS, ResourceType.TOPIC, name)
    }
    created = parts.controller.create_topics(request, visible)
    return created.map(lambda response: _with_refused(response, refused)) if refused else created


def _with_refused(response: CreateTopicsResponse, refused: list[str]) -> CreateTopicsResponse:
    error = TopicAuthorizationFailedError
    response.topics += [
        CreatableTopicResult(
            name=name,
            error_code=error.code,
            error_message="creating this topic is not allowed",
            configs=None,
        )
        for name in refused
    ]
    return response
