"""Quotas of bytes and time."""

from logcore.broker.quotas.client_quota import ClientQuota
from logcore.broker.quotas.limits import Limits
from logcore.common.clock import ManualClock
from logcore.common.rates import Window
from logcore.controller.client_quotas import CLIENT_ID, entity_of

KEY = "k"
LIMITS = Limits({entity_of([(CLIENT_ID, "c")]): {KEY: 1000.0}}, KEY)


def quota(clock: ManualClock, **rest) -> ClientQuota:
    return ClientQuota("produce", LIMITS, Window(11, 1000), clock, **rest)


def test_who_keeps_to_it_never_waits_and_who_has_none_is_not_counted():
    clock = ManualClock()
    held = quota(clock)
    for _ in range(60):
        assert held.charge("u", "c", 900) == 0  # a window may hold one sample more than its time
        clock.advance(1000)
    assert held.charge("u", "other", 10**12) == 0
    assert [key for key, _ in held.rates()] == [("", "c")]


def test_who_takes_too_much_waits_until_the_average_holds():
    clock = ManualClock()
    held, total = quota(clock), 0
    begin = clock.now_ms()
    while clock.now_ms() < begin + 60_000:
        total += 5000
        clock.advance(held.charge("u", "c", 5000) or 1)
    assert total <= 1000 * (60 + 11) + 5000


def test_what_is_taken_back_is_not_waited_for():
    clock = ManualClock()
    held = quota(clock)
    assert held.charge("u", "c", 20_000) > 0
    held.note("u", "c", -20_000)
    assert held.charge("u", "c", 1) == 0


def test_a_wait_has_its_bound():
    assert quota(ManualClock(), wait_max_ms=1000).charge("u", "c", 10**9) == 1000


def test_what_can_be_taken_at_once():
    held = quota(ManualClock())
    assert held.most_at_once("u", "c") == 10_000
    assert held.most_at_once("u", "other") == float("inf")
    assert held.charge("u", "c", held.most_at_once("u", "c")) == 0


def test_another_limit_counts_from_now_on():
    clock = ManualClock()
    held = quota(clock)
    held.charge("u", "c", 10_000)
    held.change(Limits({entity_of([(CLIENT_ID, "c")]): {KEY: 500.0}}, KEY))
    assert held.charge("u", "c", 0) > 0
