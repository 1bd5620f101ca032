"""Looks at the sockets for a little while before the loop sleeps, when the next request is near.

A thread that sleeps must be woken, and where cores are virtual that takes longer than a request. A
client that sends one request at a time pays for it on every one. So after a request that came soon
after the one before, the loop stays awake for a moment: it goes round with nothing to do, which
looks at all sockets.
Invariant: requests that come one by one, far apart, cost nothing here, and neither does a broker
that nobody uses: the loop stays awake at most `stay_us` after the turn of the last request.
Neighbours: `connection` says when it has served; `service` holds the one for all connections.
Source: Linux's busy polling of sockets does the same inside the kernel.
"""

from typing import Final

from logcore.common.clock import Scheduler

NEAR_FACTOR: Final = 3
"""Requests are near each other within so many times as long as the loop stays awake: as long as a
round trip takes that sleeps on both sides."""


class BusyPoll:
    """Keeps the loop awake between requests that are near each other.

    Args:
        scheduler: Time, and calls in the loop's next turn.
        stay_us: How long to stay awake after a request, in microseconds; 0 for never.

    Attributes:
        is_awake: Whether the loop is kept from sleeping right now.
    """

    __slots__ = (
        "_call_soon",
        "_has_served",
        "_last_ns",
        "_near_ns",
        "_now_ns",
        "_stay_ns",
        "is_awake",
    )

    def __init__(self, scheduler: Scheduler, stay_us: int) -> None:
        self._now_ns = scheduler.monotonic_ns
        self._call_soon = scheduler.call_soon
        self._stay_ns = stay_us * 1000
        self._near_ns = self._stay_ns * NEAR_FACTOR
        self._last_ns = self._now_ns() - self._near_ns
        self._has_served = False  # since it looked last
        self.is_awake = False

    def served(self) -> None:
        """Hear that a request has been served just now."""
        if self.is_awake:
            self._has_served = True
            return
        now_ns = self._now_ns()
        passed_ns, self._last_ns = now_ns - self._last_ns, now_ns
        if passed_ns < self._near_ns:
            self.is_awake = True
            self._call_soon(self._look)

    def _look(self) -> None:
        now_ns = self._now_ns()
        if self._has_served:
            self._has_served, self._last_ns = False, now_ns
        if now_ns - self._last_ns < self._stay_ns:
            self._call_soon(self._look)
        else:
            self.is_awake = False
