"""A number that is recorded now and then: its total, and its average, maximum and rate of late.

Invariant: memory is bounded by the number of samples, however much is recorded; what is older than
all samples together counts for the totals only.
Neighbours: `registry` shows these; whoever measures something records.
Source: Apache Kafka 4.3.1, `SampledStat`, `Avg`, `Max` and `Rate`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import nan
from typing import Final

NOTHING: Final = nan
"""What an average or a maximum of nothing is."""


@dataclass(frozen=True, slots=True)
class Window:
    """Over how much time averages, maxima and rates are.

    Attributes:
        samples: How many samples are kept (``metrics.num.samples``).
        sample_ms: How long each is (``metrics.sample.window.ms``).
        now_ms: A clock that never goes back.
    """

    samples: int
    sample_ms: int
    now_ms: Callable[[], int]


class _Sample:
    __slots__ = ("count", "ends_ms", "max", "starts_ms", "total")

    def __init__(self, starts_ms: int, ends_ms: int) -> None:
        self.starts_ms = starts_ms
        self.ends_ms = ends_ms
        self.count = 0
        self.total = 0.0
        self.max = -float("inf")


class Sampled:
    """A number that is recorded.

    Args:
        window: Over how much time.

    Attributes:
        count: How often it was recorded.
        total: All that was recorded.

    Example:
        >>> latency = Sampled(Window(2, 30_000, lambda: 0))
        >>> latency.record(3); latency.record(5)
        >>> latency.average(), latency.maximum(), latency.total
        (4.0, 5, 8.0)
    """

    __slots__ = ("_samples", "_window", "count", "total")

    def __init__(self, window: Window) -> None:
        self.count = 0
        self.total = 0.0
        self._window = window
        now_ms = window.now_ms()
        self._samples = [_Sample(now_ms, now_ms + window.sample_ms)]

    def record(self, amount: float = 1) -> None:
        """Record an amount."""
        self.count += 1
        self.total += amount
        now_ms = self._window.now_ms()
        sample = self._samples[-1]
        if now_ms >= sample.ends_ms:
            sample = self._begin(now_ms)
        sample.count += 1
        sample.total += amount
        if amount > sample.max:  # noqa: PLR1730 - a call less, for every request
            sample.max = amount

    def average(self) -> float:
        """Return the average of late."""
        return average([self])

    def maximum(self) -> float:
        """Return the maximum of late."""
        return maximum([self])

    def rate(self) -> float:
        """Return how much of late, per second."""
        now_ms = self._window.now_ms()
        samples = self.recent(now_ms)
        return sum(sample.total for sample in samples) * 1000 / self._elapsed_ms(samples, now_ms)

    def count_rate(self) -> float:
        """Return how often of late, per second."""
        now_ms = self._window.now_ms()
        samples = self.recent(now_ms)
        return sum(sample.count for sample in samples) * 1000 / self._elapsed_ms(samples, now_ms)

    def recent(self, now_ms: int | None = None) -> list[_Sample]:
        """Return the samples of late."""
        now_ms = self._window.now_ms() if now_ms is None else now_ms
        past_ms = self._window.samples * self._window.sample_ms
        return [sample for sample in self._samples if now_ms - sample.starts_ms < past_ms]

    def _elapsed_ms(self, samples: list[_Sample], now_ms: int) -> int:
        """Return the time that samples span; at the beginning as if there were more of them."""
        least_ms = (self._window.samples - 1) * self._window.sample_ms
        elapsed_ms = now_ms - samples[0].starts_ms if samples else 0
        return max(elapsed_ms, least_ms, 1)

    def _begin(self, now_ms: int) -> _Sample:
        sample = _Sample(now_ms, now_ms + self._window.sample_ms)
        self._samples = [*self.recent(now_ms), sample][-self._window.samples :]
        return sample


def average(several: Iterable[Sampled]) -> float:
    """Return the average of late of several numbers together."""
    samples = [sample for each in several for sample in each.recent()]
    count = sum(sample.count for sample in samples)
    return sum(sample.total for sample in samples) / count if count else NOTHING


def maximum(several: Iterable[Sampled]) -> float:
    """Return the maximum of late of several numbers together."""
    found = [sample.max for each in several for sample in each.recent() if sample.count]
    return max(found, default=NOTHING)
