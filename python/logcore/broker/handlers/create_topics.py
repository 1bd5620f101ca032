"""CreateTopics: create topics, or only check whether they could be.

Versions: 2 to 7; since 5 the response tells the settings of each new topic, since 6 a topic may be
refused for a quota, since 7 the response tells ids. Each topic stands or falls alone.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import TopicAuthorizationFailedError
from logcore.protocol.messages.create_topics import (
    CreatableTopicResult,
    CreateTopicsRequest,
    CreateTopicsResponse,
)

_STRICT_FROM: Final = 6


def handle(
    parts: Parts, request: CreateTopicsRequest, context: RequestContext
) -> Deferred[CreateTopicsResponse]:
    """Create what the client may create."""
    allows = parts.authorizer.allows
    may_all = allows(context, Operation.CREATE, ResourceType.CLUSTER, is_quiet=True)
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
        if allows(context, Operation.DESCRIBE_CONFIGS, ResourceType.TOPIC, name, is_quiet=True)
    }
    charge = parts.quotas.mutation_charge(context, _STRICT_FROM)
    created = parts.controller.create_topics(request, visible, charge)

    def finish(response: CreateTopicsResponse) -> CreateTopicsResponse:
        response.throttle_time_ms = parts.quotas.throttle_mutation(context, charge)
        return _with_refused(response, refused)

    return created.map(finish) if refused or charge.is_exceeded else created


def _with_refused(response: CreateTopicsResponse, refused: list[str]) -> CreateTopicsResponse:
    error = TopicAuthorizationFailedError
    response.topics += [
        CreatableTopicResult(
            name=name,
            error_code=error.code,
            error_message="creating this topic is not allowed",
        )
        for name in refused
    ]
    return response
