"""CreatePartitions: add partitions to topics.

Versions: 0 to 3; since 3 a topic may be refused for a quota. Each topic stands or falls alone.
"""

from typing import Final

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

_STRICT_FROM: Final = 3


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
    charge = parts.quotas.mutation_charge(context, _STRICT_FROM)
    added = parts.controller.create_partitions(request, charge)

    def finish(response: CreatePartitionsResponse) -> CreatePartitionsResponse:
        response.throttle_time_ms = parts.quotas.throttle_mutation(context, charge)
        return _with_refused(response, refused)

    return added.map(finish) if refused or charge.is_exceeded else added


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
