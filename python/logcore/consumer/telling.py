"""Telling a program's listener that partitions change hands, wherever it is to be called.

Invariants: whatever a listener raises, the change it was told of goes on, and the error is raised
once, to who polls. A call to the consumer from within a listener is known as such: it must not wait
for what waits for the listener.
Neighbours: `upkeep` tells; `listener` says who is told; `consumer` has it called by its own thread.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, Literal

from logcore.client.positions import TopicPartition
from logcore.consumer.listener import RebalanceListener

Change = Literal["assigned", "revoked", "lost"]
_HERE: Final[ContextVar[object]] = ContextVar("listener", default=None)
"""The call of a listener that runs here, and begins what is begun from here."""


class Telling:
    """Tells one consumer's listener.

    Attributes:
        listener: Who is told.
        call_elsewhere: Has a method of the listener called by another thread, if it is to be.
    """

    def __init__(self) -> None:
        self.listener = RebalanceListener()
        self.call_elsewhere: Callable[[Callable[[], Any]], Awaitable[None]] | None = None
        self._raised: list[BaseException] = []
        self._call: object = None  # the one under way

    @property
    def is_here(self) -> bool:
        """Whether this is called from within the listener; from any thread."""
        return self._call is not None and _HERE.get() is self._call

    @property
    def has_raised(self) -> bool:
        """Whether there is an error to raise."""
        return bool(self._raised)

    def raise_first(self) -> None:
        """Raise what a listener raised, if that was not done yet."""
        if self._raised:
            raise self._raised.pop(0)

    async def tell(self, change: Change, places: Collection[TopicPartition]) -> None:
        """Tell of a change, and keep what the listener raises."""
        method = {
            "assigned": self.listener.on_assigned,
            "revoked": self.listener.on_revoked,
            "lost": self.listener.on_lost,
        }[change]
        self._call = call = object()
        try:
            await self._told(lambda: method(sorted(places)), call)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            self._raised.append(error)  # the listener's own
        except Exception as error:  # noqa: BLE001 - passes to who polls
            self._raised.append(error)
        finally:
            if self._call is call:
                self._call = None

    async def _told(self, method: Callable[[], Any], call: object) -> None:
        def called() -> Any:  # noqa: ANN401 - whatever a listener answers
            with _from_here(call):
                return method()

        if self.call_elsewhere is not None:
            await self.call_elsewhere(called)
            return
        with _from_here(call):
            answer = method()
            if inspect.isawaitable(answer):
                await answer


@contextmanager
def _from_here(call: object) -> Iterator[None]:
    token = _HERE.set(call)
    try:
        yield
    finally:
        _HERE.reset(token)
