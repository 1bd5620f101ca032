"""Telemetry in a running broker, over the wire: asked for, pushed, shown."""

import gzip
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from logcore.broker.telemetry import telemetry as module
from logcore.common.uuids import ZERO_UUID, uuid_text
from logcore.protocol.messages.api_versions import ApiVersionsRequest
from logcore.protocol.messages.get_telemetry_subscriptions import GetTelemetrySubscriptionsRequest
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from logcore.protocol.messages.push_telemetry import PushTelemetryRequest
from tests.broker.running import NAMES, Running, running_broker
from tests.broker.telemetry.encoding import gauge, metrics, point
from tests.broker.wire import Wire

INVALID_REQUEST, UNSUPPORTED_COMPRESSION, INVALID_RECORD, THROTTLED = 42, 76, 87, 89
UNKNOWN_SUBSCRIPTION, TOO_LARGE = 117, 118
CLIENT_METRICS = 16


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A broker with a port for metrics, that takes small pushes only."""
    path = tmp_path_factory.mktemp("broker")
    with running_broker(path, telemetry_max_bytes="400", logcore_health_port="0") as running:
        yield running


def subscribe(broker: Running, **configs: str | None) -> str:
    """Set a subscription of a fresh name, or take its settings away."""
    name = f"subscription-{next(NAMES)}"
    change(broker, name, **configs)
    return name


def change(broker: Running, name: str, **configs: str | None) -> None:
    changes = [
        AlterableConfig(name=key.replace("_", "."), config_operation=0 if value else 1, value=value)
        for key, value in configs.items()
    ]
    resource = AlterConfigsResource(
        resource_type=CLIENT_METRICS, resource_name=name, configs=changes
    )
    request = IncrementalAlterConfigsRequest(resources=[resource])
    assert broker.wire().ask(request, 1).responses[0].error_code == 0


def client(broker: Running, software: str = "tester") -> Wire:
    wire = broker.wire(f"client-{next(NAMES)}")
    request = ApiVersionsRequest(client_software_name=software, client_software_version="1.2")
    assert wire.ask(request, 3).error_code == 0
    return wire


def ask(wire: Wire, instance_id: bytes = ZERO_UUID) -> Any:
    return wire.ask(GetTelemetrySubscriptionsRequest(client_instance_id=instance_id), 0)


def push(wire: Wire, told: Any, data: bytes = b"", **rest: Any) -> int:
    known: dict[str, Any] = {
        "client_instance_id": told.client_instance_id,
        "subscription_id": told.subscription_id,
    }
    response = wire.ask(PushTelemetryRequest(metrics=data, **(known | rest)), 0)
    code: int = response.error_code
    return code


def shown(broker: Running) -> str:
    url = f"http://127.0.0.1:{broker.health_port}/metrics"
    with urllib.request.urlopen(url, timeout=10) as response:
        text: str = response.read().decode()
    return text


def test_what_a_client_pushes_is_shown(broker: Running):
    name = subscribe(broker, metrics="org.", interval_ms="1000", match="client_software_name=te.*")
    wire = client(broker)
    told = ask(wire)
    assert told.error_code == 0
    assert told.client_instance_id != ZERO_UUID
    assert (told.requested_metrics, told.push_interval_ms) == (["org."], 1000)
    assert (told.telemetry_max_bytes, told.delta_temporality) == (400, True)
    assert told.accepted_compression_types == [4, 3, 1, 2]
    data = gzip.compress(metrics(gauge("org.speed", point(0.5, topic="t"))))
    assert push(wire, told, data, compression_type=1) == 0
    expected = (
        f'logcore_client_org_speed{{client_id="{wire.client_id}",'
        f'client_instance_id="{uuid_text(told.client_instance_id)}",'
        'client_software_name="tester",client_software_version="1.2",topic="t"} 0.5'
    )
    assert expected in shown(broker).splitlines()
    assert "logcore_telemetry_pushes_total" in shown(broker)
    other = ask(client(broker, software="other"))
    assert (other.requested_metrics, other.push_interval_ms) == ([], 300_000)
    change(broker, name, metrics=None, interval_ms=None, match=None)


def test_a_change_of_subscriptions_is_noticed(broker: Running):
    name = subscribe(broker, metrics="a.", interval_ms="60000", match="client_software_name=new")
    wire = client(broker, "new")
    told = ask(wire)
    assert ask(wire, told.client_instance_id).error_code == THROTTLED
    change(broker, name, metrics="b.")
    assert push(wire, told) == UNKNOWN_SUBSCRIPTION
    again = ask(wire, told.client_instance_id)
    assert (again.error_code, again.requested_metrics) == (0, ["b."])
    assert again.subscription_id != told.subscription_id
    assert push(wire, again) == 0
    change(broker, name, metrics=None, interval_ms=None, match=None)
    assert ask(wire, told.client_instance_id).requested_metrics == []


def test_refusals(broker: Running):
    wire = client(broker)
    assert push(wire, ask(wire), client_instance_id=ZERO_UUID) == INVALID_REQUEST
    assert push(wire, ask(wire), b"x" * 401) == TOO_LARGE
    assert push(wire, ask(wire), compression_type=9) == UNSUPPORTED_COMPRESSION
    assert push(wire, ask(wire), b"no metrics") == INVALID_RECORD
    assert push(wire, ask(wire), b"no gzip", compression_type=1) == INVALID_RECORD
    bomb = gzip.compress(bytes(100_000))
    assert len(bomb) < 400
    assert push(wire, ask(wire), bomb, compression_type=1) == INVALID_RECORD
    told = ask(wire)
    assert push(wire, told) == 0
    assert push(wire, told) == THROTTLED
    assert push(wire, told, terminating=True) == 0
    assert push(wire, told) == INVALID_REQUEST
    refused = shown(broker)
    for error in ("THROTTLING_QUOTA_EXCEEDED", "TELEMETRY_TOO_LARGE", "INVALID_RECORD"):
        assert f'logcore_telemetry_refused_total{{error="{error}"}}' in refused


def test_subscriptions_outlive_a_restart_and_metrics_do_not(tmp_path):
    with running_broker(tmp_path) as first:
        subscribe(first, metrics="zeta.", interval_ms="200")
        wire = client(first)
        assert push(wire, ask(wire), metrics(gauge("zeta.g", point(1)))) == 0
    with running_broker(tmp_path, logcore_health_port="0") as second:
        assert ask(client(second)).requested_metrics == ["zeta."]
        assert "zeta" not in shown(second)


def test_no_more_clients_are_remembered_than_there_is_room_for(
    broker: Running, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "INSTANCES_MAX", 3)
    wire = client(broker)
    for number in range(10):
        ask(wire, bytes([number + 2]) * 16)
    telemetry = broker.broker.parts.telemetry
    assert broker.call(lambda: len(telemetry._instances)) <= 3


def test_clients_that_are_not_heard_of_are_forgotten(tmp_path):
    with running_broker(tmp_path) as broker:
        subscribe(broker, metrics="a.", interval_ms="100")
        ask(client(broker))
        time.sleep(0.35)
        ask(client(broker))
        assert broker.call(lambda: len(broker.broker.parts.telemetry._instances)) == 1
