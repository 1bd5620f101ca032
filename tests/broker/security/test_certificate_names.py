"""Names from certificates: by rules, of whoever shows one; whom no rule fits is not served."""

import subprocess

import pytest

from logcore.protocol.messages.describe_cluster import DescribeClusterRequest
from tests.broker.running import running_broker
from tests.broker.security.tls_wire import TlsWire, principals, tls_settings
from tests.network.test_tls import keys  # noqa: F401 - a fixture


@pytest.mark.parametrize(
    ("rules", "name"),
    [
        ("DEFAULT", "User:O=logcore,CN=client"),
        ("RULE:^O=.*,CN=(.*)$/$1/U", "User:CLIENT"),
    ],
)
def test_a_certificate_names_its_owner(tmp_path, keys, rules: str, name: str):  # noqa: F811
    settings = tls_settings(keys) | {
        "listener.name.tls.ssl.client.auth": "requested",
        "listener.name.tls.ssl.principal.mapping.rules": rules,
    }
    with running_broker(tmp_path, **settings) as running:
        with TlsWire(running.port, keys, "client") as wire:
            assert wire.ask(DescribeClusterRequest(), 0).error_code == 0
            assert principals(running) == {name}
        with TlsWire(running.port, keys) as wire:
            assert wire.ask(DescribeClusterRequest(), 0).error_code == 0
            assert "User:ANONYMOUS" in principals(running)


def test_a_certificate_that_no_rule_fits_is_not_served(tmp_path, keys, caplog):  # noqa: F811
    settings = tls_settings(keys) | {
        "ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^CN=nobody$/x/",
    }
    with running_broker(tmp_path, **settings) as running:
        with TlsWire(running.port, keys, "client") as wire, pytest.raises(OSError, match=r"."):
            wire.ask(DescribeClusterRequest(), 0)
        assert "login refused" in caplog.text
        assert "no rule of ssl.principal.mapping.rules fits" in caplog.text
        with pytest.raises(OSError, match=r"."), TlsWire(running.port, keys) as wire:
            wire.ask(DescribeClusterRequest(), 0)


def test_the_certificates_of_tests_are_made_by_openssl(keys):  # noqa: F811
    shown = subprocess.run(
        [
            "openssl",
            "x509",
            "-in",
            keys / "client.crt",
            "-noout",
            "-subject",
            "-nameopt",
            "RFC2253",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "O=logcore,CN=client" in shown.stdout
