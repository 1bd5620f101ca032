"""GetTelemetrySubscriptions over the wire; what follows from it is in tests/broker/telemetry."""

from logcore.common.uuids import ZERO_UUID
from logcore.protocol.messages.get_telemetry_subscriptions import GetTelemetrySubscriptionsRequest
from tests.broker.running import Running


def test_a_client_gets_an_id_and_keeps_it(broker: Running):
    first = broker.wire().ask(GetTelemetrySubscriptionsRequest(), 0)
    assert (first.error_code, first.requested_metrics) == (0, [])
    assert first.client_instance_id != ZERO_UUID
    own = bytes(range(16))
    again = broker.wire().ask(GetTelemetrySubscriptionsRequest(client_instance_id=own), 0)
    assert again.client_instance_id == own
    assert again.telemetry_max_bytes == 1_048_576
