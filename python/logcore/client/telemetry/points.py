"""Which metrics a broker wants, under the names that it knows them by. Pure.

Invariant: what has no value is left out; what was pushed as an increment is not pushed again, and
what could not be pushed is part of the next one.
Neighbours: `pusher` asks; `otlp` encodes.
Source: KIP-714; Apache Kafka 4.3.1, `TelemetryMetricNamingConvention`.
"""

from collections.abc import Collection, Iterable
from math import isfinite
from typing import Final, NamedTuple

from logcore.client.metrics.registry import Metric, Metrics

PREFIX: Final = "org.apache.kafka."
ALL: Final = "*"
_UNTOLD: Final = frozenset({"client-id"})  # the request's header says it


class Point(NamedTuple):
    """A value to be pushed.

    Attributes:
        name: The metric.
        value: The value.
        attributes: What tells it from others of its name.
        is_total: Whether it only grows.
    """

    name: str
    value: float
    attributes: tuple[tuple[str, str], ...] = ()
    is_total: bool = False


def telemetry_name(group: str, name: str) -> str:
    """Return what brokers call a metric.

    Example:
        >>> telemetry_name("consumer-fetch-manager-metrics", "fetch-latency-avg")
        'org.apache.kafka.consumer.fetch.manager.fetch.latency.avg'
    """
    return f"{PREFIX}{group.removesuffix('-metrics')}.{name}".replace("-", ".")


def wanted(metrics: Metrics, prefixes: Collection[str]) -> list[Point]:
    """Return what a broker asked for.

    Args:
        metrics: What there is.
        prefixes: What names begin with; ``*`` for all.
    """
    beginnings = tuple("" if prefix == ALL else prefix for prefix in prefixes)
    points = [_point(metric) for metric in metrics.all if isfinite(metric.value)]
    return [point for point in points if point.name.startswith(beginnings)] if beginnings else []


def _point(metric: Metric) -> Point:
    attributes = tuple(
        (name.replace("-", "_"), value)
        for name, value in metric.tags.items()
        if name not in _UNTOLD
    )
    name = telemetry_name(metric.group, metric.name)
    return Point(name, metric.value, attributes, metric.is_total)


class Increments:
    """Totals as increments since the last push that a broker took."""

    def __init__(self) -> None:
        self._pushed: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def since_last(self, points: Iterable[Point]) -> list[Point]:
        """Return points with increments for totals."""
        return [
            point._replace(value=point.value - self._pushed.get((point.name, point.attributes), 0))
            if point.is_total
            else point
            for point in points
        ]

    def pushed(self, points: Iterable[Point]) -> None:
        """Take note that points, with their totals, were taken."""
        for point in points:
            if point.is_total:
                self._pushed[point.name, point.attributes] = point.value
