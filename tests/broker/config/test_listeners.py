"""Listeners: what NAME://HOST:PORT means."""

import pytest

from logcore.broker.config.listeners import Endpoint, endpoints, protocol_map
from logcore.common.config import ConfigError

PROTOCOLS = {"PLAINTEXT": "PLAINTEXT", "PUBLIC": "SSL", "IN": "SASL_SSL"}


def test_listeners_are_read():
    entries = ["PLAINTEXT://:9092", "public://[::1]:0", "IN://host-1.example:9"]
    assert endpoints("listeners", entries, PROTOCOLS) == [
        Endpoint("PLAINTEXT", "", 9092, "PLAINTEXT"),
        Endpoint("PUBLIC", "::1", 0, "SSL"),
        Endpoint("IN", "host-1.example", 9, "SASL_SSL"),
    ]


def test_what_a_protocol_means():
    plain, public, inside = endpoints(
        "listeners", ["PLAINTEXT://:1", "PUBLIC://:2", "IN://:3"], PROTOCOLS
    )
    assert [each.is_tls for each in (plain, public, inside)] == [False, True, True]
    assert [each.is_sasl for each in (plain, public, inside)] == [False, False, True]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("localhost:9092", "is not NAME://HOST:PORT"),
        ("://h:1", "is not NAME://HOST:PORT"),
        ("PLAINTEXT://h:65536", "is not NAME://HOST:PORT"),
        ("PLAINTEXT://h:-1", "is not NAME://HOST:PORT"),
        ("PLAINTEXT://h o:1", "is not NAME://HOST:PORT"),
        ("OTHER://h:1", "OTHER is not in listener.security.protocol.map"),
    ],
)
def test_a_malformed_listener_is_refused(entry, problem):
    with pytest.raises(ConfigError, match=problem):
        endpoints("listeners", [entry], PROTOCOLS)


def test_a_name_stands_for_one_listener():
    with pytest.raises(ConfigError, match="PUBLIC is listed twice"):
        endpoints("listeners", ["PUBLIC://:1", "public://:2"], PROTOCOLS)


def test_the_protocol_of_each_listener():
    assert protocol_map("a:plaintext, B:SASL_SSL") == {"A": "PLAINTEXT", "B": "SASL_SSL"}
    for wrong in ("a", "a:TLS", ":SSL"):
        with pytest.raises(ConfigError, match="NAME:PROTOCOL"):
            protocol_map(wrong)
