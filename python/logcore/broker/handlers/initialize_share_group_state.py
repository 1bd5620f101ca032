"""InitializeShareGroupState: begin the state of share groups' partitions.

Version: 0. Brokers ask this of each other.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import ClusterAuthorizationFailedError
from logcore.protocol.messages.initialize_share_group_state import (
    InitializeShareGroupStateRequest,
    InitializeShareGroupStateResponse,
    InitializeStateResult,
    PartitionResult,
)


def handle(
    parts: Parts, request: InitializeShareGroupStateRequest, context: RequestContext
) -> InitializeShareGroupStateResponse | Deferred[InitializeShareGroupStateResponse]:
    """Hand the request to the coordinator of share states."""
    if parts.authorizer.allows(context, Operation.CLUSTER_ACTION, ResourceType.CLUSTER):
        return parts.share_states.initialize(request)
    error = ClusterAuthorizationFailedError(f"not authorized to ask for {context.api_key.name}")
    return InitializeShareGroupStateResponse(
        results=[
            InitializeStateResult(
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
