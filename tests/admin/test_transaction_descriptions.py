"""A transaction hangs if it is open in a partition and its coordinator does not know of that."""

import pytest

from logcore.admin.transaction_descriptions import (
    HangingTransaction,
    ProducerState,
    TransactionDescription,
    hanging_of,
    suspects,
)
from logcore.client.positions import TopicPartition

HERE, THERE = TopicPartition("t", 0), TopicPartition("t", 1)
OPEN = ProducerState(7, 3, 10, 1000, 1, transaction_start_offset=40)
CLOSED = ProducerState(8, 0, 10, 1000, 1, transaction_start_offset=None)
HANGING = HangingTransaction(HERE, 40, 7, 3, 1000, None)


def transaction(producer_id: int, *partitions: TopicPartition) -> TransactionDescription:
    return TransactionDescription("mine", "Ongoing", producer_id, 3, 60_000, 900, partitions)


def test_who_has_been_silent_for_long_with_an_open_transaction() -> None:
    known = {HERE: (OPEN, CLOSED), THERE: ()}
    assert list(suspects(known, 1001)) == [(HERE, OPEN)]
    assert list(suspects(known, 1000)) == []


@pytest.mark.parametrize(
    ("name", "told", "hangs"),
    [
        (None, None, True),
        ("mine", None, True),
        ("mine", transaction(7, THERE), True),
        ("mine", transaction(9, HERE), True),
        ("mine", transaction(7, THERE, HERE), False),
    ],
)
def test_what_its_coordinator_knows(
    name: str | None, told: TransactionDescription | None, hangs: bool
) -> None:
    found = hanging_of(HERE, OPEN, name, told)
    assert (found is not None) is hangs
    if found is not None:
        assert (found.start_offset, found.transactional_id) == (40, name)


def test_what_is_not_open_does_not_hang() -> None:
    assert hanging_of(HERE, CLOSED, None, None) is None
