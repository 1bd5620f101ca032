"""Tests of `logcore.common.rates`: against a plain model, and by what each promises."""

from hypothesis import given
from hypothesis import strategies as st

from logcore.common.rates import WAIT_MAX_MS, SampledRate, TokenBucket, Window

steps = st.lists(
    st.tuples(st.integers(0, 3000), st.floats(0, 1e6)), min_size=1, max_size=60
)  # how long after the last one, how much
windows = st.builds(Window, st.integers(1, 12), st.integers(10, 2000))


def test_a_first_burst_is_spread_over_the_whole_window():
    rate = SampledRate(Window(11, 1000))
    rate.record(10_000, 5_000)
    assert rate.value(5_000) == 1000
    assert rate.wait_ms(1000, 5_000) == 0
    rate.record(1, 5_000)
    assert rate.wait_ms(1000, 5_000) == 1


def test_waiting_for_as_long_as_it_says_brings_the_rate_down_to_the_limit():
    rate = SampledRate(Window(11, 1000))
    rate.record(15_000, 0)
    wait_ms = rate.wait_ms(1000, 0)
    assert wait_ms == 5000
    assert rate.value(wait_ms) == 1500  # a burst is in the window for all of the window...
    rate = SampledRate(Window(11, 1000))
    for second in range(30):
        rate.record(1500, second * 1000)
    wait_ms = rate.wait_ms(1000, 29_000)
    assert 0 < wait_ms < 11_000
    assert rate.value(29_000 + 11_000) == 0  # ...and then is forgotten


def test_what_is_taken_back_never_was():
    rate = SampledRate(Window(11, 1000))
    rate.record(500, 0)
    before = rate.value(100)
    rate.record(9999, 100)
    rate.record(-9999, 100)
    assert rate.value(100) == before


def test_a_limit_of_nothing_waits_for_ever():
    rate = SampledRate(Window())
    assert rate.wait_ms(0, 0) == 0
    rate.record(1, 0)
    assert rate.wait_ms(0, 0) == WAIT_MAX_MS
    assert TokenBucket(0, Window(), 0).wait_ms(0) == 0


@given(windows, steps)
def test_the_rate_is_what_is_in_the_window_over_its_time(window, recorded):
    rate, now_ms, all_of_it = SampledRate(window), 0, []
    for after_ms, amount in recorded:
        now_ms += after_ms
        rate.record(amount, now_ms)
        all_of_it.append((now_ms, amount))
    value = rate.value(now_ms)
    surely = sum(amount for at, amount in all_of_it if now_ms - at < window.total_ms)
    at_most = sum(
        amount for at, amount in all_of_it if now_ms - at < window.total_ms + window.sample_ms
    )
    # A sample that overlaps the window counts as a whole; the time is at least all but one sample.
    shortest_ms = max(1, (window.samples - 1) * window.sample_ms)
    longest_ms = window.total_ms + window.sample_ms
    assert surely * 1000 / longest_ms <= value * (1 + 1e-9) + 1e-9
    assert value <= at_most * 1000 / shortest_ms * (1 + 1e-9) + 1e-9
    assert len(rate._samples) <= window.samples + 1


@given(windows, st.floats(1, 1e6), steps)
def test_who_waits_as_told_stays_at_the_limit_in_the_long_run(window, limit, recorded):
    rate, now_ms, total = SampledRate(window), 0, 0.0
    for after_ms, amount in recorded:
        now_ms += after_ms
        rate.record(amount, now_ms)
        total += amount
        now_ms += rate.wait_ms(limit, now_ms)
    # Every amount was either within the limit or waited for, but what the window forgave.
    largest = max(amount for _, amount in recorded)
    forgiven = limit * (window.total_ms + window.sample_ms) / 1000 + largest * (window.samples + 1)
    assert total <= limit * now_ms / 1000 * (1 + 1e-6) + forgiven + largest + 1


@given(st.floats(0.1, 1e4), windows, steps)
def test_a_bucket_gives_what_came_in_and_no_more(rate, window, taken):
    bucket, now_ms, total = TokenBucket(rate, window, 0), 0, 0.0
    for after_ms, amount in taken:
        now_ms += after_ms
        if bucket.wait_ms(now_ms):
            continue  # strict: nothing is taken while it is overdrawn
        bucket.take(amount, now_ms)
        total += amount
        assert bucket.tokens(now_ms) <= bucket.burst
    largest = max(amount for _, amount in taken)
    assert total <= (bucket.burst + rate * now_ms / 1000 + largest) * (1 + 1e-6) + 1e-6


@given(st.floats(0.1, 1e4), windows, st.floats(0, 1e5))
def test_a_bucket_is_paid_back_when_it_says_so(rate, window, amount):
    bucket = TokenBucket(rate, window, 0)
    bucket.take(amount, 0)
    wait_ms = bucket.wait_ms(0)
    if wait_ms < WAIT_MAX_MS:
        assert bucket.tokens(wait_ms + 1) >= -1e-3 * rate
