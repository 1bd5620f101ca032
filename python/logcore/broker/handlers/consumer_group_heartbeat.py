"""ConsumerGroupHeartbeat: a member of a consumer group joins, follows its target, or leaves.

Versions: 0 and 1. From 1 on members make their ids themselves, and may subscribe by an expression.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.handlers.consumer_group_describe import is_enabled
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from logcore.coordinator.group.context import Caller
from logcore.protocol.messages.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)


def handle(
    parts: Parts, request: ConsumerGroupHeartbeatRequest, context: RequestContext
) -> ConsumerGroupHeartbeatResponse | Deferred[ConsumerGroupHeartbeatResponse]:
    """Hand the request to the coordinator."""

    def may_describe(topic: str, *, is_quiet: bool = True) -> bool:
        return parts.authorizer.allows(
            context, Operation.DESCRIBE, ResourceType.TOPIC, topic, is_quiet=is_quiet
        )

    if not is_enabled(parts):
        return refused(UnsupportedVersionError("consumer groups are disabled"))
    if not parts.authorizer.allows(context, Operation.READ, ResourceType.GROUP, request.group_id):
        return refused(GroupAuthorizationFailedError())
    if not all(
        may_describe(topic, is_quiet=False) for topic in request.subscribed_topic_names or ()
    ):
        return refused(TopicAuthorizationFailedError())
    caller = Caller(context.version, context.client_id or "", context.client_host)
    return parts.groups.consumer_heartbeat(caller, request, may_describe)


def refused(error: KafkaError) -> ConsumerGroupHeartbeatResponse:
    """Answer with an error."""
    return ConsumerGroupHeartbeatResponse(error_code=error.code, error_message=str(error) or None)
