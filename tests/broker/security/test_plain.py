"""PLAIN lets in who knows a password, and tells nobody which half of a wrong login was wrong."""

import pytest

from logcore.broker.security.exchange import Login, LoginError
from logcore.broker.security.plain import PlainExchange

PASSWORDS = {"alice": "secret", "jörg": "straße", "empty": ""}
WRONG = "Authentication failed: Invalid username or password"


@pytest.mark.parametrize(
    ("token", "name"),
    [
        (b"\0alice\0secret", "alice"),
        (b"alice\0alice\0secret", "alice"),
        ("\0jörg\0straße".encode(), "jörg"),
    ],
)
def test_who_knows_the_password_is_in(token: bytes, name: str):
    exchange = PlainExchange(PASSWORDS)
    assert exchange.respond(token) == b""
    assert exchange.login == Login(name)


@pytest.mark.parametrize(
    ("token", "told"),
    [
        (b"\0alice\0Secret", WRONG),
        (b"\0alice\0secre", WRONG),
        (b"\0bob\0secret", WRONG),
        (b"\0bob\0 ", WRONG),
        (b"\0empty\0x", WRONG),
        (b"\0alice\0\xff", WRONG),
        (b"\0\0secret", "username not specified"),
        (b"\0alice\0", "password not specified"),
        (b"\0empty\0", "password not specified"),
        (b"alice\0secret", "expected 3 tokens, got 2"),
        (b"", "expected 3 tokens, got 1"),
        (b"\0alice\0secret\0", "expected 3 tokens, got 4"),
    ],
)
def test_who_does_not_is_refused(token: bytes, told: str):
    exchange = PlainExchange(PASSWORDS)
    with pytest.raises(LoginError) as caught:
        exchange.respond(token)
    assert told in (caught.value.told or "")
    assert exchange.login is None


def test_cve_2017_12610_nobody_is_somebody_else_by_an_authorization_id():
    exchange = PlainExchange(PASSWORDS)
    with pytest.raises(LoginError, match="asked to be 'admin'") as caught:
        exchange.respond(b"admin\0alice\0secret")
    assert "different from username" in (caught.value.told or "")
    assert exchange.login is None


def test_an_unknown_user_and_a_wrong_password_are_told_alike():
    told = set()
    for token in (b"\0alice\0x", b"\0nobody\0x"):
        with pytest.raises(LoginError) as caught:
            PlainExchange(PASSWORDS).respond(token)
        told.add(caught.value.told)
    assert told == {WRONG}
