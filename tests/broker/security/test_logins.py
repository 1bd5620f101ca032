"""Listeners, each with logins and settings of its own; what cannot be had stops the start."""

from pathlib import Path
from typing import Any

import pytest

from logcore.common.config import ConfigError
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from logcore.protocol.messages.metadata import MetadataRequest
from tests.broker.handlers.logging_in import (
    SETTINGS,
    logged_in,
    login_broker,
    open_port,
    scram_login,
)
from tests.broker.running import Running, running_broker
from tests.broker.security.tls_wire import TlsWire, principals, tls_settings
from tests.broker.wire import Wire
from tests.network.test_tls import keys  # noqa: F401 - a fixture


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
