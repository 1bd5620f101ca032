"""Totals are for ever; averages, maxima and rates are of late, within bounded memory."""

from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.client.metrics.sampled import Sampled, Window, average, maximum


class Hands:
    """A clock to turn."""

    def __init__(self) -> None:
        self.now_ms = 1000

    def __call__(self) -> int:
        return self.now_ms


def sampled(samples=2, sample_ms=100):
    hands = Hands()
    return Sampled(Window(samples, sample_ms, hands)), hands


def test_of_nothing_there_is_no_average():
    number, _ = sampled()
    assert isnan(number.average())
    assert isnan(number.maximum())
    assert (number.rate(), number.count_rate(), number.total, number.count) == (0, 0, 0, 0)


def test_what_is_old_counts_for_totals_only():
    number, hands = sampled()
    number.record(10)
    hands.now_ms += 150
    number.record(4)
    number.record(2)
    assert (number.average(), number.maximum()) == (pytest.approx(16 / 3), 10)
    assert number.rate() == pytest.approx(16 / 0.15)
    hands.now_ms += 100
    assert (number.average(), number.maximum()) == (3, 4)
    hands.now_ms += 1000
    assert isnan(number.average())
    assert number.rate() == 0
    assert (number.total, number.count) == (16, 3)


def test_the_first_burst_is_not_taken_for_the_rate():
    number, hands = sampled(samples=3, sample_ms=1000)
    number.record(20)
    number.record(20)
    assert number.rate() == 20
    assert number.count_rate() == 1
    hands.now_ms += 2500
    assert number.rate() == 16


def test_several_together():
    one, hands = sampled()
    other = Sampled(Window(2, 100, hands))
    one.record(1)
    one.record(2)
    other.record(6)
    assert (average([one, other]), maximum([one, other])) == (3, 6)
    assert isnan(average([]))


def test_one_sample_only_and_none_at_all():
    number, hands = sampled(samples=1)
    number.record(1)
    hands.now_ms += 100
    number.record(3)
    assert number.average() == 3
    number, hands = sampled(sample_ms=0)
    number.record(1)
    assert number.total == 1


@given(
    st.integers(1, 5),
    st.integers(1, 50),
    st.lists(st.tuples(st.integers(0, 200), st.integers(-100, 100)), max_size=60),
)
def test_as_a_list_of_everything_would_have_it(samples, sample_ms, steps):
    number, hands = sampled(samples, sample_ms)
    everything = []
    for wait_ms, amount in steps:
        hands.now_ms += wait_ms
        number.record(amount)
        everything.append(amount)
        assert len(number._samples) <= samples
        recent = [value for each in number.recent() for value in [each.max]]
        assert max(recent) <= max(everything)
    assert number.total == sum(everything)
    assert number.count == len(everything)
