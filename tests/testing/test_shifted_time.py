"""Turned time: timers keep their order, run when they are due, and may be called off."""

import asyncio
from collections.abc import Awaitable, Callable

import uvloop

from logcore.testing.shifted_time import ShiftedScheduler


def with_scheduler(body: Callable[[ShiftedScheduler], Awaitable[None]]) -> None:
    async def main() -> None:
        await body(ShiftedScheduler(asyncio.get_running_loop()))

    uvloop.run(main())


def test_clocks_are_turned_by_as_much() -> None:
    async def body(scheduler: ShiftedScheduler) -> None:
        before = (scheduler.now_ms(), scheduler.monotonic_ms(), scheduler.monotonic_ns() // 10**6)
        scheduler.advance(3_600_000)
        after = (scheduler.now_ms(), scheduler.monotonic_ms(), scheduler.monotonic_ns() // 10**6)
        for old, new in zip(before, after, strict=True):
            assert 3_600_000 <= new - old < 3_610_000

    with_scheduler(body)


def test_what_becomes_due_runs_in_its_order() -> None:
    async def body(scheduler: ShiftedScheduler) -> None:
        ran: list[str] = []
        scheduler.call_later(30_000, ran.append, "third")
        scheduler.call_later(10_000, ran.append, "first")
        scheduler.call_later(20_000, ran.append, "second")
        scheduler.call_later(90_000, ran.append, "not yet")
        await asyncio.sleep(0.01)
        assert not ran
        scheduler.advance(60_000)
        await asyncio.sleep(0.01)
        assert ran == ["first", "second", "third"]
        scheduler.advance(30_000)
        await asyncio.sleep(0.01)
        assert ran[-1] == "not yet"

    with_scheduler(body)


def test_a_timer_called_off_does_not_run() -> None:
    async def body(scheduler: ShiftedScheduler) -> None:
        ran: list[str] = []
        timer = scheduler.call_later(10_000, ran.append, "never")
        timer.cancel()
        timer.cancel()
        scheduler.advance(60_000)
        await asyncio.sleep(0.01)
        assert not ran

    with_scheduler(body)


def test_timers_run_by_themselves_too() -> None:
    async def body(scheduler: ShiftedScheduler) -> None:
        rang = asyncio.Event()
        scheduler.call_later(5, rang.set)
        await asyncio.wait_for(rang.wait(), 5)

    with_scheduler(body)
