"""What a token claims holds or is refused; whatever it claims, it never counts for more."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.broker.security.exchange import Login
from logcore.broker.security.jwt import ClaimRules, take_apart, unsecured_login
from logcore.broker.security.oauthbearer import TokenRefusedError
from tests.broker.security.signing import CLAIMS, NOW_MS, encoded, unsecured

NOW = NOW_MS // 1000
EXPIRES_MS = (NOW + 300) * 1000


def login(rules: ClaimRules | None = None, **changes: Any) -> Login:
    claims = {key: value for key, value in (CLAIMS | changes).items() if value is not None}
    return (rules or ClaimRules()).login(claims, NOW_MS)


def test_who_is_named_until_when():
    assert login() == Login("alice", EXPIRES_MS)
    assert login(sub=" alice ").name == "alice"
    assert login(ClaimRules(subject_claim="email"), email="a@b").name == "a@b"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": None}, "no expiration"),
        ({"exp": NOW}, "is expired"),
        ({"exp": "soon"}, "exp is no time"),
        ({"exp": True}, "exp is no time"),
        ({"exp": 1e300}, "exp is no time"),
        ({"exp": float("nan")}, "exp is no time"),
        ({"exp": -1}, "exp is no time"),
        ({"iat": None}, "does not say when"),
        ({"iat": NOW + 301}, "iat is after its end"),
        ({"nbf": NOW + 1}, "nbf is in the future"),
        ({"sub": None}, "sub names nobody"),
        ({"sub": " "}, "sub names nobody"),
        ({"sub": ["alice"]}, "sub names nobody"),
        ({"sub": "alice\ud800"}, "sub is no text"),
        ({"aud": "kafka"}, "expected.audience is not set"),
        ({"aud": 5}, "aud is no text"),
        ({"scope": [1]}, "scope is no text"),
        ({"scope": ["read", ""]}, "blank"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], reason: str):
    with pytest.raises(TokenRefusedError, match=reason):
        login(**changes)


def test_clocks_may_be_apart():
    rules = ClaimRules(skew_ms=30_000)
    assert login(rules, exp=NOW - 29, iat=NOW - 60).name == "alice"
    assert login(rules, iat=NOW + 30, nbf=NOW + 30).name == "alice"
    with pytest.raises(TokenRefusedError, match="is expired"):
        login(rules, exp=NOW - 30, iat=NOW - 60)


def test_issuer_and_audience():
    rules = ClaimRules(issuer="urn:idp", audiences=frozenset({"kafka", "logcore"}))
    good = {"iss": "urn:idp", "aud": ["other", "logcore"]}
    assert login(rules, **good).name == "alice"
    assert login(rules, **good | {"aud": "kafka"}).name == "alice"
    for wrong in ({"iss": "urn:idp:2"}, {"iss": None}, {"aud": "kafkas"}, {"aud": None}):
        with pytest.raises(TokenRefusedError, match="another"):
            login(rules, **good | wrong)


def test_scopes_that_are_needed():
    rules = ClaimRules(scope_claim="scp", scopes=frozenset({"read", "write"}))
    assert login(rules, scp=["write", "read", "more"]).name == "alice"
    for lacking in ("read", ["read"], None):
        with pytest.raises(TokenRefusedError) as caught:
            login(rules, scp=lacking)
        assert (caught.value.status, caught.value.scope) == ("insufficient_scope", "read write")


def test_unsecured_tokens_are_taken_only_if_they_say_so():
    rules = ClaimRules(is_signed=False)
    claims = {"sub": "alice", "exp": NOW + 2, "aud": "x"}
    with pytest.raises(TokenRefusedError, match="iat is in the future"):
        unsecured_login(unsecured(claims | {"iat": NOW + 1}), rules, NOW_MS)
    assert unsecured_login(unsecured(claims), rules, NOW_MS).name == "alice"
    for header in ({"alg": "HS256"}, {"alg": "None"}, {}, {"alg": ["none"]}):
        with pytest.raises(TokenRefusedError, match="is signed"):
            unsecured_login(unsecured(claims, header or {"x": 1}), rules, NOW_MS)
    with pytest.raises(TokenRefusedError, match="is signed"):
        unsecured_login(unsecured(claims) + encoded(b"signature"), rules, NOW_MS)


NESTED = encoded(b"[" * 200_000)
OBJECT = encoded(b"{}")


@pytest.mark.parametrize(
    "token",
    [
        "", "a", "a.b", "a.b.c.d", "..", f"{OBJECT}.{OBJECT}", f"{OBJECT}.%%.{OBJECT}",
        f"{OBJECT}.{encoded(b'[]')}.", f"{encoded(b'5')}.{OBJECT}.", f"{NESTED}.{OBJECT}.",
        f"{OBJECT}.{encoded(bytes([0xFF]))}.", f"A.{OBJECT}.",
    ],
)  # fmt: skip
def test_what_is_no_token(token: str):
    with pytest.raises(TokenRefusedError):
        take_apart(token)


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["sub", "exp", "iat", "nbf", "aud", "iss", "scope"]), VALUES)
)
def test_any_claims_name_somebody_or_are_refused(claims: dict[str, Any]):
    parsed = json.loads(json.dumps(claims))
    try:
        found = ClaimRules().login(parsed, NOW_MS)
    except TokenRefusedError:
        return
    assert found.name == parsed["sub"].strip()
