"""LeaveGroup: let members of a classic group go.

Versions: 0 to 5. Before 3 a request names one member, and its error is the response's.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import GroupAuthorizationFailedError
from logcore.protocol.messages.leave_group import (
    LeaveGroupRequest,
    LeaveGroupResponse,
    MemberIdentity,
)

_SEVERAL_SINCE: Final = 3


def handle(
    parts: Parts, request: LeaveGroupRequest, context: RequestContext
) -> LeaveGroupResponse | Deferred[LeaveGroupResponse]:
    """Hand the request to the coordinator."""
    if not parts.authorizer.allows(context, Operation.READ, ResourceType.GROUP, request.group_id):
        return LeaveGroupResponse(error_code=GroupAuthorizationFailedError.code)
    if context.version >= _SEVERAL_SINCE:
        return parts.groups.leave_group(request)
    request.members = [MemberIdentity(member_id=request.member_id)]
    return parts.groups.leave_group(request).map(_of_one)


def _of_one(response: LeaveGroupResponse) -> LeaveGroupResponse:
    """Return the response of the versions that know of one member only."""
    code = response.error_code or (response.members[0].error_code if response.members else 0)
    return LeaveGroupResponse(error_code=code)
