"""Ranges of a request: what cannot be is refused before any record is looked at."""

import pytest

from logcore.broker.share.acknowledging import problem
from logcore.protocol.messages.share_acknowledge import AcknowledgementBatch

LAST = 2**63 - 1


def ranges(*each: tuple[int, int, list[int]]) -> list[AcknowledgementBatch]:
    return [
        AcknowledgementBatch(first_offset=first, last_offset=last, acknowledge_types=types)
        for first, last, types in each
    ]


def found(*each: tuple[int, int, list[int]], knows: bool = True, renews: bool = False) -> str:
    return problem(ranges(*each), knows_renewal=knows, is_renewal=renews) or ""


@pytest.mark.parametrize(
    "sound",
    [
        [],
        [(0, 9, [1])],
        [(0, 2, [1, 2, 3]), (3, 3, [0])],
        [(0, 5, [1]), (5, 9, [1])],
        [(0, LAST, [1])],
        [(-5, -3, [1]), (4, 4, [2])],
    ],
)
def test_what_is_sound(sound: list[tuple[int, int, list[int]]]):
    assert (found(*sound) == "") == (not sound or sound[0][0] >= 0)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ([(9, 0, [1])], "end before they begin"),
        ([(LAST, -LAST, [1])], "end before they begin"),
        ([(0, 9, [1]), (8, 12, [1])], "overlap"),
        ([(10, 19, [1]), (0, 9, [1])], "overlap"),
        ([(0, 9, [])], "0 types"),
        ([(0, 9, [1, 1])], "2 types"),
        ([(0, LAST, [1, 2])], "2 types"),
        ([(0, 1, [1, 2, 3])], "3 types"),
        ([(0, 1, [-1])], "unknown"),
        ([(0, 1, [5])], "unknown"),
        ([(0, 1, [127, -128])], "unknown"),
        ([(0, 1, [4])], "renewed only"),
    ],
)
def test_what_is_not(wrong: list[tuple[int, int, list[int]]], text: str):
    assert text in found(*wrong)


def test_renewals_are_known_from_version_2():
    assert found((0, 1, [4]), renews=True) == ""
    assert "unknown" in found((0, 1, [4]), knows=False, renews=True)
