"""AlterUserScramCredentials: sets and removes SCRAM credentials of users.

Invariant: answered once it is durable; from then on users log in by the new credential.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import ClusterAuthorizationFailedError
from logcore.controller import scram
from logcore.controller.proposals import refuse_results
from logcore.protocol.messages.alter_user_scram_credentials import (
    AlterUserScramCredentialsRequest,
    AlterUserScramCredentialsResponse,
)


def handle(
    parts: Parts, request: AlterUserScramCredentialsRequest, context: RequestContext
) -> AlterUserScramCredentialsResponse | Deferred[AlterUserScramCredentialsResponse]:
    """Change the credentials, if the client may alter the cluster."""
    if not parts.authorizer.allows(context, Operation.ALTER, ResourceType.CLUSTER):
        error = ClusterAuthorizationFailedError("altering the cluster is not allowed")
        return scram.refused(request, error)
    return parts.controller.change(
        lambda image: scram.decide_changes(image.scram, request), refuse_results
    )
