"""PushTelemetry over the wire; its refusals are in tests/broker/telemetry."""

from logcore.protocol.messages.get_telemetry_subscriptions import GetTelemetrySubscriptionsRequest
from logcore.protocol.messages.push_telemetry import PushTelemetryRequest
from tests.broker.running import Running
from tests.broker.telemetry.encoding import gauge, metrics, point


def test_metrics_are_taken(broker: Running):
    wire = broker.wire()
    told = wire.ask(GetTelemetrySubscriptionsRequest(), 0)
    request = PushTelemetryRequest(
        client_instance_id=told.client_instance_id,
        subscription_id=told.subscription_id,
        metrics=metrics(gauge("g", point(1))),
    )
    assert wire.ask(request, 0).error_code == 0


def test_an_unknown_subscription_is_told(broker: Running):
    wire = broker.wire()
    told = wire.ask(GetTelemetrySubscriptionsRequest(), 0)
    request = PushTelemetryRequest(
        client_instance_id=told.client_instance_id, subscription_id=told.subscription_id + 1
    )
    assert wire.ask(request, 0).error_code == 117
