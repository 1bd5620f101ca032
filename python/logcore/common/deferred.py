"""`Deferred`: a result that may come later, with callbacks that run at once when it does.

A parked request is a `Deferred`, not a task: completing one costs a list walk and no turn of an
event loop. Invariant: it is completed exactly once, with a value or with an exception, and every
callback runs exactly once, in the order in which they were added, on the thread that completes it.
Neighbours: coordinators and the controller return these; the dispatcher of the broker awaits them.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")


class Deferred(Generic[T]):
    """A result that may come later.

    Example:
        >>> answer: Deferred[int] = Deferred()
        >>> answer.then(lambda done: print(done.value()))
        >>> answer.complete(42)
        42
    """

    __slots__ = ("_callbacks", "_error", "_value", "is_done")

    is_done: bool
    """Whether a value or an exception is there."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[Deferred[T]], object]] | None = None
        self._error: Exception | None = None
        self._value: T | None = None
        self.is_done = False

    @staticmethod
    def of(value: U) -> "Deferred[U]":
        """Make one that is completed already."""
        made: Deferred[U] = Deferred()
        made._value = value
        made.is_done = True
        return made

    @staticmethod
    def failed(error: Exception) -> "Deferred[U]":
        """Make one that has failed already."""
        made: Deferred[U] = Deferred()
        made._error = error
        made.is_done = True
        return made

    def complete(self, value: T) -> None:
        """Give the value, and run the callbacks."""
        assert not self.is_done, "completed twice"
        self._value = value
        self._finish()

    def fail(self, error: Exception) -> None:
        """Give the exception that `value` raises, and run the callbacks."""
        assert not self.is_done, "completed twice"
        self._error = error
        self._finish()

    def _finish(self) -> None:
        self.is_done = True
        callbacks, self._callbacks = self._callbacks, None
        for callback in callbacks or ():
            callback(self)

    @property
    def error(self) -> Exception | None:
        """The exception, where it failed."""
        return self._error

    def value(self) -> T:
        """Return the value.

        Raises:
            Exception: What it failed with.
        """
        assert self.is_done, "not completed yet"
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # None only where T allows it

    def then(self, callback: "Callable[[Deferred[T]], object]") -> None:
        """Call back when it is done; at once if it is."""
        if self.is_done:
            callback(self)
        elif self._callbacks is None:
            self._callbacks = [callback]
        else:
            self._callbacks.append(callback)

    def map(self, function: Callable[[T], U]) -> "Deferred[U]":
        """Return what `function` makes of the value; an exception of either passes through."""
        mapped: Deferred[U] = Deferred()

        def convert(done: "Deferred[T]") -> None:
            try:
                value = function(done.value())
            except Exception as error:  # noqa: BLE001 - handed on to whoever asks for the value
                mapped.fail(error)
            else:
                mapped.complete(value)

        self.then(convert)
        return mapped

    async def wait(self) -> T:
        """Await it, on the thread of the loop that completes it."""
        if not self.is_done:
            future = asyncio.get_running_loop().create_future()
            self.then(lambda _: None if future.done() else future.set_result(None))
            await future
        return self.value()


def gather(deferreds: Iterable[Deferred[T]]) -> Deferred[list[Deferred[T]]]:
    """Return one that is done when all are; it holds them, failed ones included.

    Example:
        >>> both = gather([Deferred.of(1), Deferred.of(2)])
        >>> [each.value() for each in both.value()]
        [1, 2]
    """
    waited = list(deferreds)
    gathered: Deferred[list[Deferred[T]]] = Deferred()
    left = len(waited)

    def count(_: Deferred[T]) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            gathered.complete(waited)

    if not waited:
        gathered.complete(waited)
    for deferred in waited:
        deferred.then(count)
    return gathered
