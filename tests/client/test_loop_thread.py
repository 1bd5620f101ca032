"""A loop in a thread: calls wait, errors come back, and what can only hang is refused."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import Future

import pytest

from logcore.client.loop_thread import LoopThread
from logcore.common.errors import ClientClosedError, ForkedClientError, IllegalStateError
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker


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
    forgotten = [LoopThread("test")]
    with pytest.warns(ResourceWarning, match="test was not closed"):
        forgotten.clear()
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


def test_what_is_to_happen_at_the_end_happens_on_the_loop() -> None:
    runner = LoopThread("test")
    seen: list[object] = []
    runner.at_end(lambda: seen.append(asyncio.get_running_loop()))
    runner.at_end(lambda: 1 / 0)  # logged, and no hindrance
    runner.close()
    assert seen == [runner.loop]


def test_who_waits_when_it_is_closed_is_told() -> None:
    runner = LoopThread("test")
    told: list[BaseException] = []
    begun = threading.Event()

    async def sleep() -> None:
        begun.set()
        await asyncio.sleep(60)

    def wait() -> None:
        try:
            runner.run(sleep())
        except BaseException as error:  # noqa: BLE001 - looked at below
            told.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    begun.wait(5)
    runner.close()
    thread.join(10)
    assert not thread.is_alive()
    assert [type(error) for error in told] == [ClientClosedError]


def test_what_comes_too_late_to_run_is_told() -> None:
    runner = LoopThread("test")
    loop, thread = runner.loop, runner._thread
    runner.close()
    thread.join(5)
    coroutine = double(1)
    with pytest.raises(ClientClosedError):
        runner.begin(coroutine)
    assert loop.is_closed()
    with pytest.raises(ClientClosedError):
        runner.wait(Future())


def test_many_may_close_at_once() -> None:
    for _ in range(50):
        runner = LoopThread("test")
        threads = [threading.Thread(target=runner.close) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert runner.is_closed


def test_a_producer_that_is_forgotten_leaves_nothing_open(logcore_broker: LocalBroker) -> None:
    """Its transports are closed before its loop, which would raise or hang with one open."""
    topic = logcore_broker.create_topic()
    before = threading.active_count()
    forgotten = [Producer(bootstrap_servers=logcore_broker.bootstrap_servers, linger_ms=60_000)]
    delivery = forgotten[0].send(topic, b"x")
    with pytest.warns(ResourceWarning, match="logcore-producer was not closed"):
        forgotten.clear()
    with pytest.raises(ClientClosedError, match="before the record was acknowledged"):
        delivery.result(5)
    assert threading.active_count() == before


FORGETTING = """
import sys
from logcore import Admin, Consumer, Producer
server, topic = sys.argv[1:]
producer = Producer(bootstrap_servers=server)
producer.send(topic, b"x").result(10)
consumer = Consumer(topic, bootstrap_servers=server, group_id="forgetting")
consumer.poll(0.01)
admin = Admin(server)
admin.topics.list()
print("done")
"""


def test_forgotten_at_the_end_of_a_program(logcore_broker: LocalBroker) -> None:
    """With warnings as errors, none is in the way of the others, and nothing hangs."""
    arguments = [logcore_broker.bootstrap_servers, logcore_broker.create_topic()]
    command = [sys.executable, "-W", "error", "-c", FORGETTING, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout == "done\n"
    assert "logcore-admin, logcore-consumer, logcore-producer was not closed" in ended.stderr
    assert ended.stderr.count("Error") == 0
    assert ended.stderr.count("unclosed resource") == 0
