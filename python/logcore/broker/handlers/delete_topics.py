"""DeleteTopics: delete topics by name, or by id.

Versions: 1 to 6; since 5 a refusal says why, since 6 topics are named by name or by id. A client
that may not see a topic is not told whether its id exists.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.quotas.mutations import Charge
from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError, TopicAuthorizationFailedError
from logcore.controller.controller import deletion_refusal
from logcore.controller.image import TopicImage
from logcore.controller.topics import Deletion, resolve_deletion
from logcore.protocol.messages.delete_topics import (
    DeletableTopicResult,
    DeleteTopicsRequest,
    DeleteTopicsResponse,
    DeleteTopicState,
)

_STATES_FROM: Final = 6
_STRICT_FROM: Final = 5


def handle(
    parts: Parts, request: DeleteTopicsRequest, context: RequestContext
) -> DeleteTopicsResponse | Deferred[DeleteTopicsResponse]:
    """Delete what the client may delete."""
    states = request.topics
    if context.version < _STATES_FROM:
        states = [DeleteTopicState(name=name) for name in request.topic_names]
    if not parts.config.delete_topic_enable:
        refusal = deletion_refusal(context.version)
        return DeleteTopicsResponse(
            responses=[_refused(state.name, state.topic_id, refusal) for state in states]
        )
    may_all = parts.authorizer.allows(
        context, Operation.DELETE, ResourceType.CLUSTER, is_quiet=True
    )
    results: list[DeletableTopicResult] = []
    deleted: list[TopicImage] = []
    charge = parts.quotas.mutation_charge(context, _STRICT_FROM)
    for deletion in resolve_deletion(parts.controller.image, states):
        refused = None if may_all else _forbidden(parts, context, deletion)
        if deletion.topic is not None and refused is None:
            refused = _unpaid(charge, deletion.topic)
        results.append(refused or deletion.result)
        if deletion.topic is not None and refused is None:
            deleted.append(deletion.topic)
    response = DeleteTopicsResponse(responses=results)

    def finish(_: None) -> DeleteTopicsResponse:
        response.throttle_time_ms = parts.quotas.throttle_mutation(context, charge)
        return response

    return parts.controller.delete_topics(deleted).map(finish)


def _unpaid(charge: Charge, topic: TopicImage) -> DeletableTopicResult | None:
    """Charge for the partitions that go with a topic; return what to answer if they may not."""
    try:
        charge(len(topic.partitions))
    except KafkaError as error:
        return _refused(topic.name, topic.topic_id, error)
    return None


def _refused(name: str | None, topic_id: bytes, error: KafkaError) -> DeletableTopicResult:
    return DeletableTopicResult(
        name=name, topic_id=topic_id, error_code=error.code, error_message=str(error)
    )


def _forbidden(
    parts: Parts, context: RequestContext, deletion: Deletion
) -> DeletableTopicResult | None:
    """Return what to answer instead where the client may not delete a topic."""
    name = deletion.result.name
    if name is None:
        return None
    allows = parts.authorizer.allows
    error = TopicAuthorizationFailedError("deleting this topic is not allowed")
    if not allows(context, Operation.DESCRIBE, ResourceType.TOPIC, name):
        return _refused(deletion.state.name, deletion.state.topic_id, error)
    if not allows(context, Operation.DELETE, ResourceType.TOPIC, name):
        return _refused(name, deletion.state.topic_id, error)
    return None
