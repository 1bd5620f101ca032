"""WriteShareGroupState: write changes of the state of share groups' partitions.

Versions: 0 and 1; from 1 on with how many deliveries are complete. Brokers ask this of each other.
"""

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.refused_states import may_ask_for_states, refused_states
from logcore.common.deferred import Deferred
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
    if may_ask_for_states(parts, context):
        return parts.share_states.write_state(request)
    results = refused_states(request.topics, context, WriteStateResult, PartitionResult)
    return WriteShareGroupStateResponse(results=results)
