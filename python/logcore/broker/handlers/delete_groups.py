"""DeleteGroups: delete groups without members, and their offsets.

Versions: 0 to 2, the last one flexible.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import GroupAuthorizationFailedError
from logcore.protocol.messages.delete_groups import (
    DeletableGroupResult,
    DeleteGroupsRequest,
    DeleteGroupsResponse,
)


def handle(
    parts: Parts, request: DeleteGroupsRequest, context: RequestContext
) -> Deferred[DeleteGroupsResponse]:
    """Delete the groups that the caller may delete."""
    allowed, refused = [], []
    for group_id in dict.fromkeys(request.groups_names):
        if parts.authorizer.allows(context, Operation.DELETE, ResourceType.GROUP, group_id):
            allowed.append(group_id)
        else:
            code = GroupAuthorizationFailedError.code
            refused.append(DeletableGroupResult(group_id=group_id, error_code=code))
    return parts.groups.delete_groups(allowed).map(
        lambda deleted: DeleteGroupsResponse(results=[*deleted, *refused])
    )
