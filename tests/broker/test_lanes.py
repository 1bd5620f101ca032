"""Lanes: order per key, results and failures on the loop's thread."""

import asyncio
import threading
import time
from functools import partial

import pytest

from logcore.broker.lanes import Lanes


def test_equal_keys_keep_their_order_and_results_arrive_on_the_loop():
    async def main() -> list[tuple[int, bool]]:
        lanes = Lanes(asyncio.get_running_loop(), count=2)
        home = threading.get_ident()
        seen: list[tuple[int, bool]] = []

        def work(number: int) -> int:
            time.sleep(0.002 if number == 0 else 0)
            assert threading.get_ident() != home
            return number

        waited = [lanes.run("key", partial(work, number)) for number in range(5)]
        for deferred in waited:
            deferred.then(lambda done: seen.append((done.value(), threading.get_ident() == home)))
        for deferred in waited:
            await deferred.wait()
        lanes.close()
        return seen

    assert asyncio.run(main()) == [(number, True) for number in range(5)]


def test_a_failure_is_handed_on():
    async def main() -> None:
        lanes = Lanes(asyncio.get_running_loop(), count=1)
        try:
            with pytest.raises(ZeroDivisionError):
                await lanes.run("key", lambda: 1 // 0).wait()
        finally:
            lanes.close()

    asyncio.run(main())


def test_a_reserved_lane_keeps_nobody_else_waiting():
    async def main() -> list[str]:
        lanes = Lanes(asyncio.get_running_loop(), count=1, reserved=("slow",))
        gate, seen = threading.Event(), []
        slow = lanes.run("slow", lambda: gate.wait(20))
        slow.then(lambda _: seen.append("slow"))
        for number in range(3):
            await lanes.run(f"key {number}", lambda: None).wait()
            seen.append(f"key {number}")
        gate.set()
        await slow.wait()
        lanes.close()
        return seen

    assert asyncio.run(main()) == ["key 0", "key 1", "key 2", "slow"]
