"""DeleteShareGroupState: forget the state of share groups' partitions.

Version: 0. Brokers ask this of each other.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import ClusterAuthorizationFailedError
from logcore.protocol.messages.delete_share_group_state import (
    DeleteShareGroupStateRequest,
    DeleteShareGroupStateResponse,
    DeleteStateResult,
    PartitionResult,
)


def handle(
    parts: Parts, request: DeleteShareGroupStateRequest, context: RequestContext
) -> DeleteShareGroupStateResponse | Deferred[DeleteShareGroupStateResponse]:
    """Hand the request to the coordinator of share states."""
    if parts.authorizer.allows(context, Operation.CLUSTER_ACTION, ResourceType.CLUSTER):
        return parts.share_states.delete(request)
    error = ClusterAuthorizationFailedError(f"not authorized to ask for {context.api_key.name}")
    return DeleteShareGroupStateResponse(
        results=[
            DeleteStateResult(
                topic_id=topic.topic_id,
                partitions=[
                    PartitionResult(
                        partition=each.partition,
                        error_code=error.code,
                        error_message=str(error),
                    )
                    for each in topic.partitions
                ],
            )
            for topic in request.topics
        ]
    )
