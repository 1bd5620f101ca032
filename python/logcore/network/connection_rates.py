"""How many connections there may be per second: in all, by listener, and by address.

Whoever is over the rate of the broker or of a listener waits in the system's queue, because
nobody is accepted meanwhile. Whoever is over the rate of its own address is accepted, kept
waiting, and closed, so that it does not come back at once and others are not held up.
Invariant: pure; who asks brings the time. A connection that is not served is not counted against
its address. No more than `ADDRESSES_MAX` addresses are remembered.
Neighbours: `listener` asks; `broker.listeners` and `broker.quotas` set the rates.
Source: Apache Kafka 4.3.1, `ConnectionQuotas` in `SocketServer`, and KIP-612.
"""

from collections.abc import Mapping
from typing import Final

from logcore.common.rates import SampledRate, Window

UNLIMITED: Final = 2**31 - 1
ADDRESSES_MAX: Final = 10_000


class ConnectionRates:
    """Counts new connections against their rates, which may be changed while it is used.

    Args:
        total_max: max.connection.creation.rate.
        listener_max: The same key with a listener's prefix, by listener.
        window: Over how much time a rate is measured.

    Attributes:
        total_max: Connections per second, in all.
        listener_max: By listener.
        address_max: By address; None stands for those that are not named.

    Example:
        >>> rates = ConnectionRates(total_max=1, window=Window(2, 1000))
        >>> rates.delay_ms("PLAINTEXT", 0), rates.count("PLAINTEXT", "10.0.0.1", 0)
        (0, 0)
        >>> rates.delay_ms("PLAINTEXT", 0)
        1000
    """

    def __init__(
        self,
        total_max: float = UNLIMITED,
        listener_max: Mapping[str, float] | None = None,
        window: Window | None = None,
    ) -> None:
        self.total_max = total_max
        self.listener_max = dict(listener_max or {})
        self.address_max: Mapping[str | None, float] = {}
        self._window = window or Window()
        self._total = SampledRate(self._window)
        self._listeners: dict[str, SampledRate] = {}
        self._addresses: dict[str, SampledRate] = {}

    def delay_ms(self, listener: str, now_ms: int) -> int:
        """Return how long nobody may be accepted on a listener; 0 if somebody may now."""
        delay_ms = 0
        if self.total_max < UNLIMITED:
            delay_ms = self._wait_ms(self._total, self.total_max, now_ms)
        limit = self.listener_max.get(listener, UNLIMITED)
        if limit < UNLIMITED:
            delay_ms = max(delay_ms, self._wait_ms(self._listener(listener), limit, now_ms))
        return delay_ms

    def count(self, listener: str, host: str, now_ms: int) -> int:
        """Count a connection that was accepted.

        Returns:
            How long to keep it waiting before it is closed, in milliseconds; 0 if it is served.
        """
        if self.total_max < UNLIMITED:
            self._total.record(1, now_ms)
        if self.listener_max.get(listener, UNLIMITED) < UNLIMITED:
            self._listener(listener).record(1, now_ms)
        if not self.address_max:
            return 0
        limit = self.address_max.get(host, self.address_max.get(None, UNLIMITED))
        if limit >= UNLIMITED:
            return 0
        rate = self._address(host)
        wait_ms = self._wait_ms(rate, limit, now_ms)
        if not wait_ms:
            rate.record(1, now_ms)
        return wait_ms

    def _wait_ms(self, rate: SampledRate, limit: float, now_ms: int) -> int:
        """Return how long one more has to wait, a sample at most."""
        rate.record(1, now_ms)
        wait_ms = rate.wait_ms(limit, now_ms)
        rate.record(-1, now_ms)
        return min(self._window.sample_ms, wait_ms)

    def _listener(self, listener: str) -> SampledRate:
        rate = self._listeners.get(listener)
        if rate is None:
            rate = self._listeners[listener] = SampledRate(self._window)
        return rate

    def _address(self, host: str) -> SampledRate:
        rate = self._addresses.get(host)
        if rate is None:
            if len(self._addresses) >= ADDRESSES_MAX:
                del self._addresses[next(iter(self._addresses))]
            rate = self._addresses[host] = SampledRate(self._window)
        return rate
