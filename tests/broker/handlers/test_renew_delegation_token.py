"""Tokens are renewed over the wire; the rules are tested in tests/controller."""

import pytest

from logcore.protocol.messages.create_delegation_token import CreatableRenewers
from logcore.protocol.messages.renew_delegation_token import RenewDelegationTokenRequest
from tests.broker.handlers.logging_in import logged_in, login_broker
from tests.broker.handlers.test_create_delegation_token import create, token_login
from tests.broker.wire import Wire

NOT_FOUND, MISMATCH, NOT_ALLOWED = 62, 63, 64


def renew(wire: Wire, hmac: bytes, period_ms: int = 1000, version: int = 2):
    request = RenewDelegationTokenRequest(hmac=hmac, renew_period_ms=period_ms)
    return wire.ask(request, version)


@pytest.mark.parametrize("version", [1, 2])
def test_who_renews_a_token_and_who_does_not(tmp_path, version: int):
    with login_broker(tmp_path) as running:
        renewers = [CreatableRenewers(principal_type="User", principal_name="bob")]
        made = create(logged_in(running), renewers=renewers)
        secret = bytes(made.hmac)
        for user in ("alice", "bob"):
            renewed = renew(logged_in(running, user), secret, version=version)
            assert renewed.error_code == 0
            assert 0 < renewed.expiry_timestamp_ms < made.expiry_timestamp_ms
        told = [
            renew(logged_in(running, "admin"), secret, version=version),
            renew(logged_in(running), b"unknown", version=version),
            renew(token_login(running, made)[0], secret, version=version),
        ]
        assert [each.error_code for each in told] == [MISMATCH, NOT_FOUND, NOT_ALLOWED]
        assert [each.expiry_timestamp_ms for each in told] == [-1, -1, -1]
