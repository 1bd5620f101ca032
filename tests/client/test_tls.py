"""TLS contexts of clients: certificates are always checked, and what is no PEM is said."""

import ssl
from pathlib import Path

import pytest

from logcore.client.config import CLIENT_CONFIG
from logcore.client.settings import Settings
from logcore.client.tls import client_context, provider_context
from logcore.common.config import ConfigError
from tests.interop.certificates import Authority


def context(**settings: str) -> ssl.SSLContext | None:
    return client_context(Settings(CLIENT_CONFIG, {"security.protocol": "SSL", **settings}))


def test_certificates_are_checked() -> None:
    made = context()
    assert made is not None
    assert made.verify_mode is ssl.CERT_REQUIRED
    assert made.check_hostname
    lax = context(ssl_endpoint_identification_algorithm="")
    assert lax is not None
    assert lax.verify_mode is ssl.CERT_REQUIRED
    assert not lax.check_hostname


@pytest.mark.parametrize(
    "settings",
    [
        {"ssl_truststore_certificates": "nonsense"},
        {"ssl_truststore_location": "/no/such/file"},
        {"ssl_keystore_location": "/no/such/file"},
        {"ssl_keystore_key": "nonsense", "ssl_keystore_certificate_chain": "nonsense"},
    ],
)
def test_what_cannot_be_used_is_said(settings: dict[str, str]) -> None:
    key = next(iter(settings)).replace("_", ".")
    with pytest.raises(ConfigError, match=key):
        context(**settings)


def test_a_file_that_is_no_pem(tmp_path: Path) -> None:
    file = tmp_path / "trust.pem"
    file.write_text("nonsense", encoding="utf-8")
    with pytest.raises(ConfigError, match="PEM"):
        context(ssl_truststore_location=str(file))


def trusted(context: ssl.SSLContext) -> int:
    return context.cert_store_stats()["x509_ca"]


def test_a_truststore_stands_for_the_system_to_brokers_and_beside_it_to_identity_providers(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    settings = Settings(CLIENT_CONFIG, {"ssl.truststore.location": str(authority.trusted)})
    system = trusted(ssl.create_default_context())
    assert trusted(client_context(settings)) == 1
    assert trusted(provider_context(settings)) == system + 1
    assert trusted(provider_context(Settings(CLIENT_CONFIG, {}))) == system


def test_the_name_of_an_identity_provider_is_always_compared() -> None:
    settings = Settings(CLIENT_CONFIG, {"ssl.endpoint.identification.algorithm": ""})
    assert not client_context(settings).check_hostname
    assert provider_context(settings).check_hostname
