"""DescribeCluster: the cluster's id, its controller and its brokers.

Versions: 0 to 2; since 1 a client says whether it means to ask a broker or a controller, since 2
it may ask for fenced brokers too.
"""

from typing import Final

from logcore.broker.authorizer import operations_on_cluster
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.reachable_brokers import reachable_brokers
from logcore.common.errors import MismatchedEndpointTypeError, UnsupportedEndpointTypeError
from logcore.protocol.messages.describe_cluster import (
    DescribeClusterBroker,
    DescribeClusterRequest,
    DescribeClusterResponse,
)

_BROKERS: Final = 1
_CONTROLLERS: Final = 2


def handle(
    parts: Parts, request: DescribeClusterRequest, context: RequestContext
) -> DescribeClusterResponse:
    """Describe the cluster."""
    if request.endpoint_type == _CONTROLLERS:
        raise MismatchedEndpointTypeError("this is a broker, and a controller was asked for")
    if request.endpoint_type != _BROKERS:
        raise UnsupportedEndpointTypeError(f"there is no endpoint type {request.endpoint_type}")
    response = DescribeClusterResponse(
        cluster_id=parts.cluster_id,
        controller_id=parts.node_id,
        brokers=[
            DescribeClusterBroker(
                broker_id=broker.broker_id,
                host=host,
                port=port,
                rack=broker.rack,
                is_fenced=broker.is_fenced,
            )
            for broker, host, port in reachable_brokers(
                parts, context, with_fenced=request.include_fenced_brokers
            )
        ],
    )
    if request.include_cluster_authorized_operations:
        response.cluster_authorized_operations = operations_on_cluster(parts.authorizer, context)
    return response
