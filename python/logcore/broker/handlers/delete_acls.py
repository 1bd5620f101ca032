"""DeleteAcls: removes the access rules that filters name.

Invariant: what was removed is told once that is durable, and does not hold any more then.
Neighbours: `logcore.controller.acls` decides what filters name.
Source: Apache Kafka 4.3.1, `AclApis.handleDeleteAcls`.
"""

from logcore.broker.authorizer import AllowAll, Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    SecurityDisabledError,
)
from logcore.protocol.messages.delete_acls import (
    DeleteAclsFilterResult,
    DeleteAclsRequest,
    DeleteAclsResponse,
)


def handle(
    parts: Parts, request: DeleteAclsRequest, context: RequestContext
) -> DeleteAclsResponse | Deferred[DeleteAclsResponse]:
    """Remove the rules, if the client may alter the cluster."""
    if not parts.authorizer.allows(context, Operation.ALTER, ResourceType.CLUSTER):
        return _refused(request, ClusterAuthorizationFailedError("altering is not allowed"))
    if isinstance(parts.authorizer, AllowAll):
        return _refused(request, SecurityDisabledError("No Authorizer is configured."))
    return parts.controller.delete_acls(request)


def _refused(request: DeleteAclsRequest, error: KafkaError) -> DeleteAclsResponse:
    return DeleteAclsResponse(
        filter_results=[
            DeleteAclsFilterResult(error_code=error.code, error_message=str(error))
            for _ in request.filters
        ]
    )
