"""Writing OpenTelemetry's MetricsData: as much of it as a client's metrics need.

An encoder of our own, for the reasons that the broker's decoder has: seven messages matter, and the
package for all of them is larger than this client. The numbers of the fields:

    MetricsData      1 resource_metrics*
    ResourceMetrics  1 resource, 2 scope_metrics*
    Resource         1 attributes*
    ScopeMetrics     2 metrics*
    Metric           1 name, 5 gauge, 7 sum
    Gauge            1 data_points*
    Sum              1 data_points*, 2 aggregation_temporality, 3 is_monotonic
    NumberDataPoint  2 start_time_unix_nano, 3 time_unix_nano, 4 as_double, 7 attributes*
    KeyValue         1 key, 2 value;  AnyValue  1 string_value

Invariant: points of one name become one metric. Pure.
Neighbours: `pusher` sends this; `points` says what goes into it.
Source: opentelemetry-proto 1.x; the encoding of protocol buffers.
"""

import struct
from collections.abc import Iterable, Mapping
from typing import Final

from logcore.client.telemetry.points import Point

CUMULATIVE: Final = 2
DELTA: Final = 1
_BYTES: Final = 2
_FIXED64: Final = 1
_GAUGE: Final = 5
_SUM: Final = 7


def metrics_data(
    points: Iterable[Point],
    labels: Mapping[str, str],
    *,
    start_ms: int,
    now_ms: int,
    is_delta: bool,
) -> bytes:
    """Encode points.

    Args:
        points: What is pushed.
        labels: What tells this client from others.
        start_ms: Since when totals count, in milliseconds since 1970 UTC.
        now_ms: When it was measured.
        is_delta: Whether totals are increments since then.
    """
    times = _fixed(2, start_ms) + _fixed(3, now_ms)
    by_name: dict[tuple[str, bool], list[bytes]] = {}
    for point in points:
        data_point = times + _double(4, point.value) + _attributes(7, point.attributes)
        by_name.setdefault((point.name, point.is_total), []).append(_message(1, data_point))
    temporality = DELTA if is_delta else CUMULATIVE
    metrics = b"".join(
        _message(2, _metric(name, b"".join(data_points), temporality if is_total else None))
        for (name, is_total), data_points in by_name.items()
    )
    resource = _message(1, _attributes(1, labels.items()))
    return _message(1, resource + _message(2, metrics))


def _metric(name: str, data_points: bytes, temporality: int | None) -> bytes:
    if temporality is None:
        return _text(1, name) + _message(_GAUGE, data_points)
    is_monotonic = _number(3, 1)
    return _text(1, name) + _message(_SUM, data_points + _number(2, temporality) + is_monotonic)


def _attributes(field: int, pairs: Iterable[tuple[str, str]]) -> bytes:
    return b"".join(
        _message(field, _text(1, key) + _message(2, _text(1, value))) for key, value in pairs
    )


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _fixed(field: int, time_ms: int) -> bytes:
    return _varint(field << 3 | _FIXED64) + struct.pack("<Q", time_ms * 1_000_000)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | _FIXED64) + struct.pack("<d", value)


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
