"""InitializeShareGroupState: begin the state of share groups' partitions.

Version: 0. Brokers ask this of each other.
"""

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.refused_states import may_ask_for_states, refused_states
from logcore.common.deferred import Deferred
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
    if may_ask_for_states(parts, context):
        return parts.share_states.initialize(request)
    results = refused_states(request.topics, context, InitializeStateResult, PartitionResult)
    return InitializeShareGroupStateResponse(results=results)
