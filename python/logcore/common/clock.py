"""Time as a seam: what time it is, and calling something later.

Invariant: nothing else in the package asks the system for the time or sets a timer of its own, so
that a test turns the hands with `ManualScheduler`. Times are integers in milliseconds.
Neighbours: coordinators, purgatory and controller take a `Scheduler`; `broker.server` makes the
real one over its event loop.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol

from logcore.common.types import override


class Clock(Protocol):
    """What time it is."""

    def now_ms(self) -> int:
        """Return the wall clock, in milliseconds since 1970 UTC; it may jump."""

    def monotonic_ms(self) -> int:
        """Return a clock that never goes back, in milliseconds since whenever."""

    def monotonic_ns(self) -> int:
        """Return the same in nanoseconds, for measuring what is short."""


class Timer(Protocol):
    """Something that will be called, unless it is cancelled first."""

    def cancel(self) -> None:
        """Forget the call; afterwards, or twice, is no error."""


class Scheduler(Clock, Protocol):
    """A clock that can also call later, always on one and the same thread."""

    def call_later(self, delay_ms: float, callback: Callable[..., object], *args: object) -> Timer:
        """Call back after a delay in milliseconds."""

    def call_soon(self, callback: Callable[..., object], *args: object) -> Timer:
        """Call back once what runs now has returned."""


class SystemClock:
    """The time of this machine."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Return milliseconds since some start."""
        return time.monotonic_ns() // 1_000_000

    def monotonic_ns(self) -> int:
        """Return nanoseconds since the same start."""
        return time.monotonic_ns()


class LoopScheduler(SystemClock):
    """Timers of an event loop.

    Args:
        loop: The loop whose thread runs the callbacks.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def call_later(self, delay_ms: float, callback: Callable[..., object], *args: object) -> Timer:
        """Call back after a delay in milliseconds."""
        return self._loop.call_later(max(0.0, delay_ms / 1000), callback, *args)

    def call_soon(self, callback: Callable[..., object], *args: object) -> Timer:
        """Call back in the loop's next turn."""
        return self._loop.call_soon(callback, *args)


class _ManualTimer:
    __slots__ = ("args", "callback", "is_cancelled")

    def __init__(self, callback: Callable[..., object], args: tuple[object, ...]) -> None:
        self.callback = callback
        self.args = args
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class ManualClock:
    """A clock that stands until it is set.

    Args:
        start_ms: Where it stands at first, in milliseconds since 1970 UTC.
    """

    def __init__(self, start_ms: int = 1_700_000_000_000) -> None:
        self._now_ms = start_ms

    def now_ms(self) -> int:
        """Return where it stands."""
        return self._now_ms

    def monotonic_ms(self) -> int:
        """Return where it stands."""
        return self._now_ms

    def monotonic_ns(self) -> int:
        """Return where it stands, in nanoseconds."""
        return self._now_ms * 1_000_000

    def advance(self, delay_ms: int) -> None:
        """Move it forward."""
        assert delay_ms >= 0, "time does not go back"
        self._now_ms += delay_ms


class ManualScheduler(ManualClock):
    """A scheduler whose time passes only when it is told to: the twin for tests.

    Example:
        >>> scheduler = ManualScheduler()
        >>> timer = scheduler.call_later(50, print, "ding")
        >>> scheduler.advance(49)
        >>> scheduler.advance(1)
        ding
    """

    def __init__(self, start_ms: int = 1_700_000_000_000) -> None:
        super().__init__(start_ms)
        self._due: list[tuple[float, int, _ManualTimer]] = []
        self._order = itertools.count()

    def call_later(self, delay_ms: float, callback: Callable[..., object], *args: object) -> Timer:
        """Call back once `advance` has passed the delay."""
        timer = _ManualTimer(callback, args)
        due_ms = self._now_ms + max(0.0, delay_ms)
        heapq.heappush(self._due, (due_ms, next(self._order), timer))
        return timer

    def call_soon(self, callback: Callable[..., object], *args: object) -> Timer:
        """Call back in the next `run_soon` or `advance`."""
        return self.call_later(0, callback, *args)

    def run_soon(self) -> None:
        """Run what is due now, and what that makes due."""
        self.advance(0)

    @override
    def advance(self, delay_ms: int) -> None:
        """Let time pass; what becomes due on the way runs at its time, in order."""
        end_ms = self._now_ms + delay_ms
        while self._due and self._due[0][0] <= end_ms:
            due_ms, _, timer = heapq.heappop(self._due)
            self._now_ms = max(self._now_ms, int(due_ms))
            if not timer.is_cancelled:
                timer.callback(*timer.args)
        self._now_ms = max(self._now_ms, end_ms)

    @property
    def pending_count(self) -> int:
        """How many timers are set and not cancelled."""
        return sum(not timer.is_cancelled for _, _, timer in self._due)
