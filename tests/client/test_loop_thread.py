"""A loop in a thread: calls wait, errors come back, and what can only hang is refused."""

import asyncio
import gc
import os
import threading
import time

import pytest

from logcore.client.loop_thread import LoopThread
from logcore.common.errors import ClientClosedError, ForkedClientError, IllegalStateError


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def fail() -> None:
    raise ValueError("no")


def test_results_and_errors_come_back() -> None:
    runner = LoopThread("test")
    assert runner.run(double(4)) == 8
    assert runner.call(threading.get_ident) != threading.get_ident()
    with pytest.raises(ValueError, match="no"):
        runner.run(fail())
    runner.close()
    runner.close()
    assert runner.is_closed
    with pytest.raises(ClientClosedError):
        runner.run(double(1))


def test_a_callback_must_not_wait_for_its_own_loop() -> None:
    runner = LoopThread("test")
    with pytest.raises(IllegalStateError, match="callback"):
        runner.call(lambda: runner.run(double(1)))
    runner.close()


def test_closing_cancels_what_is_left() -> None:
    runner = LoopThread("test")
    cancelled = threading.Event()

    async def sleep() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    asyncio.run_coroutine_threadsafe(sleep(), runner.loop)
    runner.call(lambda: None)
    runner.close()
    assert cancelled.wait(5)


def test_a_forgotten_one_ends() -> None:
    before = threading.active_count()
    LoopThread("test")
    gc.collect()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_the_child_of_a_fork_is_told() -> None:
    runner = LoopThread("test")
    child = os.fork()
    if child == 0:
        try:
            runner.run(double(1))
        except ForkedClientError:
            os._exit(7)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7
    runner.close()
