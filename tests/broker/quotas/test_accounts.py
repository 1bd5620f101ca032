"""Accounts: made once, kept over changes, bounded."""

from logcore.broker.quotas import accounts
from logcore.broker.quotas.accounts import Accounts
from logcore.broker.quotas.limits import Limit, Limits
from logcore.controller.client_quotas import CLIENT_ID, USER, entity_of

KEY = "k"
BY_USER = Limits({entity_of([(USER, None)]): {KEY: 5.0}}, KEY)


def found(kept: Accounts[list[float]], user: str, client_id: str) -> tuple[Limit, list[float]]:
    of_client = kept.of(user, client_id)
    assert of_client is not None
    return of_client


def test_clients_of_one_user_share_an_account():
    kept = Accounts(BY_USER, lambda value: [value])
    assert found(kept, "u", "a") == found(kept, "u", "b")
    assert found(kept, "u", "a")[1] is found(kept, "u", "b")[1]
    assert found(kept, "u", "a")[1] is not found(kept, "v", "a")[1]
    assert [key for key, _ in kept] == [("u", ""), ("v", "")]


def test_a_change_of_limits_keeps_what_was_counted():
    adapted = []
    kept = Accounts(BY_USER, lambda value: [value], lambda _account, value: adapted.append(value))
    account = found(kept, "u", "a")[1]
    kept.change(Limits({entity_of([(USER, "u")]): {KEY: 9.0}}, KEY))
    limit, after = found(kept, "u", "a")
    assert (limit.value, after is account, adapted) == (9.0, True, [9.0])
    kept.change(Limits({}, KEY))
    assert kept.of("u", "a") is None


def test_no_more_are_held_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(accounts, "ACCOUNTS_MAX", 3)
    by_client = Limits({entity_of([(CLIENT_ID, None)]): {KEY: 5.0}}, KEY)
    kept = Accounts(by_client, lambda value: [value])
    for number in range(20):
        kept.of("u", f"c{number}")
    assert len(kept) == 3
    assert len(kept._of_client) <= 3
