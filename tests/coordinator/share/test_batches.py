"""Laying batches over batches, checked against a model that knows each offset by itself."""

import itertools
import random

import pytest

from logcore.coordinator.share.batches import NO_OFFSET, StateBatch, combine, pruned

CASES = [
    ("the same again", [(0, 9, 0, 1)], [(0, 9, 0, 1)], [(0, 9, 0, 1)]),
    ("touching and alike", [(0, 4, 0, 1)], [(5, 9, 0, 1)], [(0, 9, 0, 1)]),
    ("touching from below", [(5, 9, 0, 1)], [(0, 4, 0, 1)], [(0, 9, 0, 1)]),
    ("touching and not alike", [(0, 4, 0, 1)], [(5, 9, 2, 1)], [(0, 4, 0, 1), (5, 9, 2, 1)]),
    ("a gap", [(0, 3, 0, 1)], [(5, 9, 0, 1)], [(0, 3, 0, 1), (5, 9, 0, 1)]),
    ("more deliveries win", [(0, 9, 2, 1)], [(3, 5, 0, 2)],
     [(0, 2, 2, 1), (3, 5, 0, 2), (6, 9, 2, 1)]),
    ("fewer deliveries lose", [(0, 9, 0, 2)], [(3, 5, 4, 1)], [(0, 9, 0, 2)]),
    ("of as many the later state wins", [(0, 9, 0, 1)], [(0, 9, 2, 1)], [(0, 9, 2, 1)]),
    ("over several", [(0, 2, 0, 1), (4, 6, 0, 3), (8, 9, 0, 1)], [(1, 9, 2, 2)],
     [(0, 0, 0, 1), (1, 3, 2, 2), (4, 6, 0, 3), (7, 9, 2, 2)]),
    ("one end stronger", [(0, 5, 0, 2)], [(3, 9, 2, 1)], [(0, 5, 0, 2), (6, 9, 2, 1)]),
    ("closing a gap", [(0, 3, 0, 1), (6, 9, 0, 1)], [(4, 5, 0, 1)], [(0, 9, 0, 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("known", "news", "expected"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_laying_over(known, news, expected):
    combined = combine([StateBatch(*each) for each in known], [StateBatch(*n) for n in news], 0)
    assert [tuple(each) for each in combined] == expected


def test_what_lies_below_the_start_goes():
    batches = [StateBatch(0, 4, 0, 1), StateBatch(5, 9, 2, 1), StateBatch(10, 12, 0, 1)]
    assert pruned(batches, 7) == [StateBatch(7, 9, 2, 1), StateBatch(10, 12, 0, 1)]
    assert pruned(batches, NO_OFFSET) == batches
    assert combine(batches, [StateBatch(0, 20, 4, 2)], 13) == (StateBatch(13, 20, 4, 2),)


def model(batches: list[StateBatch], start: int) -> dict[int, tuple[int, int]]:
    """Return the state of each offset by itself: count and state."""
    known: dict[int, tuple[int, int]] = {}
    for batch in batches:
        for offset in range(max(batch.first_offset, start), batch.last_offset + 1):
            said = (batch.delivery_count, batch.delivery_state)
            known[offset] = max(known.get(offset, said), said)
    return known


@pytest.mark.parametrize("seed", range(60))
def test_any_batches_are_as_the_model_says(seed):
    chance = random.Random(seed)
    everything: list[StateBatch] = []
    combined: tuple[StateBatch, ...] = ()
    start = 0
    for _ in range(25):
        news = []
        for _ in range(chance.randint(0, 3)):
            first = chance.randint(0, 40)
            news.append(
                StateBatch(first, first + chance.randint(0, 9), chance.choice([0, 2, 4]),
                           chance.randint(1, 3))
            )  # fmt: skip
        start += chance.choice([0, 0, 0, 1])
        everything += news
        combined = combine(combined, news, start)
        found = model(list(combined), start)
        assert found == model(everything, start)
        for one, after in itertools.pairwise(combined):
            assert one.last_offset < after.first_offset
            assert one.last_offset + 1 < after.first_offset or one[2:] != after[2:]
