"""GetTelemetrySubscriptions: tells a client which of its metrics to push, and how often (KIP-714).

Versions: 0. Every client may, as in Apache Kafka: no operation is asked for.
"""

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.protocol.messages.get_telemetry_subscriptions import (
    GetTelemetrySubscriptionsRequest,
    GetTelemetrySubscriptionsResponse,
)


def handle(
    parts: Parts, request: GetTelemetrySubscriptionsRequest, context: RequestContext
) -> GetTelemetrySubscriptionsResponse:
    """Hand it to the broker's telemetry."""
    return parts.telemetry.subscription(request, context)
