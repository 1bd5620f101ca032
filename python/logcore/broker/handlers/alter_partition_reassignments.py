"""AlterPartitionReassignments: move partitions to other brokers, or stop moving them.

Versions: 0 and 1; since 1 a client may insist that the number of replicas stays. On a single node a
partition can be "moved" only to where it is.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import ClusterAuthorizationFailedError
from logcore.protocol.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
)


def handle(
    parts: Parts, request: AlterPartitionReassignmentsRequest, context: RequestContext
) -> Deferred[AlterPartitionReassignmentsResponse]:
    """Move partitions, if the client may."""
    if not parts.authorizer.allows(context, Operation.ALTER, ResourceType.CLUSTER):
        raise ClusterAuthorizationFailedError("altering the cluster is not allowed")
    return parts.controller.alter_partition_reassignments(request)
