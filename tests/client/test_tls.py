"""TLS contexts of clients: certificates are always checked, and what is no PEM is said."""

import ssl
from pathlib import Path

import pytest

from logcore.client.config import CLIENT_CONFIG
from logcore.client.settings import Settings
from logcore.client.tls import client_context
from logcore.common.config import ConfigError


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
