"""How many connections there may be at once, in all and per address.

Invariant: what was admitted is released exactly once.
Neighbours: `listener` asks before it accepts; listeners of one broker share one of these;
`connection_rates` knows how many may come per second.
"""

from collections import Counter
from collections.abc import Callable, Mapping

from logcore.network.connection_rates import UNLIMITED, ConnectionRates


class ConnectionLimits:
    """Counts connections against Kafka's limits.

    The limits may be changed while it is used; `wake` follows.

    Args:
        total_max: max.connections: above it nobody is accepted until somebody leaves.
        per_ip_max: max.connections.per.ip: above it a connection is closed at once.
        per_ip_overrides: max.connections.per.ip.overrides, by address.
        rates: How many there may be per second.

    Attributes:
        rates: The same.
    """

    def __init__(
        self,
        total_max: int = UNLIMITED,
        per_ip_max: int = UNLIMITED,
        per_ip_overrides: Mapping[str, int] | None = None,
        rates: ConnectionRates | None = None,
    ) -> None:
        self.total_max = total_max
        self.per_ip_max = per_ip_max
        self.per_ip_overrides = dict(per_ip_overrides or {})
        self.rates = rates or ConnectionRates()
        self._hosts: Counter[str] = Counter()
        self._waiting: list[Callable[[], object]] = []
        self.count = 0

    @property
    def is_full(self) -> bool:
        """Whether nobody may be accepted for now."""
        return self.count >= self.total_max

    def when_not_full(self, callback: Callable[[], object]) -> None:
        """Call back once, when somebody has left."""
        self._waiting.append(callback)

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
