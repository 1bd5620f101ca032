"""A program's function may be of either kind, and what it gets wrong is told."""

import asyncio
import threading

import pytest

from logcore.client.oauth.provider import provided
from logcore.client.oauth.token import BearerToken
from logcore.common.errors import TokenRefusedError, TokenUnavailableError
from tests.broker.security.signing import unsecured

JWT = unsecured({"exp": 2_000_000_000})


def asked(function, extensions=None):
    return asyncio.run(provided(function, extensions or {})())


def test_a_token_or_the_text_of_a_jwt():
    assert asked(lambda: BearerToken("opaque", 7)) == BearerToken("opaque", 7)
    assert asked(lambda: f" {JWT}\n", {"a": "b"}) == BearerToken(JWT, 2_000_000_000_000, {"a": "b"})


def test_coroutine_functions_run_on_the_loop_and_others_do_not():
    threads = []

    async def on_loop():
        threads.append(threading.get_ident())
        return JWT

    def in_thread():
        threads.append(threading.get_ident())
        return JWT

    def returns_a_coroutine():
        return on_loop()

    for function in (on_loop, in_thread, returns_a_coroutine):
        assert asked(function).value == JWT
    here = threading.get_ident()
    assert [thread == here for thread in threads] == [True, False, True]


@pytest.mark.parametrize("answer", [None, 5, b"bytes", "", "opaque", "a b c", unsecured({})])
def test_what_is_no_token(answer):
    with pytest.raises(TokenUnavailableError, match="provider of tokens") as caught:
        asked(lambda: answer)
    assert "opaque" not in str(caught.value)


def test_what_it_raises_is_the_cause():
    with pytest.raises(TokenUnavailableError, match="raised ZeroDivisionError") as caught:
        asked(lambda: 1 / 0)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_it_may_say_that_trying_again_is_in_vain():
    def refuse():
        raise TokenRefusedError("no such account")

    with pytest.raises(TokenRefusedError, match="no such account"):
        asked(refuse)
