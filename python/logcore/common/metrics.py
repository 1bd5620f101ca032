"""Counts and times of what a broker does, and their text for Prometheus.

Invariant: updating costs a dictionary access and is done by one thread, the loop's; rendering does
the work. A value that lives elsewhere is not copied here: it is asked for when somebody looks.
Neighbours: every room may count; `broker.health` shows the text under ``/metrics``.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isfinite, isnan
from typing import Final, Protocol, TypeVar

LATENCY_SECONDS: Final = (
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Bounds of buckets for latencies, from a request in memory to a long poll."""

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""What the text is, as HTTP names it."""

_HELP_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Metric(Protocol):
    """Something with a name that has values."""

    name: str
    text: str
    kind: str
    labels: tuple[str, ...]

    def samples(self) -> Iterator[str]:
        """Return the lines of its values."""


MetricT = TypeVar("MetricT", bound=Metric)


class Counter:
    """A number per combination of labels that only grows.

    Example:
        >>> requests = Counter("requests_total", "Requests by API", ("api",))
        >>> requests.increment("Produce")
        >>> requests.value("Produce")
        1
    """

    kind = "counter"

    def __init__(self, name: str, text: str, labels: Sequence[str] = ()) -> None:
        self.name = name
        self.text = text
        self.labels = tuple(labels)
        self._values: dict[tuple[str, ...], float] = {} if labels else {(): 0}

    def increment(self, *labels: str) -> None:
        """Add one."""
        values = self._values
        values[labels] = values.get(labels, 0) + 1

    def add(self, amount: float, *labels: str) -> None:
        """Add some."""
        values = self._values
        values[labels] = values.get(labels, 0) + amount

    def value(self, *labels: str) -> float:
        """Return the number."""
        return self._values.get(labels, 0)

    def samples(self) -> Iterator[str]:
        """Return the lines of its values."""
        for labels, value in self._values.items():
            yield sample_line(self.name, zip(self.labels, labels, strict=True), value)


class Gauge(Counter):
    """A number per combination of labels that goes up and down."""

    kind = "gauge"

    def set(self, value: float, *labels: str) -> None:
        """Replace the number."""
        self._values[labels] = value


class Observed:
    """A number that lives elsewhere and is asked for when somebody looks."""

    labels: tuple[str, ...] = ()

    def __init__(self, kind: str, name: str, text: str, ask: Callable[[], float]) -> None:
        self.kind = kind
        self.name = name
        self.text = text
        self._ask = ask

    def samples(self) -> Iterator[str]:
        """Return the line of its value."""
        yield sample_line(self.name, (), self._ask())


class ObservedFamily:
    """Numbers with labels that live elsewhere and are asked for when somebody looks."""

    def __init__(
        self,
        kind: str,
        name: str,
        text: str,
        labels: Sequence[str],
        ask: Callable[[], Iterable[tuple[tuple[str, ...], float]]],
    ) -> None:
        self.kind = kind
        self.name = name
        self.text = text
        self.labels = tuple(labels)
        self._ask = ask

    def samples(self) -> Iterator[str]:
        """Return the lines of its values."""
        for labels, value in self._ask():
            yield sample_line(self.name, zip(self.labels, labels, strict=True), value)


class Series(Protocol):
    """Counts values of a histogram under one combination of labels."""

    def __call__(self, value: float, times: int = 1, /) -> None:
        """Count a value that was there so many times."""


class Histogram:
    """How often values fell into which bucket, per combination of labels.

    Example:
        >>> seconds = Histogram("seconds", "How long it took", bounds=(0.1, 1))
        >>> seconds.observe(0.05)
        >>> print(*seconds.samples(), sep=chr(10))
        seconds_bucket{le="0.1"} 1
        seconds_bucket{le="1"} 1
        seconds_bucket{le="+Inf"} 1
        seconds_sum 0.05
        seconds_count 1
    """

    kind = "histogram"

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        bounds: Sequence[float] = LATENCY_SECONDS,
    ) -> None:
        assert list(bounds) == sorted(bounds), "bounds of buckets ascend"
        self.name = name
        self.text = text
        self.labels = tuple(labels)
        self.bounds = tuple(bounds)
        self._counts: dict[tuple[str, ...], list[float]] = {}

    def observe(self, value: float, *labels: str) -> None:
        """Count a value."""
        self.series(*labels)(value)

    def series(self, *labels: str) -> "Series":
        """Return what counts values under these labels, for whoever counts many.

        Example:
            >>> seconds = Histogram("seconds", "How long it took", ("api",), bounds=(0.1, 1))
            >>> took = seconds.series("Fetch")
            >>> took(0.5)
            >>> seconds.count("Fetch")
            1
        """
        bounds = self.bounds
        counts = self._counts.get(labels)
        if counts is None:  # a count per bucket, one for what is above, and the sum
            counts = self._counts[labels] = [0.0] * (len(bounds) + 2)

        def observe(value: float, times: int = 1) -> None:
            counts[bisect_left(bounds, value)] += times
            counts[-1] += value * times

        return observe

    def count(self, *labels: str) -> int:
        """Return how many values there were."""
        return int(sum(self._counts.get(labels, [0])[:-1]))

    def samples(self) -> Iterator[str]:
        """Return the lines of its buckets, sums and counts."""
        for labels, counts in self._counts.items():
            pairs = list(zip(self.labels, labels, strict=True))
            total = 0.0
            for bound, count in zip((*self.bounds, float("inf")), counts, strict=False):
                total += count
                yield sample_line(f"{self.name}_bucket", [*pairs, ("le", _number(bound))], total)
            yield sample_line(f"{self.name}_sum", pairs, counts[-1])
            yield sample_line(f"{self.name}_count", pairs, total)


class Metrics:
    """All metrics of a broker, each made once under its name."""

    def __init__(self) -> None:
        self._metrics: dict[str, Metric] = {}
        self._lines: list[Callable[[], Iterable[str]]] = []

    def counter(self, name: str, text: str, labels: Sequence[str] = ()) -> Counter:
        """Make a counter."""
        return self.add(Counter(name, text, labels))

    def gauge(self, name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
        """Make a gauge."""
        return self.add(Gauge(name, text, labels))

    def histogram(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        bounds: Sequence[float] = LATENCY_SECONDS,
    ) -> Histogram:
        """Make a histogram."""
        return self.add(Histogram(name, text, labels, bounds))

    def observe_counter(self, name: str, text: str, ask: Callable[[], float]) -> None:
        """Show a growing number that lives elsewhere."""
        self.add(Observed("counter", name, text, ask))

    def observe_gauge(self, name: str, text: str, ask: Callable[[], float]) -> None:
        """Show a number that lives elsewhere."""
        self.add(Observed("gauge", name, text, ask))

    def observe_family(
        self,
        kind: str,
        name: str,
        text: str,
        labels: Sequence[str],
        ask: Callable[[], Iterable[tuple[tuple[str, ...], float]]],
    ) -> None:
        """Show numbers with labels that live elsewhere: ``counter`` or ``gauge``."""
        self.add(ObservedFamily(kind, name, text, labels, ask))

    def observe_lines(self, ask: Callable[[], Iterable[str]]) -> None:
        """Show lines that are made elsewhere, after all others."""
        self._lines.append(ask)

    def described(self) -> list[tuple[str, str, tuple[str, ...], str]]:
        """Return name, kind, labels and text of every metric, by name."""
        return sorted(
            (metric.name, metric.kind, metric.labels, metric.text)
            for metric in self._metrics.values()
        )

    def render(self) -> str:
        """Return everything as Prometheus reads it."""
        lines: list[str] = []
        for metric in self._metrics.values():
            lines.append(f"# HELP {metric.name} {metric.text.translate(_HELP_ESCAPES)}")
            lines.append(f"# TYPE {metric.name} {metric.kind}")
            lines.extend(metric.samples())
        for ask in self._lines:
            lines.extend(ask())
        return "\n".join(lines) + "\n" if lines else ""

    def add(self, metric: MetricT) -> MetricT:
        """Show a metric that was made elsewhere."""
        assert metric.name not in self._metrics, f"there is a metric {metric.name} already"
        self._metrics[metric.name] = metric
        return metric


def sample_line(name: str, labels: Iterable[tuple[str, str]], value: float) -> str:
    """Return a line of a value as Prometheus reads it.

    Example:
        >>> sample_line("requests_total", [("api", "Fetch")], 2)
        'requests_total{api="Fetch"} 2'
    """
    listed = ",".join(f'{label}="{text.translate(_ESCAPES)}"' for label, text in labels)
    return f"{name}{{{listed}}} {_number(value)}" if listed else f"{name} {_number(value)}"


def _number(value: float) -> str:
    if not isfinite(value):
        return "NaN" if isnan(value) else "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(value)
