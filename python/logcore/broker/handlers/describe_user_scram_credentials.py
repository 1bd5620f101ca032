"""DescribeUserScramCredentials: who has which SCRAM credentials, without their secrets."""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import ClusterAuthorizationFailedError
from logcore.controller import scram
from logcore.protocol.messages.describe_user_scram_credentials import (
    DescribeUserScramCredentialsRequest,
    DescribeUserScramCredentialsResponse,
)


def handle(
    parts: Parts, request: DescribeUserScramCredentialsRequest, context: RequestContext
) -> DescribeUserScramCredentialsResponse:
    """Describe some users, or all."""
    if not parts.authorizer.allows(context, Operation.DESCRIBE, ResourceType.CLUSTER):
        raise ClusterAuthorizationFailedError("describing the cluster is not allowed")
    users = None if request.users is None else [user.name for user in request.users]
    return scram.describe(parts.controller.image.scram, users)
