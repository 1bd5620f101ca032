"""ListPartitionReassignments: the partitions that are being moved; on a single node there are none.

Version 0.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import ClusterAuthorizationFailedError
from logcore.protocol.messages.list_partition_reassignments import (
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
    OngoingPartitionReassignment,
    OngoingTopicReassignment,
)


def handle(
    parts: Parts, request: ListPartitionReassignmentsRequest, context: RequestContext
) -> ListPartitionReassignmentsResponse:
    """List what is being moved, if the client may know."""
    if not parts.authorizer.allows(context, Operation.DESCRIBE, ResourceType.CLUSTER):
        return _refused(request)
    return parts.controller.list_partition_reassignments(request)


def _refused(request: ListPartitionReassignmentsRequest) -> ListPartitionReassignmentsResponse:
    """Refuse, naming what was asked for, as Apache Kafka does."""
    error = ClusterAuthorizationFailedError("describing the cluster is not allowed")
    return ListPartitionReassignmentsResponse(
        error_code=error.code,
        error_message=str(error),
        topics=[
            OngoingTopicReassignment(
                name=topic.name,
                partitions=[
                    OngoingPartitionReassignment(partition_index=index)
                    for index in topic.partition_indexes
                ],
            )
            for topic in request.topics or ()
        ],
    )
