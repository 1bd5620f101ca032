"""PushTelemetry: takes what a client pushes of its metrics (KIP-714).

Versions: 0. Every client may, as in Apache Kafka: no operation is asked for.
"""

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.protocol.messages.push_telemetry import (
    PushTelemetryRequest,
    PushTelemetryResponse,
)


def handle(
    parts: Parts, request: PushTelemetryRequest, context: RequestContext
) -> PushTelemetryResponse | Deferred[PushTelemetryResponse]:
    """Hand it to the broker's telemetry."""
    return parts.telemetry.push(request, context)
