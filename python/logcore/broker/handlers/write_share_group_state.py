"""WriteShareGroupState: write changes of the state of share groups' partitions.

Versions: 0 and 1; from 1 on with how many deliveries are complete. Brokers ask this of each other.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import ClusterAuthorizationFailedError
from logcore.protocol.messages.write_share_group_state import (
    PartitionResult,
    WriteShareGroupStateRequest,
    WriteShareGroupStateResponse,
    WriteStateResult,
)


def handle(
    parts: Parts, request: WriteShareGroupStateRequest, context: RequestContext
) -> WriteShareGroupStateResponse | Deferred[WriteShareGroupStateResponse]:
    """Hand the request to the coordinator of share states."""
    if parts.authorizer.allows(context, Operation.CLUSTER_ACTION, ResourceType.CLUSTER):
        return parts.share_states.write_state(request)
    error = ClusterAuthorizationFailedError(f"not authorized to ask for {context.api_key.name}")
    return WriteShareGroupStateResponse(
        results=[
            WriteStateResult(
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
