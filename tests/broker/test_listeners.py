"""What settings say of listeners reaches them, and clients are told what is configured."""

import time
import urllib.request

import pytest

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.listeners import limits_of, settings_of, tls_settings_of
from logcore.network.connection_rates import UNLIMITED
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from logcore.protocol.messages.metadata import MetadataRequest
from tests.broker.running import running_broker
from tests.broker.wire import Wire


def test_settings_and_limits_come_from_kafkas_keys():
    config = BrokerConfig(
        {
            "socket.request.max.bytes": "1000",
            "connections.max.idle.ms": "5",
            "max.connections": "10",
            "max.connections.per.ip": "3",
            "max.connections.per.ip.overrides": "127.0.0.1:7,::1:8",
        }
    )
    settings, limits = settings_of(config), limits_of(config)
    assert (settings.request_max_bytes, settings.idle_max_ms) == (1000, 5)
    assert settings.buffered_max_bytes == settings_of(BrokerConfig()).buffered_max_bytes > 0
    queued = BrokerConfig({"queued.max.request.bytes": "77"})
    assert settings_of(queued).buffered_max_bytes == 77
    assert (limits.total_max, limits.per_ip_max) == (10, 3)
    assert limits.per_ip_overrides == {"127.0.0.1": 7, "::1": 8}


def test_rates_of_connections_are_the_brokers_and_those_of_a_listener():
    config = BrokerConfig(
        {
            "listeners": "A://127.0.0.1:0,B://127.0.0.1:0",
            "listener.security.protocol.map": "A:PLAINTEXT,B:PLAINTEXT",
            "inter.broker.listener.name": "A",
            "max.connection.creation.rate": "50",
            "listener.name.a.max.connection.creation.rate": "7",
        }
    )
    rates = limits_of(config).rates
    assert (rates.total_max, rates.listener_max) == (50, {"A": 7, "B": 50})
    assert limits_of(BrokerConfig()).rates.total_max == UNLIMITED


def test_a_rate_that_is_changed_holds_for_the_next_connection(tmp_path):
    with running_broker(tmp_path, quota_window_num="2") as running:
        change = AlterableConfig(name="max.connection.creation.rate", config_operation=0, value="3")
        resource = AlterConfigsResource(resource_type=4, resource_name="", configs=[change])
        request = IncrementalAlterConfigsRequest(resources=[resource])
        assert running.wire().ask(request, 1).responses[0].error_code == 0
        began = time.monotonic()
        for _ in range(8):
            with Wire(running.port) as wire:
                wire.ask(MetadataRequest(topics=[]), 9)
        assert time.monotonic() - began > 0.8


def test_a_listener_has_tls_settings_of_its_own():
    own = "listener.name.secure.ssl.keystore.location"
    config = BrokerConfig(
        {
            "listeners": "SECURE://127.0.0.1:0",
            "listener.security.protocol.map": "SECURE:SSL",
            "inter.broker.listener.name": "SECURE",
            "ssl.keystore.location": "all.pem",
            own: "own.pem",
        }
    )
    assert tls_settings_of(config, "SECURE")["ssl.keystore.location"] == "own.pem"


@pytest.mark.parametrize(
    ("advertised", "host"), [("", "127.0.0.1"), ("PLAINTEXT://broker.example:9", "broker.example")]
)
def test_clients_are_told_where_to_connect(tmp_path, advertised: str, host: str):
    settings = {"advertised_listeners": advertised} if advertised else {}
    with running_broker(tmp_path, **settings) as running:
        answer = running.wire().ask(MetadataRequest(topics=[]), 9)
        assert [broker.host for broker in answer.brokers] == [host]
        assert answer.brokers[0].port == (9 if advertised else running.port)


def test_two_listeners_each_tell_their_own_address(tmp_path):
    listeners = "PLAINTEXT://127.0.0.1:0,OTHER://127.0.0.2:0"
    protocols = "PLAINTEXT:PLAINTEXT,OTHER:PLAINTEXT"
    with running_broker(
        tmp_path, listeners=listeners, listener_security_protocol_map=protocols
    ) as running:
        bound = running.call(lambda: running.broker.parts.endpoints.bound)
        for endpoint in bound.values():
            with Wire(endpoint.port, host=endpoint.host) as wire:
                (told,) = wire.ask(MetadataRequest(topics=[]), 9).brokers
                assert (told.host, told.port) == (endpoint.host, endpoint.port)


def test_probes_and_metrics_are_answered(tmp_path):
    with running_broker(tmp_path, logcore_health_port="0") as running:
        port = running.call(lambda: running.health_port)
        for path, found in (("livez", b"alive"), ("readyz", b"ready"), ("metrics", b"# TYPE")):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
                assert answer.status == 200
                assert found in answer.read()
