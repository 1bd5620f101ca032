"""The next token is asked for ahead of the end, within the bounds that were set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.client.oauth.refreshing import RefreshRules


@pytest.mark.parametrize(
    ("lifetime_s", "draw", "expected_s"),
    [
        (3600, 0, 2880),
        (3600, 1, 3060),
        (36_000, 0, 28_800),
        (1000, 1, 700),  # the buffer
        (361, 0, 61),  # the buffer, and hardly the least time
        (359, 0, 287.2),  # too short for both, which count for nothing then
    ],
)
def test_when(lifetime_s, draw, expected_s):
    assert RefreshRules().wait_s(lifetime_s, draw) == pytest.approx(expected_s)


@given(
    st.floats(0, 1e6),
    st.floats(0, 1),
    st.floats(0.5, 1),
    st.floats(0, 0.25),
    st.integers(0, 900),
    st.integers(0, 3600),
)
def test_never_after_the_end(lifetime_s, draw, factor, jitter, least_s, buffer_s):
    rules = RefreshRules(factor, jitter, least_s, buffer_s)
    assert 0 <= rules.wait_s(lifetime_s, draw) <= lifetime_s
