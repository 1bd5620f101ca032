"""How many connections there may be, in all, per address and per second.

Invariant: what was admitted is released exactly once. Pure: who asks brings the time.
Neighbours: `listener` asks before it accepts; listeners of one broker share one of these.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

UNLIMITED: Final = 2**31 - 1


class ConnectionLimits:
    """Counts connections against Kafka's three limits.

    The limits may be changed while it is used; `wake` follows.

    Args:
        total_max: max.connections: above it nobody is accepted until somebody leaves.
        per_ip_max: max.connections.per.ip: above it a connection is closed at once.
        per_ip_overrides: max.connections.per.ip.overrides, by address.
        rate_max: max.connection.creation.rate, per second.
    """

    def __init__(
        self,
        total_max: int = UNLIMITED,
        per_ip_max: int = UNLIMITED,
        per_ip_overrides: Mapping[str, int] | None = None,
        rate_max: int = UNLIMITED,
    ) -> None:
        self.total_max = total_max
        self.per_ip_max = per_ip_max
        self.per_ip_overrides = dict(per_ip_overrides or {})
        self.rate_max = rate_max
        self._hosts: Counter[str] = Counter()
        self._waiting: list[Callable[[], object]] = []
        self._tokens = float(rate_max)
        self._refilled_ms = 0
        self.count = 0

    @property
    def is_full(self) -> bool:
        """Whether nobody may be accepted for now."""
        return self.count >= self.total_max

    def when_not_full(self, callback: Callable[[], object]) -> None:
        """Call back once, when somebody has left."""
        self._waiting.append(callback)

    def delay_ms(self, now_ms: int) -> int:
        """Return how long to wait before the next connection; 0 takes one from the rate."""
        if self.rate_max >= UNLIMITED:
            return 0
        elapsed_ms = max(0, now_ms - self._refilled_ms)
        self._tokens = min(self.rate_max, self._tokens + elapsed_ms * self.rate_max / 1000)
        self._refilled_ms = now_ms
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        if self.rate_max <= 0:
            return 1000
        return max(1, round((1 - self._tokens) * 1000 / self.rate_max))

    def admit(self, host: str) -> str | None:
        """Count a connection of an address; return why not, if it is one too many."""
        limit = self.per_ip_overrides.get(host, self.per_ip_max)
        if self._hosts[host] >= limit:
            return f"has {limit} connections already, and max.connections.per.ip allows no more"
        self._hosts[host] += 1
        self.count += 1
        return None

    def release(self, host: str) -> None:
        """Count a connection of an address no more."""
        assert self._hosts[host] > 0, "released more often than admitted"
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]
        self.count -= 1
        self.wake()

    def wake(self) -> None:
        """Call back whoever waits for room, if there is some; also to be called after a change."""
        if self._waiting and not self.is_full:
            waiting, self._waiting = self._waiting, []
            for callback in waiting:
                callback()
