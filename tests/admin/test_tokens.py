"""Delegation tokens are made, told, prolonged and ended; with one a client logs in."""

import base64
from collections.abc import Iterator
from datetime import timedelta

import pytest

from logcore.admin.admin import Admin
from logcore.admin.tokens import Token
from logcore.common.errors import (
    DelegationTokenNotFoundError,
    DelegationTokenRequestNotAllowedError,
)
from tests.eventually import eventually
from tests.guarded import USER, Guarded

OWNER = f"User:{USER}"


@pytest.fixture
def alice(guarded: Guarded) -> Iterator[Admin]:
    with Admin(guarded.secured, **guarded.login) as admin:
        yield admin


def found(admin: Admin, token: Token) -> list[Token]:
    return [one for one in admin.tokens.describe(OWNER) if one.token_id == token.token_id]


def test_the_life_of_a_token(alice: Admin, guarded: Guarded) -> None:
    made = alice.tokens.create(renewers=["User:bob"], lifetime=timedelta(hours=2))
    assert (made.owner, made.requester, made.renewers) == (OWNER, OWNER, ("User:bob",))
    assert made.ends_ms - made.issued_ms == 7_200_000
    eventually(lambda: found(alice, made) == [made])
    assert made in alice.tokens.describe()
    login = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required "
            f'username="{made.token_id}" password="{base64.b64encode(made.hmac).decode()}" '
            'tokenauth="true";'
        ),
    }
    with Admin(guarded.secured, **login) as by_token:
        assert by_token.cluster.describe().cluster_id
        with pytest.raises(DelegationTokenRequestNotAllowedError):
            by_token.tokens.create()
    until = alice.tokens.renew(made.hmac, timedelta(minutes=10))
    assert until < made.ends_ms
    assert alice.tokens.expire(made.hmac) <= until
    eventually(lambda: found(alice, made) == [])


def test_what_is_refused(alice: Admin, guarded: Guarded) -> None:
    with pytest.raises(DelegationTokenNotFoundError):
        alice.tokens.renew(b"nobody's")
    with pytest.raises(ValueError, match="User:NAME"):
        alice.tokens.create(owner="alice")
    with (
        Admin(guarded.bootstrap) as nobody,
        pytest.raises(DelegationTokenRequestNotAllowedError),
    ):
        nobody.tokens.create()


def test_a_secret_is_not_shown(alice: Admin) -> None:
    assert "hmac" not in repr(alice.tokens.create())
