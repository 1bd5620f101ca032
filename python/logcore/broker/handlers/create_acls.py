"""CreateAcls: makes access rules.

Invariant: a rule is answered for once it is durable, and holds from then on.
Neighbours: `logcore.controller.acls` decides what can be made.
Source: Apache Kafka 4.3.1, `AclApis.handleCreateAcls`.
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
from logcore.protocol.messages.create_acls import (
    AclCreationResult,
    CreateAclsRequest,
    CreateAclsResponse,
)


def handle(
    parts: Parts, request: CreateAclsRequest, context: RequestContext
) -> CreateAclsResponse | Deferred[CreateAclsResponse]:
    """Make the rules, if the client may alter the cluster."""
    if not parts.authorizer.allows(context, Operation.ALTER, ResourceType.CLUSTER):
        return _refused(request, ClusterAuthorizationFailedError("altering is not allowed"))
    if isinstance(parts.authorizer, AllowAll):
        return _refused(request, SecurityDisabledError("No Authorizer is configured."))
    return parts.controller.create_acls(request)


def _refused(request: CreateAclsRequest, error: KafkaError) -> CreateAclsResponse:
    return CreateAclsResponse(
        results=[
            AclCreationResult(error_code=error.code, error_message=str(error))
            for _ in request.creations
        ]
    )
