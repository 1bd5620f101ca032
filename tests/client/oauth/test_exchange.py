"""A token goes there as RFC 7628 has it, and a refusal comes back in sentences."""

import pytest

from logcore.client.oauth.exchange import bearer, told
from logcore.client.oauth.token import BearerToken
from logcore.common.errors import SaslAuthenticationFailedError


def test_a_login():
    exchange = bearer(BearerToken("abc", 5, {"tenant": "a b"}))
    assert next(exchange) == b"n,,\x01auth=Bearer abc\x01tenant=a b\x01\x01"
    with pytest.raises(StopIteration):
        exchange.send(b"")


def test_a_refusal_by_status_is_answered_before_it_is_told():
    exchange = bearer(BearerToken("abc", 5))
    next(exchange)
    assert exchange.send(b'{"status":"invalid_token"}') == b"\x01"
    with pytest.raises(SaslAuthenticationFailedError, match=r"invalid_token.*expired") as caught:
        exchange.throw(SaslAuthenticationFailedError('{"status":"invalid_token"}'))
    assert "abc" not in str(caught.value)


def test_a_refusal_that_comes_at_once():
    exchange = bearer(BearerToken("abc", 5))
    next(exchange)
    with pytest.raises(SaslAuthenticationFailedError, match="went wrong"):
        exchange.throw(SaslAuthenticationFailedError("something went wrong"))


def test_a_broker_that_goes_on_as_if_it_had_not_refused():
    exchange = bearer(BearerToken("abc", 5))
    next(exchange)
    exchange.send(b"{}")
    with pytest.raises(SaslAuthenticationFailedError):
        exchange.send(b"")


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (b'{"status": "insufficient_scope", "scope": "write"}', "'write'"),
        (b'{"status": "insufficient_scope"}', "sasl.oauthbearer.scope"),
        (b'{"status": "mauve"}', "mauve"),
        (b'{"status": ["a"]}', "a"),
        (b'{"scope": "x"}', "no status given"),
        (b"not JSON", "not JSON"),
        (b'{"status": ', "{"),
        (b"\xff\x00\x1b[2J", "?"),
        (b"[" * 100_000, "["),
        (b"{" * 100_000 + b"}", "{"),
        ("words", "words"),
    ],
)
def test_refusals_are_told_whatever_they_are(refusal, words):
    text = told(refusal, "opaque")
    assert words in text
    assert text.isprintable()
    assert len(text) < 600
