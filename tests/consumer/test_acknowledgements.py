"""What is said of records becomes ranges, in order, none overlapping another."""

import random
from types import SimpleNamespace

import pytest

from logcore.client.positions import TopicPartition
from logcore.common.errors import InvalidRecordStateError
from logcore.consumer.acknowledgements import (
    GAP,
    LISTED_MAX,
    Acknowledgement,
    AcknowledgeType,
    Acquisition,
    Run,
    ranges_of,
)

ACCEPT, RELEASE, REJECT, RENEW = AcknowledgeType
PLACE = TopicPartition("t", 0)


def said(types, *gaps):
    acquisition = Acquisition(PLACE, bytes(16), SimpleNamespace(error=None))
    return Acknowledgement(acquisition, types, list(gaps))


def test_what_is_equal_is_one_range():
    types = dict.fromkeys(range(1000), ACCEPT)
    assert ranges_of([said(types)]) == [(0, 999, [1])]
    types[500] = REJECT
    assert ranges_of([said(types)]) == [(0, 499, [1]), (500, 500, [3]), (501, 999, [1])]


def test_short_runs_are_listed():
    types = {4: ACCEPT, 5: RELEASE, 6: RELEASE, 7: REJECT, 9: RENEW}
    assert ranges_of([said(types)]) == [(4, 7, [1, 2, 2, 3]), (9, 9, [4])]


def test_gaps_come_in_between():
    assert ranges_of([said({3: ACCEPT}, Run(4, 40, GAP)), said({41: ACCEPT})]) == [
        (3, 3, [1]),
        (4, 40, [0]),
        (41, 41, [1]),
    ]
    far = Run(2, 2**62, GAP)
    assert ranges_of([said({1: ACCEPT}, far)]) == [(1, 1, [1]), (2, 2**62, [0])]


@pytest.mark.parametrize("seed", range(20))
def test_ranges_say_what_was_said(seed):
    chance = random.Random(seed)
    types = {
        offset: chance.choice([ACCEPT, ACCEPT, ACCEPT, RELEASE, REJECT])
        for offset in range(chance.randint(1, 300))
        if chance.random() < 0.9
    }
    found: dict[int, int] = {}
    end = -1
    for first, last, listed in ranges_of([said(types)]):
        assert end < first <= last
        assert len(listed) in {1, last - first + 1}
        assert len(listed) <= 1 or len(listed) < len(types) + LISTED_MAX
        end = last
        every = listed * (last - first + 1) if len(listed) == 1 else listed
        found |= dict(zip(range(first, last + 1), every, strict=True))
    assert found == types


def test_overlaps_are_said_once():
    assert ranges_of([said({5: ACCEPT}, Run(3, 8, GAP)), said({5: REJECT})]) == [(3, 8, [0])]


def test_an_outcome_names_the_records_and_not_the_gaps():
    acknowledgement = said({7: ACCEPT, 5: RELEASE}, Run(6, 6, GAP))
    acknowledgement.error = InvalidRecordStateError("late")
    assert acknowledgement.outcome() == (PLACE, [5, 7], acknowledgement.error)


def test_what_was_acquired_is_void_after_its_lock_and_its_session():
    session = SimpleNamespace(error=None)
    acquisition = Acquisition(PLACE, bytes(16), session, due_ms=100)
    assert not acquisition.is_void(99)
    assert acquisition.is_void(100)
    assert not acquisition._replace(due_ms=-1).is_void(10**9), "nobody knows how long it lasts"
    session.error = InvalidRecordStateError()
    assert acquisition.is_void(0)
