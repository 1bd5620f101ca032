"""ReadShareGroupState: the state of share groups' partitions, for their leaders.

Version: 0. Brokers ask this of each other.
"""

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.refused_states import may_ask_for_states, refused_states
from logcore.common.deferred import Deferred
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
    if may_ask_for_states(parts, context):
        return parts.share_states.read_state(request)
    results = refused_states(request.topics, context, ReadStateResult, PartitionResult)
    return ReadShareGroupStateResponse(results=results)
