"""Settings are given by dotted names or keywords, checked, and read by type."""

import pytest

from logcore.client.config import CLIENT_CONFIG
from logcore.client.settings import Settings
from logcore.common.config import ConfigError


def test_both_spellings() -> None:
    settings = Settings(CLIENT_CONFIG, {"client.id": "me", "retry_backoff_ms": 7})
    assert settings.text("client.id") == "me"
    assert settings.integer("retry.backoff.ms") == 7
    assert settings.is_given("retry.backoff.ms")
    assert not settings.is_given("retry.backoff.max.ms")
    assert settings.integer("retry.backoff.max.ms") == 1000


def test_values_of_each_kind() -> None:
    settings = Settings(CLIENT_CONFIG, {"bootstrap.servers": ["a:1", "b:2"], "sasl.username": None})
    assert settings.texts("bootstrap.servers") == ("a:1", "b:2")
    assert settings.optional("sasl.username") is None
    assert settings.number("retry.backoff.ms") == 100


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"clent.id": "x"}, "client.id"),
        ({"client.id": "x", "client_id": "y"}, "twice"),
        ({"retry.backoff.ms": "soon"}, "retry.backoff.ms"),
        ({"retry.backoff.ms": -1}, "retry.backoff.ms"),
        ({"security.protocol": "TLS"}, "SASL_SSL"),
        ({"client.id": object()}, "client.id"),
    ],
)
def test_what_is_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        Settings(CLIENT_CONFIG, given)
