"""What blocks does so elsewhere, and nobody waits for it in the end."""

import asyncio
import subprocess
import sys
import threading

import pytest

from logcore.client.oauth.thread import in_thread


def test_results_and_errors_come_back():
    async def main() -> None:
        assert await in_thread(threading.get_ident) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await in_thread(lambda: 1 / 0)

    asyncio.run(main())


def test_what_hangs_is_left_behind_when_the_wait_or_the_program_ends():
    program = (
        "import asyncio, time\n"
        "from logcore.client.oauth.thread import in_thread\n"
        "async def main():\n"
        "    try:\n"
        "        await asyncio.wait_for(in_thread(lambda: time.sleep(60)), 0.05)\n"
        "    except TimeoutError:\n"
        "        print('left')\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout == "left\n"
    assert ended.stderr == ""


def test_an_answer_after_the_loop_has_ended_is_dropped():
    release = threading.Event()
    before = threading.active_count()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(in_thread(release.wait), 0.01)

    asyncio.run(main())
    release.set()
    for thread in threading.enumerate():
        if thread.name == "logcore-token":
            thread.join(5)
    assert threading.active_count() == before
