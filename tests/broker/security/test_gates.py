"""Gates over the wire: by SASL with and without frames of Kafka's, renewed, and over TLS."""

import pytest

from logcore.protocol.messages.metadata import MetadataRequest
from tests.broker.handlers.logging_in import (
    SETTINGS,
    authenticate,
    handshake,
    logged_in,
    login_broker,
)
from tests.broker.running import running_broker
from tests.broker.security.tls_wire import TlsWire, principals, tls_settings
from tests.network.test_tls import keys  # noqa: F401 - a fixture


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
