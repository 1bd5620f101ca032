"""Keys that a user gives: known, of a listener, or refused by name."""

import pytest

from logcore.broker.config.given_keys import (
    Given,
    base_name,
    check_known,
    definition,
    listener_prefix,
)
from logcore.common.config import ConfigError


def name_of(key):
    found = definition(key)
    return found and found.name


def test_a_listeners_key_is_read_as_its_base():
    assert name_of("listener.name.public.ssl.client.auth") == "ssl.client.auth"
    jaas = "listener.name.public.scram-sha-256.sasl.jaas.config"
    assert name_of(jaas) == "sasl.jaas.config"
    assert definition("listener.name.public.zork") is None
    assert definition("zork") is None
    assert base_name("listener.name.public.ssl.client.auth") == "ssl.client.auth"
    assert base_name("num.partitions") == "num.partitions"
    assert listener_prefix("PUBLIC") == "listener.name.public."


def test_all_unknown_keys_of_a_source_are_named_at_once():
    given = {
        "num.partition": Given("1", "a.properties"),
        "zookeeper.connect": Given("x", "a.properties"),
        "zork": Given("x", "a.properties"),
        "node.id": Given("1", "a.properties"),
        "other": Given("x", "--set"),
    }
    with pytest.raises(ConfigError) as caught:
        check_known(given)
    assert str(caught.value) == (
        "a.properties: unknown keys num.partition (did you mean num.partitions?), "
        "zookeeper.connect (removed in Apache Kafka 4), zork"
    )


def test_known_keys_pass():
    check_known({"node.id": Given("1", "x"), "logcore.health.port": Given("1", "x")})
