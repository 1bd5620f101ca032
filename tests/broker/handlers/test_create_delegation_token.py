"""Tokens are made over the wire, for whom one may, and log in."""

import base64
from typing import Any

import pytest

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.messages.create_delegation_token import (
    CreatableRenewers,
    CreateDelegationTokenRequest,
)
from logcore.protocol.messages.metadata import MetadataRequest
from tests.broker.handlers.logging_in import logged_in, login_broker, open_port, scram_login
from tests.broker.handlers.refusing import refusing
from tests.broker.running import Running
from tests.broker.wire import Wire

DISABLED, NOT_ALLOWED, FORBIDDEN, INVALID_TYPE, FAILED = 61, 64, 65, 67, 58


def create(wire: Wire, version: int = 3, **fields):
    lifetime_ms = fields.pop("max_lifetime_ms", -1)
    return wire.ask(CreateDelegationTokenRequest(max_lifetime_ms=lifetime_ms, **fields), version)


def token_login(running: Running, made, secret: bytes | None = None):
    """Log in by a token; return the connection and the last answer."""
    wire = running.wire()
    password = base64.b64encode(bytes(made.hmac) if secret is None else secret).decode()
    answer = scram_login(wire, made.token_id, password, extensions=b",tokenauth=true")
    return wire, answer


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with login_broker(tmp_path_factory.mktemp("tokens")) as made:
        yield made


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_token_logs_in_as_its_owner_for_as_long_as_it_is_good(running: Running, version: int):
    made = create(logged_in(running), version)
    assert (made.error_code, made.principal_name) == (0, "alice")
    assert made.expiry_timestamp_ms - made.issue_timestamp_ms == 86_400_000
    assert made.max_timestamp_ms - made.issue_timestamp_ms == 604_800_000
    wire, answer = token_login(running, made)
    assert answer.error_code == 0
    assert 86_000_000 < answer.session_lifetime_ms <= 86_400_000
    assert wire.ask(MetadataRequest(topics=[]), 9).brokers
    connections = running.call(
        lambda: [
            connection.principal
            for listener in running.broker._listeners._listeners  # type: ignore[union-attr]
            for connection in listener.connections
        ]
    )
    assert any(principal.has_token and principal.name == "alice" for principal in connections)


def test_a_wrong_secret(running: Running):
    made = create(logged_in(running))
    _, answer = token_login(running, made, b"?" * 64)
    assert answer.error_code == FAILED


def test_a_token_makes_no_token(running: Running):
    wire, _ = token_login(running, create(logged_in(running)))
    refused = create(wire)
    assert (refused.error_code, refused.expiry_timestamp_ms, bytes(refused.hmac)) == (
        NOT_ALLOWED,
        -1,
        b"",
    )


def test_nobody_makes_no_token(running: Running):
    with Wire(open_port(running)) as wire:
        assert create(wire).error_code == NOT_ALLOWED


def test_for_somebody_else_if_one_may(running: Running):
    fields: dict[str, Any] = {"owner_principal_type": "User", "owner_principal_name": "bob"}
    made = create(logged_in(running, "admin"), **fields)
    assert (made.error_code, made.principal_name) == (0, "bob")
    assert made.token_requester_principal_name == "admin"

    with refusing(running, (Operation.CREATE_TOKENS, ResourceType.USER, "User:bob")):
        assert create(logged_in(running, "admin"), **fields).error_code == FORBIDDEN
        assert create(logged_in(running, "admin")).error_code == 0


def test_renewers_are_users(running: Running):
    renewers = [CreatableRenewers(principal_type="Group", principal_name="g")]
    assert create(logged_in(running), renewers=renewers).error_code == INVALID_TYPE


def test_without_a_key_there_are_none(tmp_path):
    with login_broker(tmp_path, delegation_token_secret_key="") as running:
        assert create(logged_in(running)).error_code == DISABLED
