"""ElectLeaders: have the preferred replicas lead again, or anybody at all.

Versions: 0 to 2; before 1 only preferred replicas can be asked for. On a single node each partition
has the leader that it can have, and is told so.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import ClusterAuthorizationFailedError
from logcore.protocol.messages.elect_leaders import ElectLeadersRequest, ElectLeadersResponse


def handle(
    parts: Parts, request: ElectLeadersRequest, context: RequestContext
) -> Deferred[ElectLeadersResponse]:
    """Elect leaders, if the client may."""
    if not parts.authorizer.allows(context, Operation.ALTER, ResourceType.CLUSTER):
        raise ClusterAuthorizationFailedError("altering the cluster is not allowed")
    return parts.controller.elect_leaders(request)
