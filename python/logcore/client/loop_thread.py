"""An event loop in a thread, on which synchronous clients run the asynchronous core.

Invariant: one loop per client, which ends with it; a client that is forgotten unclosed ends its
loop too, and the interpreter's exit waits for none. In the child of a fork there is no thread
behind it, and every call says so.
Neighbours: `blocking` makes synchronous methods of asynchronous ones; they run here.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, Final, TypeVar

import uvloop

from logcore.common.errors import ClientClosedError, ForkedClientError, IllegalStateError

T = TypeVar("T")
JOIN_S: Final = 5.0
WAIT_SLICE_S: Final = 3600.0


class LoopThread:
    """A loop in a thread of its own.

    Args:
        name: What the thread is called.
    """

    def __init__(self, name: str) -> None:
        self.loop = uvloop.new_event_loop()
        self._pid = os.getpid()
        self._started = threading.Event()
        self._thread = threading.Thread(target=_serve, args=(self.loop, self._started), name=name)
        self._thread.daemon = True
        self._thread.start()
        self._started.wait()

    @property
    def is_closed(self) -> bool:
        """Whether it ended."""
        return self.loop.is_closed() or not self._thread.is_alive()

    def check(self) -> None:
        """Refuse calls that could only hang.

        Raises:
            ForkedClientError: In the child of a fork.
            ClientClosedError: After `close`.
            IllegalStateError: On the loop's own thread, as in a callback.
        """
        if os.getpid() != self._pid:
            raise ForkedClientError("the client was made before a fork: make one in the child")
        if self.is_closed:
            raise ClientClosedError("the client is closed")
        if threading.get_ident() == self._thread.ident:
            raise IllegalStateError("a callback of a client must not call it and wait")

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop, and return its result; Ctrl-C cancels it."""
        try:
            self.check()
        except BaseException:
            coroutine.close()
            raise
        return _wait(asyncio.run_coroutine_threadsafe(coroutine, self.loop))

    def call(self, function: Callable[[], T]) -> T:
        """Call a function on the loop's thread, and return its result."""
        self.check()
        result: Future[T] = Future()

        def call() -> None:
            try:
                result.set_result(function())
            except BaseException as error:  # noqa: BLE001 - raised where it is asked for
                result.set_exception(error)

        self.loop.call_soon_threadsafe(call)
        return _wait(result)

    def close(self) -> None:
        """End the loop; twice is no error."""
        if os.getpid() != self._pid or self.loop.is_closed():
            return
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            if threading.get_ident() != self._thread.ident:
                self._thread.join(JOIN_S)

    def __del__(self) -> None:
        self.close()


def _wait(future: "Future[T]") -> T:
    try:
        while True:
            # A wait without a limit would not let go for Ctrl-C on every system.
            try:
                return future.result(WAIT_SLICE_S)
            except FutureTimeoutError:
                if future.done():
                    raise
    except BaseException:
        future.cancel()
        raise


def _serve(loop: asyncio.AbstractEventLoop, started: threading.Event) -> None:
    """Run a loop until it is stopped, then let what is left on it end."""
    asyncio.set_event_loop(loop)
    loop.call_soon(started.set)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=1))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
