"""What a registry said, kept: for ever or for a time, and only so much of it.

Invariant: never more entries than there may be; the one that was not asked for longest goes first.
Safe for threads.
Neighbours: `registry` keeps schemas and ids here.
"""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from logcore.common.clock import Clock

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Answers by what was asked.

    Args:
        size: How many at most.
        clock: What time it is.
        ttl_ms: How long an answer holds; None for ever.

    Example:
        >>> from logcore.common.clock import SystemClock
        >>> kept = Kept(2, SystemClock())
        >>> for number in range(3):
        ...     kept.put(number, str(number))
        >>> kept.get(0), kept.get(2)
        (None, '2')
    """

    def __init__(self, size: int, clock: Clock, ttl_ms: int | None = None) -> None:
        self._size = size
        self._clock = clock
        self._ttl_ms = ttl_ms
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, tuple[int, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return an answer that still holds, if there is one."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            since_ms, value = entry
            if self._ttl_ms is not None and self._clock.monotonic_ms() - since_ms >= self._ttl_ms:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return value

    def put(self, key: K, value: V) -> None:
        """Keep an answer."""
        with self._lock:
            self._entries[key] = (self._clock.monotonic_ms(), value)
            self._entries.move_to_end(key)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
