"""How fast something goes, against a limit: Kafka's sampled rate, and its bucket of tokens.

Both say how long to wait until the limit holds again. The rate forgives a burst of as much as its
whole window allows; the bucket refuses what comes while it is empty, and fills steadily.
Invariant: pure; who asks brings the time, which never goes back. Memory is bounded by the number
of samples, however much is recorded.
Neighbours: `network.limits` counts connections with it, `broker.quotas` bytes, time and changes.
Source: Apache Kafka 4.3.1, `Rate`, `SampledStat`, `TokenBucket` and `QuotaUtils`.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

_ROUNDING: Final = 1e-6
"""Less than this is what adding up fractions leaves."""

WAIT_MAX_MS: Final = 2**31 - 1
"""The longest wait that can be told: an int32 of milliseconds."""


@dataclass(frozen=True, slots=True)
class Window:
    """Over how much time is measured.

    Attributes:
        samples: How many samples are kept (``quota.window.num``), the current one included.
        sample_ms: How long each is (``quota.window.size.seconds``).
    """

    samples: int = 11
    sample_ms: int = 1000

    @property
    def total_ms(self) -> int:
        """All samples together."""
        return self.samples * self.sample_ms


class _Sample:
    __slots__ = ("last_ms", "start_ms", "total")

    def __init__(self, start_ms: int) -> None:
        self.start_ms = start_ms
        self.last_ms = start_ms
        self.total = 0.0


class SampledRate:
    """A rate per second over the last samples.

    Where less time has passed than the samples span, the missing ones count as empty, so that the
    first burst is not taken for the rate.

    Args:
        window: Over how much time.

    Example:
        >>> rate = SampledRate(Window(samples=11, sample_ms=1000))
        >>> rate.record(20_000, now_ms=0)
        >>> rate.value(now_ms=0)
        2000.0
        >>> rate.wait_ms(limit=1000, now_ms=0)
        10000
    """

    __slots__ = ("_samples", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self._samples: deque[_Sample] = deque()

    def record(self, amount: float, now_ms: int) -> None:
        """Count an amount; a negative one takes back what was counted by mistake."""
        samples = self._samples
        if not samples or now_ms - samples[-1].start_ms >= self.window.sample_ms:
            self._forget(now_ms)
            samples.append(_Sample(now_ms))
        current = samples[-1]
        current.total += amount
        current.last_ms = now_ms

    def value(self, now_ms: int) -> float:
        """Return the rate per second."""
        self._forget(now_ms)
        total = sum(sample.total for sample in self._samples)
        return total * 1000 / self._elapsed_ms(now_ms)

    def wait_ms(self, limit: float, now_ms: int) -> int:
        """Return how long nothing more may come for the rate to be at a limit; 0 if it is."""
        value = self.value(now_ms)
        if value <= limit:
            return 0
        if limit <= 0:
            return WAIT_MAX_MS
        return min(WAIT_MAX_MS, round((value - limit) / limit * self._elapsed_ms(now_ms)))

    def _elapsed_ms(self, now_ms: int) -> int:
        window = self.window
        elapsed_ms = now_ms - self._samples[0].start_ms if self._samples else 0
        missing = window.samples - 1 - elapsed_ms // window.sample_ms
        return max(1, elapsed_ms + max(0, missing) * window.sample_ms)

    def _forget(self, now_ms: int) -> None:
        samples, total_ms = self._samples, self.window.total_ms
        while samples and now_ms - samples[0].last_ms >= total_ms:
            samples.popleft()


class TokenBucket:
    """Tokens that come at a steady rate, up to what all samples together allow.

    It begins full, may be overdrawn by one request, and takes nothing more until it is paid back.

    Args:
        rate: Tokens per second.
        window: How much it holds: as many as come in this time.
        now_ms: The time.

    Example:
        >>> bucket = TokenBucket(rate=5, window=Window(2, 1000), now_ms=0)
        >>> bucket.take(15, now_ms=0)
        >>> bucket.wait_ms(now_ms=0)
        1000
    """

    __slots__ = ("_filled_ms", "_tokens", "rate", "window")

    def __init__(self, rate: float, window: Window, now_ms: int) -> None:
        self.rate = rate
        self.window = window
        self._tokens = self.burst
        self._filled_ms = now_ms

    @property
    def burst(self) -> float:
        """The most that it holds."""
        return self.rate * self.window.total_ms / 1000

    def take(self, amount: float, now_ms: int) -> None:
        """Take tokens, whether they are there or not."""
        self._fill(now_ms)
        self._tokens -= amount

    def tokens(self, now_ms: int) -> float:
        """Return how many there are; below 0 if it is overdrawn."""
        self._fill(now_ms)
        return self._tokens

    def wait_ms(self, now_ms: int) -> int:
        """Return how long until it is paid back; 0 if it is."""
        tokens = self.tokens(now_ms)
        if tokens > -_ROUNDING:
            return 0
        if self.rate <= 0:
            return WAIT_MAX_MS
        return min(WAIT_MAX_MS, max(1, round(-tokens / self.rate * 1000)))

    def _fill(self, now_ms: int) -> None:
        come = self.rate * (now_ms - self._filled_ms) / 1000
        self._tokens = min(self.burst, self._tokens + come)
        self._filled_ms = now_ms
