"""Calling what may block from a coroutine, in a thread of its own.

Invariant: the interpreter's exit waits for no such thread, and neither does a loop's end: a
provider of tokens that hangs is left behind.
Neighbours: sources of tokens call files, HTTP and the program's own functions through here.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(function: Callable[[], T]) -> T:
    """Call a function in a thread, and return its result."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: Callable[[], None]) -> None:
        if not future.done():
            result()

    def run() -> None:
        try:
            value = function()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            problem = error
            done: Callable[[], None] = lambda: future.set_exception(problem)  # noqa: E731
        else:
            done = lambda: future.set_result(value)  # noqa: E731
        with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(settle, done)

    threading.Thread(target=run, name="logcore-token", daemon=True).start()
    return await future
