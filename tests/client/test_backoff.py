"""Waits double, up to the longest, and are spread."""

import random

from hypothesis import given
from hypothesis import strategies as st

from logcore.client.backoff import JITTER, Backoff


@given(st.integers(0, 200), st.integers(1, 1000), st.integers(1, 100_000), st.integers())
def test_each_wait_is_near_the_exponential_one(
    failures: int, first_ms: int, max_ms: int, seed: int
) -> None:
    backoff = Backoff(first_ms, max_ms, random.Random(seed))
    exact = min(first_ms * 2 ** min(failures, 32), max(max_ms, first_ms))
    assert exact * (1 - JITTER) <= backoff.wait_ms(failures) <= exact * (1 + JITTER)
