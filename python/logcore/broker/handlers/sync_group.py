"""SyncGroup: bring the leader's assignment, or wait for it.

Versions: 0 to 5. From 5 on a member says which protocol it believes the group speaks, and one that
does not is refused.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import GroupAuthorizationFailedError, InconsistentGroupProtocolError
from logcore.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse

_PROTOCOL_SINCE: Final = 5


def handle(
    parts: Parts, request: SyncGroupRequest, context: RequestContext
) -> SyncGroupResponse | Deferred[SyncGroupResponse]:
    """Hand the request to the coordinator."""
    is_told = request.protocol_type is not None and request.protocol_name is not None
    if context.version >= _PROTOCOL_SINCE and not is_told:
        return SyncGroupResponse(error_code=InconsistentGroupProtocolError.code)
    if not parts.authorizer.allows(context, Operation.READ, ResourceType.GROUP, request.group_id):
        return SyncGroupResponse(error_code=GroupAuthorizationFailedError.code)
    return parts.groups.sync_group(request)
