"""The settings of a registry's client and of serializers."""

import pytest

from logcore.common.config import ConfigError
from logcore.serialization.registry.config import REGISTRY_CONFIG, SERDE_CONFIG, URL, Read


def test_names_with_dots_and_with_underscores():
    read = Read(REGISTRY_CONFIG, {URL: ["a:1", "b"], "max_retries": 7, "bearer.auth.token": None})
    assert read(URL, tuple) == ("a:1", "b")
    assert read("max.retries", int) == 7
    assert read("http.read.timeout.ms", int) == 60_000
    assert read.optional("bearer.auth.token") is None
    assert URL in read
    assert "bearer.auth.token" not in read


@pytest.mark.parametrize(
    ("definition", "given", "message"),
    [
        (REGISTRY_CONFIG, {"schema.registry.urls": "x"}, r"did you mean schema\.registry\.url\?"),
        (SERDE_CONFIG, {"auto_register_schema": True}, r"did you mean auto\.register\.schemas\?"),
        (REGISTRY_CONFIG, {"max.retries": -1}, "at least 0"),
        (REGISTRY_CONFIG, {"max.retries": object()}, "a object cannot be"),
        (SERDE_CONFIG, {"use.schema.id": "many"}, "INT"),
        (SERDE_CONFIG, {"use.schema.id": 1, "use_schema_id": 1}, "given twice"),
    ],
)
def test_what_is_refused(definition, given, message):
    with pytest.raises(ConfigError, match=message):
        Read(definition, given)


def test_a_password_is_not_shown():
    with pytest.raises(ConfigError) as caught:
        Read(REGISTRY_CONFIG, {"basic.auth.credentials.source": "SASL_INHERIT"})
    assert "URL, USER_INFO" in str(caught.value)
    assert REGISTRY_CONFIG["basic.auth.user.info"].is_sensitive
