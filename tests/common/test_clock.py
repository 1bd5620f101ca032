"""The scheduler's twin keeps time as the real one does; the real one calls on its loop."""

import asyncio

from logcore.common.clock import LoopScheduler, ManualScheduler, SystemClock


def test_timers_run_at_their_time_in_order():
    scheduler = ManualScheduler(start_ms=1000)
    seen: list[object] = []
    scheduler.call_later(20, lambda: seen.append(("b", scheduler.now_ms())))
    scheduler.call_later(10, lambda: seen.append(("a", scheduler.now_ms())))
    scheduler.advance(30)
    assert seen == [("a", 1010), ("b", 1020)]
    assert scheduler.now_ms() == 1030


def test_a_cancelled_timer_stays_silent():
    scheduler = ManualScheduler()
    seen: list[object] = []
    timer = scheduler.call_later(10, seen.append, "no")
    timer.cancel()
    timer.cancel()
    assert scheduler.pending_count == 0
    scheduler.advance(10)
    assert seen == []


def test_what_a_timer_sets_is_kept_too():
    scheduler = ManualScheduler()
    seen: list[object] = []
    scheduler.call_later(10, lambda: scheduler.call_later(10, seen.append, "again"))
    scheduler.advance(20)
    assert seen == ["again"]


def test_soon_is_not_now():
    scheduler = ManualScheduler()
    seen: list[object] = []
    scheduler.call_soon(seen.append, 1)
    assert seen == []
    scheduler.run_soon()
    assert seen == [1]


def test_the_loop_calls_back():
    async def main() -> list[str]:
        seen: list[str] = []
        scheduler = LoopScheduler(asyncio.get_running_loop())
        scheduler.call_later(1, seen.append, "later")
        scheduler.call_later(1, seen.append, "never").cancel()
        scheduler.call_soon(seen.append, "soon")
        await asyncio.sleep(0.05)
        return seen

    assert asyncio.run(main()) == ["soon", "later"]


def test_the_system_clock_goes_forward():
    clock = SystemClock()
    first = clock.monotonic_ms()
    assert clock.now_ms() > 1_700_000_000_000
    assert clock.monotonic_ms() >= first
    assert clock.monotonic_ns() >= first * 1_000_000
