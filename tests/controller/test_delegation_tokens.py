"""Tokens are made, renewed and ended by whom and as long as Apache Kafka allows."""

import hashlib
import hmac
from dataclasses import replace

import pytest

from logcore.common.errors import (
    DelegationTokenAuthDisabledError,
    DelegationTokenExpiredError,
    DelegationTokenNotFoundError,
    DelegationTokenOwnerMismatchError,
    InvalidPrincipalTypeError,
)
from logcore.common.principal import Principal
from logcore.controller.delegation_tokens import (
    DelegationToken,
    TokenRequest,
    TokenSettings,
    decide_creation,
    decide_expiry,
    decide_renewal,
    decide_sweep,
    find,
    record_of,
    records_of,
)
from tests.controller.building import replayed

ALICE, BOB, CAROL = (Principal("User", name) for name in ("alice", "bob", "carol"))
SETTINGS = TokenSettings(b"key", lifetime_max_ms=1000, expiry_ms=300)
ID = bytes(range(16))


def made(lifetime_ms: int = -1, now_ms: int = 10) -> DelegationToken:
    request = TokenRequest(ALICE, ALICE, (BOB,), lifetime_ms)
    return decide_creation(request, SETTINGS, ID, now_ms)[0]


def test_a_token_has_a_secret_that_only_the_key_gives():
    token, secret = decide_creation(TokenRequest(ALICE, BOB, (), -1), SETTINGS, ID, 10)
    assert secret == hmac.digest(b"key", token.token_id.encode(), hashlib.sha512)
    assert (token.owner, token.requester) == (ALICE, BOB)
    assert secret not in b"".join(map(bytes, record_of(token).encode(0)))
    tokens = {token.token_id: token}
    assert find(tokens, SETTINGS, secret) is token
    with pytest.raises(DelegationTokenNotFoundError):
        find(tokens, SETTINGS, secret[:-1] + b"?")


@pytest.mark.parametrize(("asked_ms", "max_ms"), [(-1, 1010), (0, 1010), (500, 510), (5000, 1010)])
def test_how_old_it_gets(asked_ms: int, max_ms: int):
    token = made(asked_ms)
    assert (token.issued_ms, token.max_ms, token.expiry_ms) == (10, max_ms, 310)
    assert made(100).expiry_ms == 110


def test_without_a_key_there_are_no_tokens():
    off = TokenSettings(None, 1000, 300)
    with pytest.raises(DelegationTokenAuthDisabledError):
        decide_creation(TokenRequest(ALICE, ALICE, (), -1), off, ID, 0)
    with pytest.raises(DelegationTokenAuthDisabledError):
        find({}, off, b"")


def test_only_users_renew():
    request = TokenRequest(ALICE, ALICE, (Principal("Group", "g"),), -1)
    with pytest.raises(InvalidPrincipalTypeError):
        decide_creation(request, SETTINGS, ID, 0)


def test_renewal_is_bounded_and_not_for_everybody():
    token = made()
    assert decide_renewal(token, SETTINGS, ALICE, -1, 200).expiry_ms == 500
    assert decide_renewal(token, SETTINGS, BOB, 50, 200).expiry_ms == 250
    assert decide_renewal(token, SETTINGS, BOB, 9999, 200).expiry_ms == 500
    late = decide_renewal(decide_renewal(token, SETTINGS, BOB, -1, 310), SETTINGS, BOB, -1, 600)
    assert decide_renewal(late, SETTINGS, BOB, -1, 900).expiry_ms == token.max_ms
    with pytest.raises(DelegationTokenOwnerMismatchError):
        decide_renewal(token, SETTINGS, CAROL, -1, 200)
    with pytest.raises(DelegationTokenExpiredError):
        decide_renewal(token, SETTINGS, ALICE, -1, 311)


def test_ending_early():
    token = made()
    assert decide_expiry(token, BOB, -1, 200) is None
    assert decide_expiry(token, ALICE, -1, 5000) is None
    assert decide_expiry(token, ALICE, 20, 200) == replace(token, expiry_ms=220)
    assert decide_expiry(token, ALICE, 2**63 - 1, 200) == replace(token, expiry_ms=token.max_ms)
    with pytest.raises(DelegationTokenExpiredError):
        decide_expiry(token, ALICE, 20, 311)
    with pytest.raises(DelegationTokenOwnerMismatchError):
        decide_expiry(token, CAROL, -1, 200)


def test_what_is_over_is_swept():
    token = made()
    tokens = {token.token_id: token}
    assert decide_sweep(tokens, 310) == []
    assert [record.token_id for record in decide_sweep(tokens, 311)] == [token.token_id]
    assert replayed([*records_of(tokens), *decide_sweep(tokens, 311)]).delegation_tokens == {}


def test_tokens_go_through_the_log():
    token = made()
    (kept,) = replayed([record_of(token)]).delegation_tokens.values()
    assert kept == token
    nameless = record_of(token)
    nameless.requester = ""
    assert replayed([nameless]).delegation_tokens[token.token_id].requester == ALICE
