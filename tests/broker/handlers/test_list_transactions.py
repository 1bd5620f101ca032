"""ListTransactions: filters, and what the caller may know of."""

from typing import Any

import pytest

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.messages.list_transactions import ListTransactionsRequest
from tests.broker.handlers.refusing import refusing
from tests.broker.handlers.transacting import Producer
from tests.broker.running import Running


def names(broker: Running, version: int = 2, **request: Any) -> set[str]:
    response = broker.wire().ask(ListTransactionsRequest(**request), version)
    assert response.error_code == 0
    return {each.transactional_id for each in response.transaction_states}


@pytest.mark.parametrize("version", range(3))
def test_by_state_and_producer(broker: Running, version: int):
    idle, busy = Producer(broker), Producer(broker)
    assert (idle.init(), busy.init()) == (0, 0)
    busy.write(broker.topic(), b"x")
    assert {idle.name, busy.name} <= names(broker, version)
    open_ones = names(broker, version, state_filters=["Ongoing"])
    assert busy.name in open_ones
    assert idle.name not in open_ones
    assert names(broker, version, producer_id_filters=[busy.producer_id]) == {busy.name}


def test_by_age_and_name(broker: Running):
    producer = Producer(broker, "list-me")
    assert producer.init() == 0
    producer.write(broker.topic(), b"x")
    wanted: dict[str, Any] = {"transactional_id_pattern": "list-.*", "state_filters": ["Ongoing"]}
    assert names(broker, **wanted) == {"list-me"}
    assert names(broker, duration_filter=3_600_000, **wanted) == set()
    with refusing(broker, (Operation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, "list-me")):
        assert names(broker, **wanted) == set()


def test_what_makes_no_sense(broker: Running):
    response = broker.wire().ask(ListTransactionsRequest(state_filters=["Zork"]), 0)
    assert response.unknown_state_filters == ["Zork"]
    assert response.transaction_states == []
    assert (
        broker.wire().ask(ListTransactionsRequest(transactional_id_pattern="("), 2).error_code
        == 128
    )


def test_an_expression_cannot_hold_the_broker_up(broker: Running):
    producer = Producer(broker, "a" * 200)
    assert producer.init() == 0
    assert names(broker, transactional_id_pattern="(a+)+") == {producer.name}
    assert names(broker, transactional_id_pattern="(a+)+b") == set()


def test_ids_of_any_characters(broker: Running):
    producer = Producer(broker, "w\u00e4hrung-\u5e33")
    assert producer.init() == 0
    for pattern in ("w\u00e4hrung-.", r"w\Whrung-\pL", "(?i)W\u00c4HRUNG-[^a-z]"):
        assert names(broker, transactional_id_pattern=pattern) == {producer.name}
