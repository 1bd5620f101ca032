"""Producer ids: one after the other, a new block when one is used up, failures told."""

import pytest

from logcore.broker.producer_ids import ProducerIds
from logcore.common.deferred import Deferred


def test_ids_come_from_blocks_in_order():
    blocks = iter([range(2), range(1000, 1002)])
    ids = ProducerIds(lambda: Deferred.of(next(blocks)))
    assert [ids.next().value() for _ in range(4)] == [0, 1, 1000, 1001]


def test_those_who_wait_share_one_block():
    asked: list[Deferred[range]] = []

    def allocate() -> Deferred[range]:
        asked.append(Deferred())
        return asked[-1]

    ids = ProducerIds(allocate)
    waiting = [ids.next() for _ in range(3)]
    assert len(asked) == 1
    asked[0].complete(range(5, 7))
    assert [each.value() for each in waiting[:2]] == [5, 6]
    assert not waiting[2].is_done
    asked[1].complete(range(9, 12))
    assert waiting[2].value() == 9


def test_those_are_told_too_whose_second_block_fails():
    results: list[Deferred[range]] = [Deferred(), Deferred.failed(OSError("full"))]
    first = results[0]
    ids = ProducerIds(lambda: results.pop(0))
    waiting = [ids.next() for _ in range(3)]
    first.complete(range(1))
    assert waiting[0].value() == 0
    for each in waiting[1:]:
        with pytest.raises(OSError, match="full"):
            each.value()


def test_a_failure_reaches_all_and_the_next_tries_again():
    results: list[Deferred[range]] = [Deferred.failed(OSError("full")), Deferred.of(range(3))]
    ids = ProducerIds(lambda: results.pop(0))
    with pytest.raises(OSError, match="full"):
        ids.next().value()
    assert ids.next().value() == 0
