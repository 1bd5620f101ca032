"""Who we are to a registry."""

import base64

import pytest

from logcore.common.config import ConfigError
from logcore.common.errors import InvalidArgumentError
from logcore.serialization.registry.config import REGISTRY_CONFIG, Read
from logcore.serialization.registry.credentials import Credentials, endpoint_of, tls_context

PLAIN = endpoint_of("http://localhost:8081")


def headers(endpoint=PLAIN, token=None, **settings):
    return Credentials(Read(REGISTRY_CONFIG, settings), token).headers(endpoint)


def basic(text):
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("localhost:8081", "http://localhost:8081"),
        ("https://localhost/", "https://localhost:443"),
        ("http://me:secret@localhost/apis/ccompat/v7/", "http://localhost:80/apis/ccompat/v7"),
        ("[::1]:8081", "http:" + "//[::1]:8081"),
    ],
)
def test_addresses_are_shown_without_passwords(text, shown):
    assert str(endpoint_of(text)) == shown
    assert "secret" not in repr(endpoint_of(text))


@pytest.mark.parametrize("text", ["ftp://x", "http://", "localhost:port", "localhost:99999"])
def test_what_is_no_address(text):
    with pytest.raises(ConfigError, match=r"schema\.registry\.url"):
        endpoint_of(text)


def test_user_and_password():
    named = endpoint_of("http://me:sec%40ret@localhost")
    assert headers() == {}
    assert headers(named) == basic("me:sec@ret")
    assert headers(named, basic_auth_user_info="you:word") == basic("you:word")
    told = {"basic_auth_user_info": "you:word", "basic_auth_credentials_source": "URL"}
    assert headers(named, **told) == basic("me:sec@ret")
    assert headers(**told) == {}


def test_tokens():
    tokens = iter(["one", "two"])
    given = Credentials(Read(REGISTRY_CONFIG, {}), lambda: next(tokens))
    told = [given.headers(PLAIN)["Authorization"] for _ in range(2)]
    assert told == ["Bearer one", "Bearer two"]
    found = headers(
        bearer_auth_token="t",
        bearer_auth_credentials_source="STATIC_TOKEN",
        bearer_auth_logical_cluster="lsrc-1",
        bearer_auth_identity_pool_id="pool-1",
    )
    assert found == {
        "Authorization": "Bearer t",
        "target-sr-cluster": "lsrc-1",
        "Confluent-Identity-Pool-Id": "pool-1",
    }


@pytest.mark.parametrize("given", [None, b"bytes", "two\r\nlines", "gr\u00fc\u00df"])
def test_a_function_that_gives_no_token(given):
    with pytest.raises(InvalidArgumentError, match="token"):
        headers(token=lambda: given)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"basic_auth_credentials_source": "USER_INFO"}, "basic.auth.user.info"),
        ({"bearer_auth_credentials_source": "STATIC_TOKEN"}, "bearer.auth.token"),
        ({"basic_auth_user_info": "a:b", "bearer_auth_token": "t"}, "basic.auth.user.info"),
        ({"token": str, "bearer_auth_token": "t"}, "bearer.auth.token"),
    ],
)
def test_what_contradicts_itself(settings, key):
    with pytest.raises(ConfigError) as caught:
        headers(**settings)
    assert caught.value.key == key


def test_certificates_that_cannot_be_read(tmp_path):
    nonsense = tmp_path / "x.pem"
    nonsense.write_text("no certificate")
    for name in ("truststore", "keystore"):
        key = f"schema.registry.ssl.{name}.location"
        for path in (nonsense, tmp_path / "none"):
            with pytest.raises(ConfigError, match="PEM") as caught:
                tls_context(Read(REGISTRY_CONFIG, {key: str(path)}))
            assert caught.value.key == key
    unchecked = {"schema.registry.ssl.endpoint.identification.algorithm": ""}
    assert tls_context(Read(REGISTRY_CONFIG, unchecked)).check_hostname is False
    assert tls_context(Read(REGISTRY_CONFIG, {})).check_hostname is True
