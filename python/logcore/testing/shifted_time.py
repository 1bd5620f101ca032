"""Time that a test can turn forward, for a broker that runs in real time.

Invariant: timers keep their order and their distance: turning the clock brings each nearer by as
much, and what is due then runs at once. Nothing runs on another thread than the loop's.
Neighbours: `local_broker` gives it to a broker and turns it, with the clock of the logs.
"""

import asyncio
import time
from collections.abc import Callable

from logcore.common.clock import LoopScheduler, Timer
from logcore.common.types import override


class _ShiftedTimer:
    """A timer, and when it is due on the turned clock."""

    __slots__ = ("_owner", "call", "due_s", "handle")

    def __init__(self, owner: "ShiftedScheduler", due_s: float, call: Callable[[], object]) -> None:
        self._owner = owner
        self.due_s = due_s
        self.call = call
        self.handle: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        """Forget the call."""
        if self.handle is not None:
            self.handle.cancel()
        self._owner.forget(self)


class ShiftedScheduler(LoopScheduler):
    """The time of the machine, turned forward by a test.

    Args:
        loop: The loop whose thread runs the callbacks.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._shift_ms = 0
        self._timers: dict[_ShiftedTimer, None] = {}

    def advance(self, delay_ms: int) -> None:
        """Turn the clock; what becomes due runs in the loop's next turns, in its order."""
        self._shift_ms += delay_ms
        for timer in sorted(self._timers, key=lambda timer: timer.due_s):
            if timer.handle is not None:
                timer.handle.cancel()
            self._arm(timer)

    def forget(self, timer: _ShiftedTimer) -> None:
        """Keep a timer no longer."""
        self._timers.pop(timer, None)

    @override
    def now_ms(self) -> int:
        """Return milliseconds since 1970 UTC, turned."""
        return super().now_ms() + self._shift_ms

    @override
    def monotonic_ms(self) -> int:
        """Return milliseconds since some start, turned."""
        return super().monotonic_ms() + self._shift_ms

    @override
    def monotonic_ns(self) -> int:
        """Return nanoseconds since the same start, turned."""
        return super().monotonic_ns() + self._shift_ms * 1_000_000

    @override
    def call_later(self, delay_ms: float, callback: Callable[..., object], *args: object) -> Timer:
        """Call back once so much of the turned time has passed."""
        timer = _ShiftedTimer(self, self._now_s() + max(0.0, delay_ms / 1000), lambda: None)

        def call() -> None:
            self.forget(timer)
            callback(*args)

        timer.call = call
        self._timers[timer] = None
        self._arm(timer)
        return timer

    def _arm(self, timer: _ShiftedTimer) -> None:
        timer.handle = self._loop.call_later(max(0.0, timer.due_s - self._now_s()), timer.call)

    def _now_s(self) -> float:
        return time.monotonic() + self._shift_ms / 1000
