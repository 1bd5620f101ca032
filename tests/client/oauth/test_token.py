"""A token is of characters that a login can carry, says when it expires, and is not shown."""

import pytest

from logcore.client.oauth.token import BearerToken, claims_of, described, expiry_ms_of
from logcore.common.errors import InvalidArgumentError
from tests.broker.security.signing import unsecured


def test_the_value_is_in_no_text():
    assert "secret" not in repr(BearerToken("secret", 5, {"tenant": "a"}))


@pytest.mark.parametrize(
    ("value", "extensions"),
    [
        ("", {}),
        ("two words", {}),
        ("a\x01b", {}),
        ("a\n", {}),
        ("=a", {}),
        ("ok", {"auth": "x"}),
        ("ok", {"a1": "x"}),
        ("ok", {"": "x"}),
        ("ok", {"name": ""}),
        ("ok", {"name": "a\x01b"}),
    ],
)
def test_what_cannot_be_sent(value, extensions):
    with pytest.raises(InvalidArgumentError):
        BearerToken(value, 5, extensions)


@pytest.mark.parametrize(
    "value", ["opaque", "a.b", "a.!.c", "a.W10.c", "a.e30", "a..c", "....", ""]
)
def test_what_is_no_jwt_claims_nothing(value):
    assert claims_of(value) == {}
    assert expiry_ms_of(value) is None
    assert described(value) == "it is no JWT"


def test_deep_nesting_is_no_jwt():
    import base64  # noqa: PLC0415 - only here

    deep = base64.urlsafe_b64encode(b"[" * 200_000).decode()
    assert claims_of(f"a.{deep}.c") == {}


@pytest.mark.parametrize("exp", ["5", True, -1, 2**60, None, [5]])
def test_an_expiry_that_is_no_time(exp):
    assert expiry_ms_of(unsecured({"exp": exp})) is None


def test_an_expiry_may_have_a_fraction():
    assert expiry_ms_of(unsecured({"exp": 1.5})) == 1500
