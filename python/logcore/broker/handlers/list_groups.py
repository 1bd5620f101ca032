"""ListGroups: the groups that this broker coordinates.

Versions: 0 to 5; from 4 on by state, from 5 on by type. Who may describe the cluster sees all of
them, anybody else those it may describe.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.protocol.messages.list_groups import ListGroupsRequest, ListGroupsResponse


def handle(parts: Parts, request: ListGroupsRequest, context: RequestContext) -> ListGroupsResponse:
    """List the groups that the caller may know of."""
    response = parts.groups.list_groups(request)
    allows = parts.authorizer.allows
    if not allows(context, Operation.DESCRIBE, ResourceType.CLUSTER, is_quiet=True):
        response.groups = [
            group
            for group in response.groups
            if allows(
                context, Operation.DESCRIBE, ResourceType.GROUP, group.group_id, is_quiet=True
            )
        ]
    return response
