"""An event loop in a thread, on which synchronous clients run the asynchronous core.

Invariant: one loop per client, which ends with it; a client that is forgotten unclosed ends its
loop too, at the interpreter's exit at the latest, and is told with a `ResourceWarning`. A loop is
closed only once everything on it is: an open transport would have it raise, or hang. In the child
of a fork there is no thread behind it, and every call says so.
Neighbours: `blocking` makes synchronous methods of asynchronous ones; they run here.
"""

import asyncio
import atexit
import inspect
import logging
import os
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, Final, TypeVar

import uvloop

from logcore.common.errors import ClientClosedError, ForkedClientError, IllegalStateError

logger = logging.getLogger(__name__)

T = TypeVar("T")
JOIN_S: Final = 5.0
WAIT_SLICE_S: Final = 1.0
LAST_TURNS: Final = 3  # of the loop, in which transports that were closed tell so


class LoopThread:
    """A loop in a thread of its own.

    Args:
        name: What the thread is called.
    """

    def __init__(self, name: str) -> None:
        self.loop = uvloop.new_event_loop()
        self.name = name
        self._pid = os.getpid()
        self._endings: list[Callable[[], object]] = []
        self._to_stop = threading.Lock()  # whoever gets it stops the loop
        self._started = threading.Event()
        arguments = (self.loop, self._started, self._endings)
        self._thread = threading.Thread(target=_serve, args=arguments, name=name, daemon=True)
        self._thread.start()
        self._started.wait()
        _ALIVE.add(self)

    def at_end(self, ending: Callable[[], object]) -> None:
        """Have something called on the loop before it ends, however that comes about."""
        self._endings.append(ending)

    @property
    def is_closed(self) -> bool:
        """Whether it ended."""
        return self.loop.is_closed() or not self._thread.is_alive()

    def check_process(self) -> None:
        """Refuse calls in the child of a fork.

        Raises:
            ForkedClientError: If this is one.
        """
        if os.getpid() != self._pid:
            raise ForkedClientError("the client was made before a fork: make one in the child")

    def check(self) -> None:
        """Refuse calls that could only hang.

        Raises:
            ForkedClientError: In the child of a fork.
            ClientClosedError: After `close`.
            IllegalStateError: On the loop's own thread, as in a callback.
        """
        self.check_process()
        if self.is_closed:
            raise ClientClosedError("the client is closed")
        if threading.get_ident() == self._thread.ident:
            raise IllegalStateError("a callback of a client must not call it and wait")

    def begin(self, coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
        """Have a coroutine run on the loop; `wait` is for its result.

        Raises:
            ForkedClientError, ClientClosedError, IllegalStateError: As `check` does.
        """
        try:
            self.check()
            return asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        except RuntimeError:  # it ended since it was looked at
            coroutine.close()
            raise ClientClosedError("the client is closed") from None
        except BaseException:
            coroutine.close()
            raise

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop, and return its result; Ctrl-C cancels it."""
        return self.wait(self.begin(coroutine), coroutine)

    def call(self, function: Callable[[], T]) -> T:
        """Call a function on the loop's thread, and return its result."""
        self.check()
        result: Future[T] = Future()

        def call() -> None:
            try:
                result.set_result(function())
            except BaseException as error:  # noqa: BLE001 - raised where it is asked for
                result.set_exception(error)

        try:
            self.loop.call_soon_threadsafe(call)
        except RuntimeError:
            raise ClientClosedError("the client is closed") from None
        return self.wait(result)

    def wait(self, future: "Future[T]", coroutine: Coroutine[Any, Any, T] | None = None) -> T:
        """Wait for what happens on the loop; for nothing, once the loop has ended.

        Args:
            future: Its result.
            coroutine: What was begun, if it was one: the loop may have ended before it began.

        Raises:
            ClientClosedError: If the client was closed meanwhile.
        """
        try:
            while not self.is_closed or future.done():
                # A wait without a limit would not let go for Ctrl-C on every system.
                try:
                    return future.result(WAIT_SLICE_S)
                except FutureTimeoutError:
                    if future.done():
                        raise
        except CancelledError:
            pass
        except BaseException:
            future.cancel()
            raise
        if coroutine is not None and inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
            coroutine.close()
        raise ClientClosedError("the client was closed meanwhile")

    def finish(self, close: Callable[[], object]) -> None:
        """Close a client, and then end the loop; twice, or by several threads, is no error.

        Args:
            close: Closes the client, and waits for that.

        Raises:
            IllegalStateError: On the loop's own thread.
        """
        try:
            self.check()
        except ClientClosedError:
            return
        try:
            close()
        except ClientClosedError:
            pass  # another thread was faster
        finally:
            self.close()

    def close(self) -> None:
        """End the loop; twice is no error."""
        if os.getpid() != self._pid or self.loop.is_closed():
            return
        if self._thread.is_alive():
            if self._to_stop.acquire(blocking=False):  # a second stop would end what ends it
                self.loop.call_soon_threadsafe(self.loop.stop)
            if threading.get_ident() != self._thread.ident and not sys.is_finalizing():
                self._thread.join(JOIN_S)

    def __del__(self) -> None:
        if self.is_forgotten:
            self.close()
            _tell_unclosed([self.name])

    @property
    def is_forgotten(self) -> bool:
        """Whether it still runs, now that nobody can end it any more."""
        return os.getpid() == self._pid and not self.is_closed


_ALIVE: Final["weakref.WeakSet[LoopThread]"] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """End all loops while threads still run: later, waiting for one would be in vain."""
    forgotten = [runner for runner in _ALIVE if runner.is_forgotten]
    for runner in forgotten:
        runner.close()
    if forgotten:
        _tell_unclosed([runner.name for runner in forgotten])


def _tell_unclosed(names: list[str]) -> None:
    warnings.warn(
        f"{', '.join(sorted(names))} was not closed, and what it still had to do is not done: "
        "close a client, or use it with `with`",
        ResourceWarning,
        stacklevel=2,
    )


def _serve(
    loop: asyncio.AbstractEventLoop,
    started: threading.Event,
    endings: list[Callable[[], object]],
) -> None:
    """Run a loop until it is stopped, then let what is left on it end."""
    asyncio.set_event_loop(loop)
    loop.call_soon(started.set)
    try:
        loop.run_forever()
        loop.run_until_complete(_end(endings))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _end(endings: list[Callable[[], object]]) -> None:
    """Have what is on the loop end: its clients, then its tasks, then closed transports."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: logger.debug("at the end: %s", context))
    while endings:
        try:
            endings.pop()()
        except Exception:
            logger.exception("a client could not end")
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=1)
    for _ in range(LAST_TURNS):
        await asyncio.sleep(0)
