"""Purgatory: the one table of parked requests, woken by what they wait for or by their deadline.

A fetch waits for bytes, a join for members, a write for replicas: all of them here, under the keys
of what they wait for. `check` marks a key as changed; in the loop's next turn each waiter of a
changed key is tried once, however often its keys have changed.
Invariant: a parked request ends exactly once: completed, expired or cancelled. Then it is under no
key and in no deadline, and a key nobody waits for takes no memory. Nothing polls: deadlines share
one timer, and once nothing is parked none is set again.
Neighbours: handlers park and check; `network.connection` cancels when the peer is gone.
"""

import heapq
import logging
from collections.abc import Callable, Hashable, Iterable
from typing import Final

from logcore.common.clock import Scheduler, Timer

logger = logging.getLogger(__name__)

_PRECISION: Final = 64
"""A deadline is late by at most this share of its timeout, so that many fall together."""


class ParkedRequest:
    """A request that waits.

    Attributes:
        keys: What it waits for.
        due_ms: When its time is over, on the scheduler's monotonic clock.
        try_complete: Tries to answer; true if it has.
        on_expire: What answers when the time is over.
        is_parked: Whether it still waits.
    """

    __slots__ = ("_purgatory", "due_ms", "is_parked", "keys", "on_expire", "try_complete")

    def __init__(
        self,
        purgatory: "Purgatory",
        keys: tuple[Hashable, ...],
        try_complete: Callable[[], bool],
        due_ms: int,
        on_expire: Callable[[], object],
    ) -> None:
        self._purgatory = purgatory
        self.keys = keys
        self.try_complete = try_complete
        self.due_ms = due_ms
        self.on_expire = on_expire
        self.is_parked = True

    def cancel(self) -> None:
        """Wait no more, and do nothing; when it has ended already that is no error."""
        if self.is_parked:
            self._purgatory.release(self)


class Purgatory:
    """Where requests wait.

    Args:
        scheduler: Time, and timers on the loop's thread.

    Attributes:
        count: How many wait.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._watched: dict[Hashable, dict[ParkedRequest, None]] = {}
        self._changed: dict[Hashable, None] = {}
        # Invariant: the heap holds the keys of _deadlines, each once.
        self._deadlines: dict[int, dict[ParkedRequest, None]] = {}
        self._due_order: list[int] = []
        self._timer: Timer | None = None
        self._timer_due_ms = 0
        self.count = 0

    @property
    def key_count(self) -> int:
        """How many keys are waited for."""
        return len(self._watched)

    @property
    def deadline_count(self) -> int:
        """How many deadlines there are, of requests that have ended meanwhile too."""
        return len(self._due_order)

    def park(
        self,
        keys: Iterable[Hashable],
        try_complete: Callable[[], bool],
        timeout_ms: int,
        on_expire: Callable[[], object],
    ) -> ParkedRequest:
        """Wait until a key changes and `try_complete` returns true, or for a time.

        Args:
            keys: What is waited for.
            try_complete: Tries to answer; true if it has.
            timeout_ms: How long at most.
            on_expire: Called when the time is over; not called after a completion or `cancel`.
        """
        precision_ms = max(1, timeout_ms // _PRECISION)
        due_ms = self._scheduler.monotonic_ms() + timeout_ms
        due_ms = -(-due_ms // precision_ms) * precision_ms
        parked = ParkedRequest(self, tuple(keys), try_complete, due_ms, on_expire)
        watched = self._watched
        for key in parked.keys:
            waiters = watched.get(key)
            if waiters is None:
                waiters = watched[key] = {}
            waiters[parked] = None
        due = self._deadlines.get(due_ms)
        if due is None:
            due = self._deadlines[due_ms] = {}
            heapq.heappush(self._due_order, due_ms)
            if self._timer is None or due_ms < self._timer_due_ms:
                self._set_timer(due_ms)
        due[parked] = None
        self.count += 1
        return parked

    def check(self, key: Hashable) -> None:
        """Say that a key has changed: whoever waits for it is tried in the loop's next turn."""
        if key in self._watched:
            if not self._changed:
                self._scheduler.call_soon(self._try_changed)
            self._changed[key] = None

    def expire_all(self) -> None:
        """End all waiting now, as if every deadline had come: for a broker that stops."""
        for _ in range(len(self._due_order)):
            self._expire_next()

    def release(self, parked: ParkedRequest) -> None:
        """Take a request out of every table; it is neither completed nor expired by that."""
        assert parked.is_parked, "a parked request ends once"
        parked.is_parked = False
        self.count -= 1
        watched = self._watched
        for key in parked.keys:
            waiters = watched.get(key)
            if waiters is not None:  # a key may be named twice
                waiters.pop(parked, None)
                if not waiters:
                    del watched[key]
        due = self._deadlines.get(parked.due_ms)
        if due is not None:  # None while its deadline is being served
            due.pop(parked, None)

    def _try_changed(self) -> None:
        changed, self._changed = self._changed, {}
        waiters: dict[ParkedRequest, None] = {}
        for key in changed:
            waiters.update(self._watched.get(key, _NOBODY))
        for parked in waiters:
            if parked.is_parked:
                self._try(parked)

    def _try(self, parked: ParkedRequest) -> None:
        try:
            is_complete = parked.try_complete()
        except Exception:
            logger.exception("a parked request failed; it is answered as if its time were over")
            self._expire(parked)
            return
        if is_complete and parked.is_parked:
            self.release(parked)

    # ------------------------------------------------------------ deadlines

    def _expire(self, parked: ParkedRequest) -> None:
        if not parked.is_parked:
            return
        self.release(parked)
        try:
            parked.on_expire()
        except Exception:
            logger.exception("a parked request failed at its deadline and is not answered")

    def _expire_next(self) -> None:
        """Serve the earliest deadline."""
        due = self._deadlines.pop(heapq.heappop(self._due_order))
        for parked in due:
            self._expire(parked)

    def _expire_due(self) -> None:
        self._timer = None
        now_ms = self._scheduler.monotonic_ms()
        while self._due_order and (
            self._due_order[0] <= now_ms or not self._deadlines[self._due_order[0]]
        ):
            self._expire_next()
        if self._due_order:
            self._set_timer(self._due_order[0])

    def _set_timer(self, due_ms: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due_ms = due_ms
        delay_ms = max(0, due_ms - self._scheduler.monotonic_ms())
        self._timer = self._scheduler.call_later(delay_ms, self._expire_due)


_NOBODY: Final[dict[ParkedRequest, None]] = {}
