"""Whoever has not logged in costs little and learns nothing; each known hole is a test by its name.

Neighbours: `tests/broker/security` tests each mechanism by itself, holes of its own included.
"""

import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.api_versions import ApiVersionsRequest
from logcore.protocol.messages.describe_configs import (
    DescribeConfigsRequest,
    DescribeConfigsResource,
)
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from logcore.protocol.messages.metadata import MetadataRequest
from tests.broker.handlers.logging_in import (
    PLAIN,
    SETTINGS,
    handshake,
    logged_in,
    login_broker,
)
from tests.broker.hostile.memory import own_kib
from tests.broker.hostile.requests import framed, header_of
from tests.broker.running import Running
from tests.broker.wire import Wire
from tests.crash.broker_process import BrokerProcess

RECEIVE_MAX = 524_288
MANY = 200
KIB_PER_CONNECTION_MAX = 24


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    users = "SCRAM-SHA-256=[name=carol,password=hunter2]"
    with login_broker(tmp_path_factory.mktemp("logins"), logcore_add_scram=users) as made:
        yield made


def is_closed(wire: Wire) -> bool:
    try:
        return wire.socket.recv(1) == b""
    except ConnectionError:
        return True


def test_cve_2022_34917_a_declared_length_allocates_nothing_before_a_login(tmp_path):
    """Apache Kafka once allocated what anybody declared, who had not logged in yet."""
    logins = {key: value for key, value in SETTINGS.items() if key != "listeners"}
    settings = {"listeners": "LOGIN://127.0.0.1:0", **logins}
    with BrokerProcess(tmp_path) as probe:
        port = probe.port
    with BrokerProcess(tmp_path, **settings | {"listeners": f"LOGIN://127.0.0.1:{port}"}) as broker:
        before_kib = own_kib(broker.pid)
        wires = [Wire(port) for _ in range(MANY)]
        for wire in wires:
            wire.socket.sendall(struct.pack(">i", RECEIVE_MAX) + b"\0\x12\0\0")
        with Wire(port) as last:
            assert last.ask(ApiVersionsRequest(), 0).error_code == 0
        assert own_kib(broker.pid) - before_kib < MANY * KIB_PER_CONNECTION_MAX
        for wire in wires:
            wire.close()


def test_frames_before_a_login_are_small(running: Running):
    for length in (RECEIVE_MAX + 1, 50_000_000, 2**31 - 1, -1):
        wire = running.wire()
        wire.socket.sendall(struct.pack(">i", length))
        assert is_closed(wire)
    wire = logged_in(running)
    wire.socket.sendall(struct.pack(">i", RECEIVE_MAX + 1) + bytes(8))
    wire.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        wire.socket.recv(1)


@pytest.mark.parametrize("key", [key for key in ApiKey if key not in (17, 18)])
def test_no_other_request_is_decoded_before_a_login(running: Running, key: ApiKey):
    wire = running.wire()
    wire.socket.sendall(framed(header_of(key, 0) + b"\x7f" * 100))
    assert is_closed(wire)


@pytest.mark.parametrize(
    "body",
    [
        struct.pack(">h", 32767) + b"x",
        struct.pack(">h", -1),
        struct.pack(">h", -5),
        b"\xff" * 400_000,
        b"",
    ],
)
def test_lengths_inside_of_a_handshake_are_bounded_by_what_is_there(running: Running, body: bytes):
    wire = running.wire()
    wire.socket.sendall(framed(header_of(ApiKey.SASL_HANDSHAKE, 1) + body))
    assert is_closed(wire)


def test_what_is_sent_after_a_refusal_is_not_served(running: Running):
    wire = running.wire()
    handshake(wire, "PLAIN")
    wrong = framed(header_of(ApiKey.SASL_AUTHENTICATE, 0) + struct.pack(">i", 9) + b"\0alice\0no")
    metadata = framed(header_of(ApiKey.METADATA, 0) + struct.pack(">i", 0))
    wire.socket.sendall(wrong + metadata * 50)
    refusal = wire.receive_frame()
    assert struct.unpack_from(">h", refusal, 4) == (58,)
    assert is_closed(wire)


def test_what_is_sent_before_the_answer_is_not_served(running: Running):
    """All in one packet: whoever does not wait for an answer is treated as whoever does."""
    wire = running.wire()
    handshake_frame = framed(header_of(ApiKey.SASL_HANDSHAKE, 1) + b"\0\5PLAIN")
    metadata = framed(header_of(ApiKey.METADATA, 0) + struct.pack(">i", 0))
    wire.socket.sendall(handshake_frame + metadata)
    assert struct.unpack_from(">h", wire.receive_frame(), 4) == (0,)
    assert is_closed(wire)


def test_a_refusal_takes_its_time_and_keeps_nobody_else_waiting(running: Running):
    wires = [running.wire() for _ in range(50)]
    for wire in wires:
        wire.socket.sendall(framed(header_of(ApiKey.METADATA, 0)))
    assert logged_in(running).ask(MetadataRequest(topics=[]), 9).brokers
    assert all(is_closed(wire) for wire in wires)


def change(running: Running, name: str, value: str) -> Any:
    config = AlterableConfig(name=name, config_operation=0, value=value)
    resource = AlterConfigsResource(resource_type=4, resource_name="1", configs=[config])
    request = IncrementalAlterConfigsRequest(resources=[resource])
    (response,) = logged_in(running).ask(request, 1).responses
    return response


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listener.name.login.plain.sasl.jaas.config", f"{PLAIN} user_eve=x;"),
        (
            "listener.name.login.plain.sasl.jaas.config",
            "com.sun.security.auth.module.JndiLoginModule required user.provider.url='ldap://x';",
        ),
        ("sasl.jaas.config", f"{PLAIN} user_eve=x;"),
        ("listener.name.login.sasl.enabled.mechanisms", "PLAIN"),
        ("sasl.oauthbearer.jwks.endpoint.url", "file:///etc/passwd"),
        ("listener.name.login.oauthbearer.sasl.oauthbearer.jwks.endpoint.url", "http://127.0.0.1"),
        ("sasl.server.callback.handler.class", "org.X"),
        ("delegation.token.secret.key", "x"),
        ("logcore.add.scram", "SCRAM-SHA-256=[name=eve,password=x]"),
        ("connections.max.reauth.ms", "0"),
    ],
)  # fmt: skip
def test_cve_2023_25194_logins_cannot_be_changed_over_the_wire(
    running: Running, name: str, value: str
):
    """By JNDI a setting once ran code; here no client, however mighty, changes how one logs in."""
    response = change(running, name, value)
    if name == "sasl.jaas.config" and response.error_code == 0:
        assert handshake(running.wire(), "PLAIN").error_code == 0  # stored, and without effect
    else:
        assert response.error_code != 0, name
    wire = running.wire()
    handshake(wire, "PLAIN")
    token = b"\0eve\0x"
    wire.socket.sendall(
        framed(header_of(ApiKey.SASL_AUTHENTICATE, 0) + struct.pack(">i", len(token)) + token)
    )
    assert struct.unpack_from(">h", wire.receive_frame(), 4) == (58,)


def test_no_secret_is_told_by_describing_settings(running: Running):
    resource = DescribeConfigsResource(resource_type=4, resource_name="1", configuration_keys=None)
    request = DescribeConfigsRequest(
        resources=[resource], include_synonyms=True, include_documentation=True
    )
    (response,) = logged_in(running).ask(request, 4).results
    values = {config.name: config.value for config in response.configs}
    assert values["delegation.token.secret.key"] is None
    assert values["logcore.add.scram"] is None
    told = repr(response)
    for secret in ("hunter2", "user_alice", "key of tokens"):
        assert secret not in told


def test_a_half_open_login_is_forgotten_with_its_connection(running: Running):
    wire = running.wire()
    handshake(wire, "SCRAM-SHA-256")
    wire.socket.shutdown(socket.SHUT_WR)
    assert is_closed(wire)
