"""DescribeGroups: classic groups and their members.

Versions: 0 to 6. From 3 on with what the caller may do, if it asks; from 6 on a group that is not
there is an error, before that it is dead.
"""

from logcore.broker.authorizer import Operation, ResourceType, authorized_operations
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import GroupAuthorizationFailedError
from logcore.protocol.messages.describe_groups import (
    DescribedGroup,
    DescribeGroupsRequest,
    DescribeGroupsResponse,
)


def handle(
    parts: Parts, request: DescribeGroupsRequest, context: RequestContext
) -> DescribeGroupsResponse:
    """Describe the groups that the caller may know of."""

    def may(group_id: str) -> bool:
        return parts.authorizer.allows(context, Operation.DESCRIBE, ResourceType.GROUP, group_id)

    allowed = {group_id for group_id in request.groups if may(group_id)}
    described = parts.groups.describe_groups(
        [group_id for group_id in request.groups if group_id in allowed], context.version
    )
    if request.include_authorized_operations:
        for group in described:
            if group.error_code == 0:
                group.authorized_operations = authorized_operations(
                    parts.authorizer, context, ResourceType.GROUP, group.group_id
                )
    refused = [
        DescribedGroup(group_id=group_id, error_code=GroupAuthorizationFailedError.code)
        for group_id in request.groups
        if group_id not in allowed
    ]
    return DescribeGroupsResponse(groups=[*refused, *described])
