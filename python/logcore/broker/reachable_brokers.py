"""The brokers of the cluster, each under the address by which a given client reaches it.

Invariant: a client is told addresses of the listener that it came in by, never of another one; a
broker that has no such listener is not told at all.
Neighbours: `handlers.metadata` and its like answer with these; `endpoints` knows this broker's own
addresses, the metadata those of the others.
"""

from collections.abc import Iterator

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.controller.image import BrokerImage


def reachable_brokers(
    parts: Parts, context: RequestContext, *, with_fenced: bool = False
) -> Iterator[tuple[BrokerImage, str, int]]:
    """Yield each broker with its host and port.

    Args:
        parts: The broker's parts.
        context: Whose request it is.
        with_fenced: Whether those count too that may not serve anybody now.
    """
    for broker in parts.controller.image.brokers.values():
        if broker.is_fenced and not with_fenced:
            continue
        if broker.broker_id == parts.node_id:
            yield broker, *parts.endpoints.advertised(context.listener_name, context.connection)
            continue
        for endpoint in broker.endpoints:
            if endpoint.name == context.listener_name:
                yield broker, endpoint.host, endpoint.port
