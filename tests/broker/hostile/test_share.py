"""Acknowledgements that nobody should send: each has Kafka's code, in little time and memory."""

import time
from typing import Any

import pytest

from tests.broker.handlers.sharing import Range, Sharer
from tests.broker.handlers.test_share_fetch import sharer
from tests.broker.hostile.memory import forget_peak, peak_kib, rss_kib
from tests.broker.running import Running

FAR = 2**63 - 1
INVALID_REQUEST, INVALID_RECORD_STATE = 42, 121
PATIENCE_S = 2.0
GROWN_KIB_MAX = 64 << 10

CASES: dict[str, tuple[list[Range], int]] = {
    "everything there is": ([(0, FAR, [1])], INVALID_REQUEST),
    "everything, from before": ([(-FAR, FAR, [1])], INVALID_REQUEST),
    "the last offset": ([(FAR, FAR, [1])], INVALID_REQUEST),
    "inverted": ([(9, 0, [1])], INVALID_REQUEST),
    "inverted to the end of numbers": ([(FAR, -FAR, [1])], INVALID_REQUEST),
    "overlapping": ([(0, 5, [1]), (4, 9, [1])], INVALID_REQUEST),
    "out of order": ([(5, 9, [1]), (0, 4, [1])], INVALID_REQUEST),
    "one record twice": ([(0, 4, [1]), (4, 9, [1])], INVALID_RECORD_STATE),
    "the same many times": ([(4, 4, [1])] * 5_000, INVALID_RECORD_STATE),
    "no types": ([(0, 9, [])], INVALID_REQUEST),
    "too few types": ([(0, 9, [1] * 9)], INVALID_REQUEST),
    "too many types": ([(0, 9, [1] * 11)], INVALID_REQUEST),
    "types without end": ([(0, 9, [1] * 200_000)], INVALID_REQUEST),
    "types without end, of a range without end": (
        [(0, 199_999, [1, 2] * 100_000)],
        INVALID_REQUEST,
    ),
    "gaps without end": ([(0, 199_999, [0] * 200_000)], INVALID_REQUEST),
    "an unknown type": ([(0, 9, [5])], INVALID_REQUEST),
    "a type below all": ([(0, 9, [-128])], INVALID_REQUEST),
    "a renewal by the way": ([(0, 9, [4])], INVALID_REQUEST),
    "past what was acquired": ([(5, 10, [1])], INVALID_REQUEST),
    "behind what was acquired": ([(10, 19, [1])], INVALID_REQUEST),
    "ranges without end": ([(at, at, [1]) for at in range(100_000)], INVALID_REQUEST),
}


@pytest.fixture
def member(broker: Running) -> Sharer:
    _, one = sharer(broker)
    assert one.acquire() == [(0, 9, 1)]
    return one


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("by_fetch", [False, True], ids=["acknowledge", "fetch"])
def test_ranges_that_are_wrong_change_nothing(member: Sharer, name: str, by_fetch: bool):
    ranges, code = CASES[name]
    began, before = time.monotonic(), rss_kib()
    forget_peak()
    if by_fetch:
        answer = member.fetch({0: ranges})
        assert answer.error_code == 0
        found = answer.responses[0].partitions[0].acknowledge_error_code
    else:
        found = member.acknowledge(*ranges)
    assert found == code
    assert time.monotonic() - began < PATIENCE_S
    assert peak_kib() - before < GROWN_KIB_MAX
    assert member.acknowledge((0, 9, [1])) == 0


def test_limits_that_make_no_sense(member: Sharer):
    wrong: dict[str, Any] = {
        "max_records": -5,
        "batch_size": -(2**31),
        "min_bytes": -7,
        "max_bytes": -1,
        "max_wait_ms": -1,
    }
    for name, value in wrong.items():
        assert member.acquire(**{name: value}) == []
    assert member.fetch(share_acquire_mode=-1).error_code == INVALID_REQUEST
    assert member.acknowledge((0, 9, [1])) == 0


def test_partitions_without_end(broker: Running):
    _, one = sharer(broker)
    one.partitions = range(20_000)
    began = time.monotonic()
    answer = one.fetch()
    codes = {each.error_code for each in answer.responses[0].partitions}
    assert codes == {0, 3}
    assert time.monotonic() - began < PATIENCE_S
