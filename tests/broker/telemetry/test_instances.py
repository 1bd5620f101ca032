"""One client instance: when it may ask and push, and when not."""

import pytest

from logcore.broker.telemetry.instances import ClientInstance, too_large
from logcore.broker.telemetry.subscriptions import ClientFacts, Wanted
from logcore.common.errors import (
    InvalidRequestError,
    ThrottlingQuotaExceededError,
    UnknownSubscriptionIdError,
    UnsupportedCompressionTypeError,
)

FACTS = ClientFacts("id", "c", "s", "1", "127.0.0.1", "9")


def instance() -> ClientInstance:
    return ClientInstance(b"i" * 16, FACTS, Wanted(("*",), 1000), version=1)


def push(client: ClientInstance, now_ms: int, **rest) -> None:
    client.push(client.subscription_id, 0, now_ms, **rest)


def test_the_first_push_follows_upon_asking_as_soon_as_it_likes_and_others_keep_the_interval():
    client = instance()
    client.ask(0)
    push(client, 10)
    with pytest.raises(ThrottlingQuotaExceededError):
        push(client, 1009)
    push(client, 1010)


def test_asking_again_has_to_wait_for_the_interval():
    client = instance()
    client.ask(0)
    with pytest.raises(ThrottlingQuotaExceededError):
        client.ask(999)
    client.ask(1000)
    push(client, 1500)
    with pytest.raises(ThrottlingQuotaExceededError):
        client.ask(2000)


@pytest.mark.parametrize(
    ("number", "codec", "error"),
    [(+1, 0, UnknownSubscriptionIdError), (0, 9, UnsupportedCompressionTypeError)],
)
def test_who_was_told_to_ask_again_may_at_once(number, codec, error):
    client = instance()
    client.ask(0)
    with pytest.raises(error):
        client.push(client.subscription_id + number, codec, 10)
    client.ask(20)
    with pytest.raises(ThrottlingQuotaExceededError):
        client.ask(30)


def test_a_last_push_may_come_at_any_time_and_is_the_last():
    client = instance()
    client.ask(0)
    push(client, 10)
    push(client, 20, is_last=True)
    with pytest.raises(InvalidRequestError):
        push(client, 5000)


def test_other_refusals_do_not_let_it_ask_at_once():
    client = instance()
    client.ask(0)
    push(client, 10)
    client.refuse(too_large(5, 3))
    with pytest.raises(ThrottlingQuotaExceededError):
        client.ask(20)
    assert str(too_large(5, 3)) == "5 bytes; telemetry.max.bytes allows 3"
