"""Metrics of clients as Prometheus reads them, for as long as their clients push them.

A metric ``org.apache.kafka.producer.connection.count`` becomes
``logcore_client_org_apache_kafka_producer_connection_count``, with labels that name the client.
Invariant: no more than `SERIES_MAX` series are kept, and `SERIES_PER_CLIENT_MAX` of one client; a
client that no longer pushes is forgotten after three of its intervals. A delta is added to what
there was, because Prometheus wants totals.
Neighbours: `telemetry` puts points in; `broker.health` shows the lines.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from logcore.broker.telemetry.otlp import Attributes, Point
from logcore.broker.telemetry.subscriptions import ClientFacts
from logcore.common.metrics import sample_line

SERIES_MAX: Final = 20_000
SERIES_PER_CLIENT_MAX: Final = 2_000
INTERVALS_KEPT: Final = 3
KEPT_MIN_MS: Final = 60_000
PREFIX: Final = "logcore_client_"

_NOT_IN_NAMES: Final = re.compile(r"[^a-zA-Z0-9_]+")

_Key = tuple[str, Attributes]


class _Client:
    """The series of one client."""

    __slots__ = ("labels", "series", "until_ms")

    def __init__(self, labels: Attributes) -> None:
        self.labels = labels
        self.series: dict[_Key, float] = {}
        self.until_ms = 0


class ClientMetrics:
    """What clients pushed."""

    def __init__(self) -> None:
        self._clients: dict[bytes, _Client] = {}
        self._kinds: dict[str, bool] = {}
        self.series_count = 0
        self.dropped_count = 0

    def __len__(self) -> int:
        return len(self._clients)

    def put(
        self,
        instance_id: bytes,
        facts: ClientFacts,
        points: Iterable[Point],
        until_ms: int,
    ) -> None:
        """Keep what a client pushed.

        Args:
            instance_id: Its id.
            facts: What is known of it.
            points: What it pushed.
            until_ms: How long to show it, on the monotonic clock.
        """
        client = self._clients.get(instance_id)
        if client is None:
            client = self._clients[instance_id] = _Client(_labels_of(facts))
        client.until_ms = until_ms
        for point in points:
            self._put(client, point)

    def _put(self, client: _Client, point: Point) -> None:
        name = metric_name(point.name)
        if self._kinds.setdefault(name, point.is_counter) != point.is_counter:
            self.dropped_count += 1  # one metric cannot be two things
            return
        key = (name, _plain(point.attributes))
        before = client.series.get(key)
        if before is None:
            is_full = self.series_count >= SERIES_MAX
            if is_full or len(client.series) >= SERIES_PER_CLIENT_MAX:
                self.dropped_count += 1
                return
            self.series_count += 1
        adds = point.is_counter and point.is_delta
        client.series[key] = point.value + (before or 0.0) if adds else point.value

    def expire(self, now_ms: int) -> None:
        """Forget clients that no longer push."""
        gone = [key for key, client in self._clients.items() if client.until_ms <= now_ms]
        for key in gone:
            self.series_count -= len(self._clients.pop(key).series)
        if gone and not self._clients:
            self._kinds.clear()

    def lines(self) -> Iterator[str]:
        """Yield everything as Prometheus reads it, metric by metric."""
        by_name: dict[str, list[tuple[Attributes, float]]] = {}
        for client in self._clients.values():
            for (name, attributes), value in client.series.items():
                by_name.setdefault(name, []).append((client.labels + attributes, value))
        for name in sorted(by_name):
            yield f"# TYPE {name} {'counter' if self._kinds.get(name) else 'gauge'}"
            for labels, value in by_name[name]:
                yield sample_line(name, labels, value)


def metric_name(name: str) -> str:
    """Return a client's metric as it is called here.

    Example:
        >>> metric_name("org.apache.kafka.consumer.fetch.manager.fetch.latency.avg")
        'logcore_client_org_apache_kafka_consumer_fetch_manager_fetch_latency_avg'
    """
    return PREFIX + _NOT_IN_NAMES.sub("_", name)


def _plain(attributes: Attributes) -> Attributes:
    """Return attributes as labels; of those with one name, the last one counts."""
    labels = {_label(key): text for key, text in attributes}
    return tuple(sorted(item for item in labels.items() if item[0] not in _OWN))


def _label(key: str) -> str:
    label = _NOT_IN_NAMES.sub("_", key).lstrip("_") or "attribute"
    return f"_{label}" if label[0].isdigit() else label


_OWN: Final = frozenset(
    {"client_instance_id", "client_id", "client_software_name", "client_software_version"}
)


def _labels_of(facts: ClientFacts) -> Attributes:
    return tuple((name, getattr(facts, name)) for name in sorted(_OWN))
