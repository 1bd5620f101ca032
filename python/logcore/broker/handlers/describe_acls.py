"""DescribeAcls: lists the access rules that a filter names.

Invariant: rules of one pattern are told together; a filter that means nothing names none.
Neighbours: `logcore.controller.acls` knows what a filter names.
Source: Apache Kafka 4.3.1, `AclApis.handleDescribeAcls`.
"""

from logcore.broker.authorizer import AllowAll, Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import ClusterAuthorizationFailedError, SecurityDisabledError
from logcore.controller.acls import Acl, AclFilter, found
from logcore.protocol.messages.describe_acls import (
    AclDescription,
    DescribeAclsRequest,
    DescribeAclsResource,
    DescribeAclsResponse,
)


def handle(
    parts: Parts, request: DescribeAclsRequest, context: RequestContext
) -> DescribeAclsResponse:
    """List the rules, if the client may describe the cluster."""
    if not parts.authorizer.allows(context, Operation.DESCRIBE, ResourceType.CLUSTER):
        raise ClusterAuthorizationFailedError("describing the cluster is not allowed")
    if isinstance(parts.authorizer, AllowAll):
        raise SecurityDisabledError("No Authorizer is configured on the broker")
    wanted = AclFilter(
        resource_type=request.resource_type_filter,
        resource_name=request.resource_name_filter,
        pattern_type=request.pattern_type_filter,
        principal=request.principal_filter,
        host=request.host_filter,
        operation=request.operation,
        permission_type=request.permission_type,
    )
    resources: dict[tuple[int, str, int], DescribeAclsResource] = {}
    for _, acl in found(parts.controller.image.acls, wanted):
        pattern = (acl.resource_type, acl.resource_name, acl.pattern_type)
        if pattern not in resources:
            kind, name, pattern_type = pattern
            resources[pattern] = DescribeAclsResource(
                resource_type=kind, resource_name=name, pattern_type=pattern_type
            )
        resources[pattern].acls.append(_told(acl))
    return DescribeAclsResponse(resources=list(resources.values()))


def _told(acl: Acl) -> AclDescription:
    return AclDescription(
        principal=acl.principal,
        host=acl.host,
        operation=acl.operation,
        permission_type=acl.permission_type,
    )
