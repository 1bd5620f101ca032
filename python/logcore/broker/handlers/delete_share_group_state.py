"""DeleteShareGroupState: forget the state of share groups' partitions.

Version: 0. Brokers ask this of each other.
"""

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.refused_states import may_ask_for_states, refused_states
from logcore.common.deferred import Deferred
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
    if may_ask_for_states(parts, context):
        return parts.share_states.delete(request)
    results = refused_states(request.topics, context, DeleteStateResult, PartitionResult)
    return DeleteShareGroupStateResponse(results=results)
