"""Rates of new connections: in all, by listener, by address."""

from hypothesis import given
from hypothesis import strategies as st

from logcore.common.rates import Window
from logcore.network import connection_rates
from logcore.network.connection_rates import ConnectionRates

WINDOW = Window(11, 1000)


def accept_all(rates, seconds, listener="L", host="10.0.0.1"):
    """Accept whoever may be, as fast as may be; return how many."""
    now_ms, accepted = 1_000, 0
    while now_ms < 1_000 + seconds * 1000:
        delay_ms = rates.delay_ms(listener, now_ms)
        if not delay_ms:
            accepted += not rates.count(listener, host, now_ms)
        now_ms += delay_ms or 1
    return accepted


def test_without_rates_nobody_waits_and_nothing_is_counted():
    rates = ConnectionRates()
    assert accept_all(rates, 1) == 1000
    assert not rates._addresses
    assert not rates._listeners


def test_the_rate_of_the_broker_is_kept_over_time_after_a_burst_of_the_window():
    assert 290 <= accept_all(ConnectionRates(10, window=WINDOW), 30) <= 350


def test_a_rate_of_none_accepts_none():
    rates = ConnectionRates(0, window=WINDOW)
    assert rates.delay_ms("L", 1000) == rates.delay_ms("L", 5000) == 1000


def test_a_listener_has_a_rate_of_its_own():
    rates = ConnectionRates(listener_max={"SLOW": 1}, window=WINDOW)
    assert accept_all(rates, 2, "SLOW") <= 12
    assert rates.delay_ms("FAST", 3000) == 0


def test_an_address_over_its_rate_is_kept_waiting_and_others_are_not():
    rates = ConnectionRates(window=Window(2, 1000))
    rates.address_max = {"10.0.0.9": 1, None: 5}
    assert rates.count("L", "10.0.0.9", 0) == 0
    assert 0 < rates.count("L", "10.0.0.9", 0) <= 1000
    assert [rates.count("L", "10.0.0.1", 0) for _ in range(5)] == [0] * 5
    assert rates.count("L", "10.0.0.1", 0) > 0
    assert rates.delay_ms("L", 0) == 0, "nobody waits for it"
    assert rates.count("L", "10.0.0.9", 3000) == 0, "what was refused was not counted"


def test_addresses_without_a_rate_are_not_remembered():
    rates = ConnectionRates()
    rates.address_max = {"10.0.0.9": 1}
    assert rates.count("L", "10.0.0.1", 0) == 0
    assert not rates._addresses


def test_a_change_counts_from_now_on():
    rates = ConnectionRates(window=WINDOW)
    rates.address_max = {None: 1}
    assert sum(not rates.count("L", "h", 0) for _ in range(20)) == 10
    rates.address_max = {}
    assert rates.count("L", "h", 0) == 0


def test_no_more_addresses_are_remembered_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(connection_rates, "ADDRESSES_MAX", 10)
    rates = ConnectionRates()
    rates.address_max = {None: 1}
    for number in range(100):
        rates.count("L", f"10.0.0.{number}", 0)
    assert len(rates._addresses) == 10


@given(st.integers(1, 50), st.lists(st.integers(0, 500), max_size=100))
def test_no_more_come_than_the_rate_and_one_window(limit, gaps_ms):
    rates = ConnectionRates(limit, window=WINDOW)
    now_ms, accepted = 0, 0
    for gap_ms in gaps_ms:
        now_ms += gap_ms
        if not rates.delay_ms("L", now_ms):
            rates.count("L", "h", now_ms)
            accepted += 1
    assert accepted <= limit * (now_ms + WINDOW.total_ms) / 1000 + 1
