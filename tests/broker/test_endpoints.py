"""What address a client is told."""

from types import SimpleNamespace
from typing import Any

import pytest

from logcore.broker.endpoints import Endpoint, Endpoints, literal


def connected(local_host: str, listener_name: str = "PLAINTEXT") -> Any:
    return SimpleNamespace(local_host=local_host, listener_name=listener_name)


def test_what_is_configured_is_told_as_it_stands():
    told = Endpoints(
        {"PLAINTEXT": Endpoint("0.0.0.0", 9092)}, {"PLAINTEXT": Endpoint("kafka.example", 19092)}
    )
    assert told.advertised("PLAINTEXT", connected("10.0.0.7")) == ("kafka.example", 19092)


def test_without_it_a_client_is_told_where_it_connected():
    told = Endpoints({"PLAINTEXT": Endpoint("0.0.0.0", 9092)})
    assert told.advertised("PLAINTEXT", connected("10.0.0.7")) == ("10.0.0.7", 9092)
    assert told.advertised("PLAINTEXT") == ("127.0.0.1", 9092)


def test_another_listener_is_told_by_where_it_is_bound():
    told = Endpoints({"PLAINTEXT": Endpoint("127.0.0.1", 9092), "SSL": Endpoint("127.0.0.2", 9093)})
    assert told.advertised("SSL", connected("127.0.0.1")) == ("127.0.0.2", 9093)


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("10.1.2.3", "10.1.2.3"),
        ("fe80::1%eth0", "fe80::1"),
        ("::1", "::1"),
        ("broker", "broker"),
    ],
)
def test_an_address_is_told_as_a_literal(host, told):
    assert literal(host) == told
