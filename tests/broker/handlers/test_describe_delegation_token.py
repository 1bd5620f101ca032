"""Tokens are described to those whom they concern, and to whom may see them."""

import pytest

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.messages.create_delegation_token import CreatableRenewers
from logcore.protocol.messages.describe_delegation_token import (
    DescribeDelegationTokenOwner,
    DescribeDelegationTokenRequest,
)
from tests.broker.handlers.logging_in import logged_in, login_broker, open_port
from tests.broker.handlers.refusing import refusing
from tests.broker.handlers.test_create_delegation_token import create
from tests.broker.running import Running
from tests.broker.wire import Wire

DISABLED, NOT_ALLOWED = 61, 64
SOME = ["admin", "alice"]


def describe(wire: Wire, *owners: str, version: int = 3, everybody: bool = False):
    listed = [
        DescribeDelegationTokenOwner(principal_type="User", principal_name=name) for name in owners
    ]
    request = DescribeDelegationTokenRequest(owners=None if everybody else listed)
    return wire.ask(request, version)


def owners_of(running: Running, user: str, *owners: str) -> list[str]:
    response = describe(logged_in(running, user), *owners, everybody=not owners)
    assert response.error_code == 0
    return sorted(token.principal_name for token in response.tokens)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with login_broker(tmp_path_factory.mktemp("tokens")) as made:
        renewers = [CreatableRenewers(principal_type="User", principal_name="bob")]
        create(logged_in(made), renewers=renewers)
        create(logged_in(made, "admin"))
        yield made


@pytest.mark.parametrize("version", [1, 2, 3])
def test_all_of_a_token_is_told(running: Running, version: int):
    (token,) = describe(logged_in(running), "alice", version=version).tokens
    assert (token.principal_type, token.principal_name) == ("User", "alice")
    assert [each.principal_name for each in token.renewers] == ["bob"]
    assert len(bytes(token.hmac)) == 64
    assert 0 < token.issue_timestamp < token.expiry_timestamp < token.max_timestamp
    if version == 3:
        assert token.token_requester_principal_name == "alice"


def test_whose_tokens(running: Running):
    assert owners_of(running, "alice") == ["admin", "alice"]
    assert owners_of(running, "alice", "admin") == ["admin"]
    assert owners_of(running, "alice", "bob") == ["alice"], "bob renews it"
    assert describe(logged_in(running)).tokens == []


def test_what_one_may_see(running: Running):
    tokens = describe(logged_in(running), everybody=True).tokens
    described = [
        (Operation.DESCRIBE, ResourceType.DELEGATION_TOKEN, token.token_id) for token in tokens
    ]
    owned = [(Operation.DESCRIBE_TOKENS, ResourceType.USER, f"User:{name}") for name in SOME]
    with refusing(running, *described, *owned):
        assert owners_of(running, "alice") == ["alice"]
        assert owners_of(running, "bob") == ["alice"]
        assert owners_of(running, "admin") == ["admin"]
    for refused in (described, owned):
        with refusing(running, *refused):
            assert owners_of(running, "bob") == SOME


def test_who_is_nobody_and_where_there_are_none(running: Running, tmp_path):
    with Wire(open_port(running)) as wire:
        assert describe(wire, everybody=True).error_code == NOT_ALLOWED
    with login_broker(tmp_path, delegation_token_secret_key="") as off:
        assert describe(logged_in(off), everybody=True).error_code == DISABLED
