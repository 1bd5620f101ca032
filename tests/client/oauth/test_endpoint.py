"""What an endpoint answers is a token, a refusal, or a failure; each is told apart."""

import asyncio
import json
import ssl

import pytest

from logcore.client.oauth.endpoint import from_endpoint, token_of
from logcore.client.oauth.grants import ClientCredentials
from logcore.client.oauth.http import Limits
from logcore.common.errors import TokenRefusedError, TokenUnavailableError
from tests.broker.security.signing import unsecured
from tests.client.oauth.identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider

NOW_MS = 1_000_000
JWT = unsecured({"exp": 2000})


def token(answer, status=200):
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return token_of(status, body, NOW_MS, {"a": "b"})


@pytest.mark.parametrize(
    ("answer", "value", "expires_ms"),
    [
        ({"access_token": "opaque", "expires_in": 60}, "opaque", NOW_MS + 60_000),
        ({"access_token": "opaque", "expires_in": "60"}, "opaque", NOW_MS + 60_000),
        ({"access_token": JWT, "expires_in": 60}, JWT, NOW_MS + 60_000),
        ({"access_token": f" {JWT} "}, JWT, 2_000_000),
        ({"id_token": JWT}, JWT, 2_000_000),
        ({"access_token": "", "id_token": JWT}, JWT, 2_000_000),
        ({"access_token": JWT, "expires_in": None}, JWT, 2_000_000),
        ({"access_token": JWT, "expires_in": -5}, JWT, 2_000_000),
        ({"access_token": JWT, "expires_in": 1e300}, JWT, 2_000_000),
        ({"access_token": JWT, "expires_in": True}, JWT, 2_000_000),
    ],
)
def test_tokens(answer, value, expires_ms):
    found = token(answer)
    assert (found.value, found.expires_ms, found.extensions) == (value, expires_ms, {"a": "b"})


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", "no access_token"),
        (b"<html>", "no access_token"),
        (b"[" * 100_000, "no access_token"),
        ([], "no access_token"),
        ({}, "no access_token"),
        ({"access_token": 5, "expires_in": 5}, "no access_token"),
        ({"access_token": "opaque"}, "when the token expires"),
        ({"access_token": "two words", "expires_in": 5}, "no bearer token"),
    ],
)
def test_what_is_no_token(answer, told):
    with pytest.raises(TokenUnavailableError, match=told) as caught:
        token(answer)
    assert "opaque" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "answer", "kind", "told"),
    [
        (401, {"error": "invalid_client", "error_description": "who?"}, TokenRefusedError, "who?"),
        (400, {"error": "invalid_scope"}, TokenRefusedError, "invalid_scope"),
        (404, b"not found", TokenRefusedError, "404.*does not say why"),
        (302, b"", TokenRefusedError, "302"),
        (400, {"error": ["\x1b[2J"]}, TokenRefusedError, "x1b"),
        (400, {"error": "\x1b[2J" * 1000}, TokenRefusedError, r"\?\[2J"),
        (500, b"oops", TokenUnavailableError, "500"),
        (503, {"error": "temporarily_unavailable"}, TokenUnavailableError, "temporarily"),
        (429, b"", TokenUnavailableError, "429"),
    ],
)
def test_refusals_and_failures(status, answer, kind, told):
    with pytest.raises(kind, match=told) as caught:
        token(answer, status)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


def asked(provider, secret=CLIENT_SECRET):
    limits = Limits(5, 5, ssl.create_default_context())
    grant = ClientCredentials(provider.url, CLIENT_ID, secret)
    return asyncio.run(from_endpoint(grant, limits, {}, secret)())


def test_a_real_one():
    with identity_provider() as provider:
        assert asked(provider).value.count(".") == 2
        with pytest.raises(TokenRefusedError, match=f"{provider.url}: .*who are you"):
            asked(provider, "wrong")


def test_a_secret_that_is_repeated_is_not_shown():
    with identity_provider() as provider:
        provider.behave = lambda one: one.answer(400, {"error": f"what is {CLIENT_SECRET}?"})
        with pytest.raises(TokenRefusedError, match=r"what is \[hidden\]") as caught:
            asked(provider)
        assert CLIENT_SECRET not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
