"""ReadShareGroupStateSummary: where the state of share groups' partitions begins.

Versions: 0 and 1; from 1 on with how many deliveries are complete. Brokers ask this of each other.
"""

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.refused_states import may_ask_for_states, refused_states
from logcore.common.deferred import Deferred
from logcore.protocol.messages.read_share_group_state_summary import (
    PartitionResult,
    ReadShareGroupStateSummaryRequest,
    ReadShareGroupStateSummaryResponse,
    ReadStateSummaryResult,
)


def handle(
    parts: Parts, request: ReadShareGroupStateSummaryRequest, context: RequestContext
) -> ReadShareGroupStateSummaryResponse | Deferred[ReadShareGroupStateSummaryResponse]:
    """Hand the request to the coordinator of share states."""
    if may_ask_for_states(parts, context):
        return parts.share_states.read_summary(request)
    results = refused_states(request.topics, context, ReadStateSummaryResult, PartitionResult)
    return ReadShareGroupStateSummaryResponse(results=results)
