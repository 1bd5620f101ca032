"""ShareGroupHeartbeat: a member of a share group joins, follows its assignment, and leaves.

Version: 1. The assignment comes with the answer to the first heartbeat already, where Apache Kafka
gives it with the next one.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.handlers.share_group_describe import is_enabled
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    InvalidRequestError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from logcore.coordinator.group.context import Caller
from logcore.coordinator.group.share.requests import refused
from logcore.protocol.messages.share_group_heartbeat import (
    ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse,
)

MEMBER_ID_MAX: Final = 36
"""How long a member's id may be: a UUID's text."""


def handle(
    parts: Parts, request: ShareGroupHeartbeatRequest, context: RequestContext
) -> ShareGroupHeartbeatResponse | Deferred[ShareGroupHeartbeatResponse]:
    """Hand the request to the coordinator."""
    allows = parts.authorizer.allows
    if not is_enabled(parts):
        return refused(UnsupportedVersionError("share groups are disabled"))
    if not allows(context, Operation.READ, ResourceType.GROUP, request.group_id):
        return refused(GroupAuthorizationFailedError())
    if not 0 < len(request.member_id) <= MEMBER_ID_MAX:
        return refused(InvalidRequestError())
    if not all(
        allows(context, Operation.DESCRIBE, ResourceType.TOPIC, topic)
        for topic in request.subscribed_topic_names or ()
    ):
        return refused(TopicAuthorizationFailedError())
    caller = Caller(context.version, context.client_id or "", context.client_host)
    return parts.groups.share.heartbeat(caller, request)
