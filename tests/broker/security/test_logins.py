"""Listeners over the wire: logins, names from certificates, and settings of one listener alone."""

import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from logcore.common.config import ConfigError
from logcore.protocol.messages.describe_cluster import DescribeClusterRequest
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from logcore.protocol.messages.metadata import MetadataRequest
from tests.broker.handlers.logging_in import (
    SETTINGS,
    authenticate,
    handshake,
    logged_in,
    login_broker,
    open_port,
    scram_login,
)
from tests.broker.running import Running, running_broker
from tests.broker.wire import Wire
from tests.network.test_tls import keys  # noqa: F401 - a fixture


def principals(running: Running) -> set[str]:
    listeners: Any = running.broker._listeners
    found: set[str] = running.call(
        lambda: {
            str(connection.principal)
            for listener in listeners._listeners
            for connection in listener.connections
        }
    )
    return found


class TlsWire(Wire):
    """A connection over TLS, perhaps with a certificate."""

    def __init__(self, port: int, folder: Path, name: str | None = None) -> None:
        super().__init__(port)
        context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        if name:
            context.load_cert_chain(folder / f"{name}.crt", folder / f"{name}.key")
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")


def tls_settings(folder: Path) -> dict[str, str]:
    return {
        "listeners": "TLS://127.0.0.1:0",
        "listener.security.protocol.map": "TLS:SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "server.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.crt"),
    }


def test_two_listeners_and_each_mechanism(tmp_path):
    users = "SCRAM-SHA-256=[name=carol,password=c],SCRAM-SHA-512=[name=carol,password=d]"
    with login_broker(tmp_path, logcore_add_scram=users) as running:
        logged_in(running)
        assert scram_login(running.wire(), "carol", "c").error_code == 0
        assert scram_login(running.wire(), "carol", "d", "SCRAM-SHA-512").error_code == 0
        assert scram_login(running.wire(), "carol", "d").error_code == 58
        with Wire(open_port(running)) as wire:
            assert wire.ask(MetadataRequest(topics=[]), 9).brokers
            assert principals(running) >= {"User:alice", "User:carol", "User:ANONYMOUS"}


def test_a_bare_token_logs_in_too(tmp_path):
    with login_broker(tmp_path) as running:
        wire = running.wire()
        assert handshake(wire, "PLAIN", 0).error_code == 0
        token = b"\0bob\0secret"
        wire.socket.sendall(len(token).to_bytes(4, "big") + token)
        assert wire.receive_frame() == b""
        assert wire.ask(MetadataRequest(topics=[]), 9).brokers
        assert "User:bob" in principals(running)


def test_logins_end_and_are_renewed(tmp_path):
    with login_broker(tmp_path, listener_name_login_plain_connections_max_reauth_ms="1100") as one:
        wire = one.wire()
        handshake(wire, "PLAIN")
        assert authenticate(wire, b"\0bob\0secret", 1).session_lifetime_ms == 1100
        late = logged_in(one)
        for _ in range(2):
            wire.socket.settimeout(20)
            assert wire.ask(MetadataRequest(topics=[]), 9).brokers
            handshake(wire, "PLAIN")
            assert authenticate(wire, b"\0bob\0secret").session_lifetime_ms == 1100
            pause(1.05)
        pause(0.2)
        with pytest.raises(ConnectionError):
            late.ask(MetadataRequest(topics=[]), 9)


def pause(seconds: float) -> None:
    import time  # noqa: PLC0415 - what is tested is the clock

    time.sleep(seconds)


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


def test_logins_over_tls_ask_for_certificates_only_if_the_listener_does(tmp_path, keys):  # noqa: F811
    settings = SETTINGS | tls_settings(keys)
    settings |= {
        "listeners": "LOGIN://127.0.0.1:0",
        "listener.security.protocol.map": "LOGIN:SASL_SSL",
        "ssl.client.auth": "required",
    }
    with running_broker(tmp_path, **settings) as running, TlsWire(running.port, keys) as wire:
        assert handshake(wire, "PLAIN").error_code == 0
        assert authenticate(wire, b"\0bob\0secret").error_code == 0
        assert principals(running) == {"User:bob"}
    settings["listener.name.login.ssl.client.auth"] = "required"
    with running_broker(tmp_path, **settings) as running:
        with TlsWire(running.port, keys, "client") as wire:
            handshake(wire, "PLAIN")
            assert authenticate(wire, b"\0bob\0secret").error_code == 0
            assert principals(running) == {"User:bob"}
        with pytest.raises(OSError, match=r"."), TlsWire(running.port, keys) as wire:
            handshake(wire, "PLAIN")


def test_the_certificate_of_one_listener_is_changed_while_it_runs(tmp_path, keys):  # noqa: F811
    mine = tmp_path / "mine.pem"
    mine.write_text((keys / "server.pem").read_text())
    settings = tls_settings(keys) | {
        "listener.name.tls.ssl.keystore.location": str(mine),
        "listeners": "TLS://127.0.0.1:0,OPEN://127.0.0.1:0",
        "listener.security.protocol.map": "TLS:SSL,OPEN:PLAINTEXT",
    }
    with running_broker(tmp_path / "data", **settings) as running:
        assert shown(running, keys) == "server"
        mine.write_text((keys / "client.key").read_text() + (keys / "client.crt").read_text())
        name = "listener.name.tls.ssl.keystore.location"
        change = AlterableConfig(name=name, config_operation=0, value=str(mine))
        resource = AlterConfigsResource(resource_type=4, resource_name="1", configs=[change])
        with Wire(open_port(running)) as wire:
            request = IncrementalAlterConfigsRequest(resources=[resource])
            (response,) = wire.ask(request, 1).responses
        assert (response.error_code, response.error_message) == (0, None)
        assert shown(running, keys) == "client"


def shown(running: Running, folder: Path) -> str:
    """Whose certificate the first listener shows."""
    with TlsWire(running.port, folder) as wire:
        subject: Any = wire.socket.getpeercert()["subject"]  # type: ignore[attr-defined]
    return str(dict(pair[0] for pair in subject)["commonName"])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"sasl.enabled.mechanisms": "GSSAPI"}, "asks for GSSAPI"),
        ({"logcore.add.scram": "alice:x"}, "logcore.add.scram: write it as"),
        ({"listener.name.login.plain.sasl.jaas.config": "x"}, "is not CLASS"),
    ],
)
def test_what_cannot_be_had_stops_the_start(tmp_path, settings: dict[str, str], says: str):
    with pytest.raises(ConfigError, match=says), running_broker(tmp_path, **SETTINGS | settings):
        pass


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
