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
    ReassignablePartitionResponse,
    ReassignableTopicResponse,
)


def handle(
    parts: Parts, request: AlterPartitionReassignmentsRequest, context: RequestContext
) -> Deferred[AlterPartitionReassignmentsResponse]:
    """Move partitions, if the client may."""
    if not parts.authorizer.allows(context, Operation.ALTER, ResourceType.CLUSTER):
        return Deferred.of(_refused(request))
    return parts.controller.alter_partition_reassignments(request)


def _refused(request: AlterPartitionReassignmentsRequest) -> AlterPartitionReassignmentsResponse:
    error = ClusterAuthorizationFailedError("altering the cluster is not allowed")
    return AlterPartitionReassignmentsResponse(
        error_code=error.code,
        error_message=str(error),
        responses=[
            ReassignableTopicResponse(
                name=topic.name,
                partitions=[
                    ReassignablePartitionResponse(
                        partition_index=each.partition_index,
                        error_code=error.code,
                        error_message=str(error),
                    )
                    for each in topic.partitions
                ],
            )
            for topic in request.topics
        ],
    )
