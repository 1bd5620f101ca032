"""JoinGroup: take a member into a classic group; parked until the group's rebalance has everybody.

Versions: 0 to 9. Before 1 the session timeout is the rebalance timeout too; before 7 the response
has no null for the protocol's name.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import GroupAuthorizationFailedError
from logcore.coordinator.group.context import Caller
from logcore.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse

_NULL_PROTOCOL_SINCE: Final = 7


def handle(
    parts: Parts, request: JoinGroupRequest, context: RequestContext
) -> JoinGroupResponse | Deferred[JoinGroupResponse]:
    """Hand the member to the coordinator."""
    if not parts.authorizer.allows(context, Operation.READ, ResourceType.GROUP, request.group_id):
        return JoinGroupResponse(
            error_code=GroupAuthorizationFailedError.code, member_id=request.member_id
        )
    caller = Caller(context.version, context.client_id or "", context.client_host)
    answer = parts.groups.join_group(caller, request)
    return answer if context.version >= _NULL_PROTOCOL_SINCE else answer.map(_without_null)


def _without_null(response: JoinGroupResponse) -> JoinGroupResponse:
    response.protocol_name = response.protocol_name or ""
    return response
