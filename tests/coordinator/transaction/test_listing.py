"""Filters of lists, and what descriptions tell."""

import pytest

from logcore.common.errors import InvalidRegularExpressionError
from logcore.coordinator.transaction import listing
from logcore.coordinator.transaction.listing import described, filter_of, listed
from logcore.coordinator.transaction.state import Transaction, TransactionState
from logcore.protocol.messages.list_transactions import ListTransactionsRequest

S = TransactionState
ALL = [
    Transaction("a-1", 1, 0, 10, S.EMPTY, 0),
    Transaction("a-2", 2, 3, 10, S.ONGOING, 0, 900, frozenset({("t", 1), ("t", 0), ("s", 4)})),
    Transaction("b-1", 3, 0, 10, S.ONGOING, 0, 500),
]


def names(transactions=ALL, **request) -> list[str]:
    wanted, _ = filter_of(ListTransactionsRequest(**request))
    return [each.transactional_id for each in listed(transactions, wanted, 1_000)]


def test_everything():
    assert names() == ["a-1", "a-2", "b-1"]


def test_by_state_and_names_that_are_none():
    assert names(state_filters=["Ongoing"]) == ["a-2", "b-1"]
    assert names(state_filters=["Ongoing", "Zork"]) == ["a-2", "b-1"]
    assert names(state_filters=["Zork"]) == []
    assert filter_of(ListTransactionsRequest(state_filters=["Zork"]))[1] == ["Zork"]


def test_by_producer_age_and_name():
    assert names(producer_id_filters=[3, 9]) == ["b-1"]
    assert names(duration_filter=100, state_filters=["Ongoing"]) == ["b-1"]
    assert names(duration_filter=99, state_filters=["Ongoing"]) == ["a-2", "b-1"]
    assert names(transactional_id_pattern="a-.*") == ["a-1", "a-2"]
    assert names(transactional_id_pattern="1") == []
    assert names(transactional_id_pattern="") == ["a-1", "a-2", "b-1"]


def test_by_names_of_any_characters():
    ids = ["w\u00e4hrung-1", "waehrung-1", "\u5e33-1", "a\nb"]
    these = [Transaction(each, 1, 0, 10, S.EMPTY, 0) for each in ids]
    for pattern, found in [
        ("w.*hrung-1", ids[:2]),
        ("w\u00e4.*", ids[:1]),
        (r"[^a-z]-\d", ids[2:3]),
        (r"\W.*", ids[2:3]),
        (".*", ids[:3]),
    ]:
        assert names(these, transactional_id_pattern=pattern) == found


@pytest.mark.parametrize("pattern", ["(", r"(a)\1", "(?=a)"])
def test_no_expression(pattern):
    told = "TransactionalIdPattern `.*` is not a valid regular expression: "
    with pytest.raises(InvalidRegularExpressionError, match=told):
        names(transactional_id_pattern=pattern)


def test_an_expression_cannot_stop_the_broker():
    these = [Transaction("a" * 30_000, 1, 0, 10, S.EMPTY, 0)]
    assert names(these, transactional_id_pattern="(a+)+b") == []


def test_all_ids_together_may_take_so_much_work(monkeypatch):
    monkeypatch.setattr(listing, "SEARCH_MAX", 10_000)
    ids = [f"{number:b}".replace("0", "a").replace("1", "b") * 4 for number in range(200)]
    these = [Transaction(each, 1, 0, 10, S.EMPTY, 0) for each in ids]
    hungry = {"transactional_id_pattern": "(a|b)*a(a|b){20}"}
    assert names(these[:10], **hungry) == []
    assert names(these, producer_id_filters=[2], **hungry) == []
    with pytest.raises(InvalidRegularExpressionError, match="too much work"):
        names(these, **hungry)


def test_a_description():
    told = described(ALL[1])
    assert (told.transaction_state, told.producer_id, told.producer_epoch) == ("Ongoing", 2, 3)
    assert (told.transaction_timeout_ms, told.transaction_start_time_ms) == (10, 900)
    assert [(each.topic, each.partitions) for each in told.topics] == [("s", [4]), ("t", [0, 1])]
