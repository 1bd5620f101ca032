"""ReadShareGroupState: the state of share groups' partitions, for their leaders.

Version: 0. Brokers ask this of each other.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import ClusterAuthorizationFailedError
from logcore.protocol.messages.read_share_group_state import (
    PartitionResult,
    ReadShareGroupStateRequest,
    ReadShareGroupStateResponse,
    ReadStateResult,
)


def handle(
    parts: Parts, request: ReadShareGroupStateRequest, context: RequestContext
) -> ReadShareGroupStateResponse | Deferred[ReadShareGroupStateResponse]:
    """Hand the request to the coordinator of share states."""
    if parts.authorizer.allows(context, Operation.CLUSTER_ACTION, ResourceType.CLUSTER):
        return parts.share_states.read_state(request)
    error = ClusterAuthorizationFailedError(f"not authorized to ask for {context.api_key.name}")
    return ReadShareGroupStateResponse(
        results=[
            ReadStateResult(
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
