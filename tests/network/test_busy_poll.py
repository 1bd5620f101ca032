"""The loop stays awake between requests that are near each other, and only then."""

import asyncio

import pytest
import uvloop

from logcore.common.clock import LoopScheduler, ManualScheduler
from logcore.network.busy_poll import NEAR_FACTOR, BusyPoll

STAY_US = 5_000
STAY_MS = STAY_US // 1000


@pytest.fixture
def scheduler() -> ManualScheduler:
    return ManualScheduler()


def test_a_request_alone_keeps_nobody_awake(scheduler: ManualScheduler) -> None:
    poll = BusyPoll(scheduler, STAY_US)
    poll.served()
    assert not poll.is_awake
    scheduler.advance(STAY_MS * NEAR_FACTOR)
    poll.served()
    assert not poll.is_awake


def test_requests_that_are_near_keep_the_loop_awake() -> None:
    """On a real loop: it stays for the time, and not much longer."""

    async def run() -> tuple[bool, float]:
        loop = asyncio.get_running_loop()
        poll = BusyPoll(LoopScheduler(loop), STAY_US)
        poll.served()
        poll.served()
        was_awake, start = poll.is_awake, loop.time()
        while poll.is_awake:  # noqa: ASYNC110 - that it goes round is what is tested
            await asyncio.sleep(0)
        return was_awake, loop.time() - start

    was_awake, stayed = uvloop.run(run())
    assert was_awake
    assert stayed >= STAY_US / 1e6 * 0.9


def test_it_may_be_turned_off(scheduler: ManualScheduler) -> None:
    poll = BusyPoll(scheduler, 0)
    poll.served()
    poll.served()
    assert not poll.is_awake
