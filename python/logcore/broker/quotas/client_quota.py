"""A quota of bytes or of time: what a client took is counted, and it waits for the rest.

Invariant: what is counted is what was served; a client over its limit is served and then waits, so
that the limit holds on average, as KIP-219 has it. A wait is never longer than `wait_max_ms`.
Neighbours: `quotas` holds one per key; `meter` and `handlers.fetch` charge.
Source: Apache Kafka 4.3.1, `ClientQuotaManager` and `ClientRequestQuotaManager`.
"""

from collections.abc import Iterator

from logcore.broker.quotas.accounts import Accounts
from logcore.broker.quotas.limits import AccountKey, Limits
from logcore.common.clock import Clock
from logcore.common.rates import WAIT_MAX_MS, SampledRate, Window


class ClientQuota:
    """The quota of one key, for all clients.

    Args:
        name: What it is called in metrics: ``produce``, ``fetch``, ``request``.
        limits: What holds for whom.
        window: Over how much time it is measured.
        clock: What time it is.
        wait_max_ms: The longest wait.
    """

    def __init__(
        self,
        name: str,
        limits: Limits,
        window: Window,
        clock: Clock,
        wait_max_ms: int = WAIT_MAX_MS,
    ) -> None:
        self.name = name
        self._window = window
        self._clock = clock
        self._wait_max_ms = wait_max_ms
        self._accounts = Accounts(limits, lambda _: SampledRate(window))

    def change(self, limits: Limits) -> None:
        """Go by other limits from now on; what was counted stays counted."""
        self._accounts.change(limits)

    def charge(self, user: str, client_id: str, amount: float) -> int:
        """Count what a client took; return how long it has to wait, in milliseconds."""
        found = self._accounts.of(user, client_id)
        if found is None:
            return 0
        limit, rate = found
        now_ms = self._clock.monotonic_ms()
        rate.record(amount, now_ms)
        return min(self._wait_max_ms, rate.wait_ms(limit.value, now_ms))

    def note(self, user: str, client_id: str, amount: float) -> None:
        """Count what a client took without asking whether it has to wait; negative takes back."""
        found = self._accounts.of(user, client_id)
        if found is not None:
            found[1].record(amount, self._clock.monotonic_ms())

    def most_at_once(self, user: str, client_id: str) -> float:
        """Return how much a client may take at once without surely having to wait."""
        found = self._accounts.of(user, client_id)
        if found is None:
            return float("inf")
        return found[0].value * (self._window.samples - 1) * self._window.sample_ms / 1000

    def rates(self) -> Iterator[tuple[AccountKey, float]]:
        """Yield the rate of each account as it is now."""
        now_ms = self._clock.monotonic_ms()
        for key, rate in self._accounts:
            yield key, rate.value(now_ms)
