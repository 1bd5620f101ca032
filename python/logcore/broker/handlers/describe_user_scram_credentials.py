"""DescribeUserScramCredentials: who has which SCRAM credentials, without their secrets."""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import ClusterAuthorizationFailedError
from logcore.controller import scram
from logcore.protocol.messages.describe_user_scram_credentials import (
    DescribeUserScramCredentialsRequest,
    DescribeUserScramCredentialsResponse,
    DescribeUserScramCredentialsResult,
)


def handle(
    parts: Parts, request: DescribeUserScramCredentialsRequest, context: RequestContext
) -> DescribeUserScramCredentialsResponse:
    """Describe some users, or all."""
    if not parts.authorizer.allows(context, Operation.DESCRIBE, ResourceType.CLUSTER):
        return _refused(request)
    users = None if request.users is None else [user.name for user in request.users]
    return scram.describe(parts.controller.image.scram, users)


def _refused(request: DescribeUserScramCredentialsRequest) -> DescribeUserScramCredentialsResponse:
    """Refuse, for every user too that was asked for."""
    error = ClusterAuthorizationFailedError("describing the cluster is not allowed")
    return DescribeUserScramCredentialsResponse(
        error_code=error.code,
        error_message=str(error),
        results=[
            DescribeUserScramCredentialsResult(
                user=user.name, error_code=error.code, error_message=str(error)
            )
            for user in request.users or ()
        ],
    )
