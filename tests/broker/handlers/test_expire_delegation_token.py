"""Tokens are ended over the wire, and log nobody in from then on."""

import pytest

from logcore.protocol.messages.expire_delegation_token import ExpireDelegationTokenRequest
from tests.broker.handlers.logging_in import logged_in, login_broker
from tests.broker.handlers.test_create_delegation_token import create, token_login
from tests.broker.wire import Wire

NOT_FOUND, MISMATCH, FAILED = 62, 63, 58


def expire(wire: Wire, hmac: bytes, period_ms: int = -1, version: int = 2):
    request = ExpireDelegationTokenRequest(hmac=hmac, expiry_time_period_ms=period_ms)
    return wire.ask(request, version)


@pytest.mark.parametrize("version", [1, 2])
def test_a_token_ends_at_once(tmp_path, version: int):
    with login_broker(tmp_path) as running:
        made = create(logged_in(running))
        secret = bytes(made.hmac)
        assert expire(logged_in(running, "bob"), secret, version=version).error_code == MISMATCH
        assert token_login(running, made)[1].error_code == 0
        ended = expire(logged_in(running), secret, version=version)
        assert ended.error_code == 0
        assert ended.expiry_timestamp_ms < made.expiry_timestamp_ms
        assert token_login(running, made)[1].error_code == FAILED
        again = expire(logged_in(running), secret, version=version)
        assert (again.error_code, again.expiry_timestamp_ms) == (NOT_FOUND, -1)


def test_a_token_ends_earlier(tmp_path):
    with login_broker(tmp_path) as running:
        made = create(logged_in(running))
        ended = expire(logged_in(running), bytes(made.hmac), 5000)
        assert 0 < ended.expiry_timestamp_ms < made.expiry_timestamp_ms
        _, answer = token_login(running, made)
        assert 0 < answer.session_lifetime_ms <= 5000
