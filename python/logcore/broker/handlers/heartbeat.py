"""Heartbeat: a member of a classic group is alive, and learns whether it has to join again.

Versions: 0 to 4.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import GroupAuthorizationFailedError
from logcore.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse


def handle(
    parts: Parts, request: HeartbeatRequest, context: RequestContext
) -> HeartbeatResponse | Deferred[HeartbeatResponse]:
    """Hand the request to the coordinator."""
    if not parts.authorizer.allows(context, Operation.READ, ResourceType.GROUP, request.group_id):
        return HeartbeatResponse(error_code=GroupAuthorizationFailedError.code)
    return parts.groups.heartbeat(request)
