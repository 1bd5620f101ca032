"""What a share consumer tells of itself, beyond its connections and its group.

Invariant: an acknowledgement is counted once, when it is known what became of it.
Neighbours: `share_broker` records here; `client.metrics` shows it.
Source: Apache Kafka 4.3.1, `consumer-share-fetch-manager-metrics`, for names.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from logcore.client.metrics.registry import Registry, meter_columns

FETCHING: Final = "share-fetch-manager"


class ShareMeter:
    """What is measured of fetching from a share group, and of acknowledging.

    Args:
        registry: Where it is shown.
    """

    def __init__(self, registry: Registry) -> None:
        average = registry.average
        self._latency_ms = average("fetch-latency", "time of a fetch, in ms", FETCHING)
        self._size_bytes = average("fetch-size", "bytes of records of a fetch", FETCHING)
        self._count = average("records-per-request", "records of a fetch", FETCHING)
        self._throttle_ms = average(
            "fetch-throttle-time", "time brokers asked to wait, in ms", FETCHING
        )
        latency, size, count = self._latency_ms, self._size_bytes, self._count
        rates: tuple[tuple[str, str, Callable[[], Sequence[float]]], ...] = (
            ("fetch", "Fetches", lambda: (latency.count_rate(), latency.count)),
            ("bytes-consumed", "Bytes of records", lambda: (size.rate(), size.total)),
            ("records-fetched", "Records acquired", lambda: (count.rate(), count.total)),
        )
        for base, text, ask in rates:
            registry.family(FETCHING, (), meter_columns(base, text), partial(_alone, ask))
        meter = registry.meter
        self._sent = meter("acknowledgements-send", "Records acknowledged", FETCHING)
        self._failed = meter(
            "acknowledgements-error", "Records whose acknowledgement failed", FETCHING
        )

    def fetched(self, latency_ms: float, throttle_ms: int) -> None:
        """Record that a fetch was answered."""
        self._latency_ms.record(latency_ms)
        self._throttle_ms.record(throttle_ms)

    def acquired(self, size_bytes: int, count: int) -> None:
        """Record what an answer brought."""
        self._size_bytes.record(size_bytes)
        self._count.record(count)

    def acknowledged(self, count: int, *, is_error: bool) -> None:
        """Record what became of acknowledgements of so many records."""
        self._sent.record(count)
        if is_error:
            self._failed.record(count)


def _alone(ask: Callable[[], Sequence[float]]) -> list[tuple[tuple[str, ...], Sequence[float]]]:
    """Return values that have no tags."""
    return [((), ask())]
