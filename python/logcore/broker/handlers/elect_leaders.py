"""ElectLeaders: have the preferred replicas lead again, or anybody at all.

Versions: 0 to 2; before 1 only preferred replicas can be asked for. On a single node each partition
has the leader that it can have, and is told so.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import ClusterAuthorizationFailedError
from logcore.protocol.messages.elect_leaders import (
    ElectLeadersRequest,
    ElectLeadersResponse,
    PartitionResult,
    ReplicaElectionResult,
)

_ERROR_FROM: Final = 1


def handle(
    parts: Parts, request: ElectLeadersRequest, context: RequestContext
) -> Deferred[ElectLeadersResponse]:
    """Elect leaders, if the client may."""
    if not parts.authorizer.allows(context, Operation.ALTER, ResourceType.CLUSTER):
        return Deferred.of(_refused(request, context.version))
    return parts.controller.elect_leaders(request)


def _refused(request: ElectLeadersRequest, version: int) -> ElectLeadersResponse:
    """Refuse, at every partition too: the first version has no other place for it."""
    error = ClusterAuthorizationFailedError("altering the cluster is not allowed")
    return ElectLeadersResponse(
        error_code=error.code if version >= _ERROR_FROM else 0,
        replica_election_results=[
            ReplicaElectionResult(
                topic=topic.topic,
                partition_result=[
                    PartitionResult(
                        partition_id=index, error_code=error.code, error_message=str(error)
                    )
                    for index in topic.partitions
                ],
            )
            for topic in request.topic_partitions or ()
        ],
    )
