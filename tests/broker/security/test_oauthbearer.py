"""OAUTHBEARER carries a token to its validator, and tells of a refusal as RFC 7628 wants it."""

import json

import pytest

from logcore.broker.security.exchange import Login, LoginError
from logcore.broker.security.oauthbearer import OauthBearerExchange, TokenRefusedError


def validate(token: str) -> Login:
    if token == "scopeless":
        raise TokenRefusedError("no scope", "insufficient_scope", "read")
    if token != "good.to.ken":
        raise TokenRefusedError("it is not good")
    return Login("alice", 5)


def message(token: str, authorization: str = "", rest: str = "") -> bytes:
    return f"n,{authorization},\x01auth=Bearer {token}\x01{rest}\x01".encode()


def test_a_good_token():
    exchange = OauthBearerExchange(validate)
    assert exchange.respond(message("good.to.ken")) == b""
    assert exchange.login == Login("alice", 5)


@pytest.mark.parametrize("rest", ["traceId=1 2 3\x01", "a=b\x01c=d\x01"])
def test_extensions_are_let_pass(rest: str):
    exchange = OauthBearerExchange(validate)
    exchange.respond(message("good.to.ken", "a=alice", rest))
    assert exchange.login == Login("alice", 5)


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ("bad", {"status": "invalid_token"}),
        ("scopeless", {"status": "insufficient_scope", "scope": "read"}),
    ],
)
def test_a_refusal_is_told_and_then_ends_it(token: str, status: dict[str, str]):
    exchange = OauthBearerExchange(validate)
    assert json.loads(exchange.respond(message(token))) == status
    assert exchange.login is None
    for answer in (b"\x01", message("good.to.ken")):
        with pytest.raises(LoginError) as caught:
            exchange.respond(answer)
        assert json.loads(caught.value.told or "") == status
    assert exchange.login is None


def test_cve_2017_12610_nobody_is_somebody_else_by_an_authorization_id():
    exchange = OauthBearerExchange(validate)
    with pytest.raises(LoginError, match="asked to be 'admin'"):
        exchange.respond(message("good.to.ken", "a=admin"))
    assert exchange.login is None


@pytest.mark.parametrize(
    "token",
    [
        b"", b"\x01", b"n,,\x01\x01", b"n,,\x01auth=Basic x\x01\x01",
        b"y,,\x01auth=Bearer x\x01\x01",
        b"n,,\x01auth=Bearer x\x01", b"n,,\x01auth=Bearer x y\x01\x01", b"n,,\x01other=x\x01\x01",
        b"n,a=\xff,\x01auth=Bearer x\x01\x01", b"n,,\x01auth=\x01\x01",
    ],
)  # fmt: skip
def test_what_is_no_message(token: bytes):
    with pytest.raises(LoginError):
        OauthBearerExchange(validate).respond(token)
