"""Reading OpenTelemetry's MetricsData: as much of it as clients of Kafka send.

A decoder of our own, because the part of the schema that matters is ten messages, and the package
for the whole of it is larger than the broker, checks no bounds that fit here, and would have to be
imported while requests wait.
Invariant: goes no deeper than the schema, reads no more than `FIELDS_MAX` fields, and keeps no more
than `POINTS_MAX` points with `ATTRIBUTES_MAX` attributes each; what is not well formed is a
`TelemetryError`. Pure.
Neighbours: `telemetry` calls it in a lane; `export` keeps what it returns.
Source: opentelemetry-proto 1.x, metrics.proto, resource.proto and common.proto; the encoding of
protocol buffers.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from logcore.common.errors import LogcoreError

POINTS_MAX: Final = 10_000
FIELDS_MAX: Final = 200_000
ATTRIBUTES_MAX: Final = 16
TEXT_MAX: Final = 200

_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5
_VARINT_BITS_MAX: Final = 70
_GAUGE: Final = 5
_SUM: Final = 7
_HISTOGRAM: Final = 9
_DELTA: Final = 1

_DOUBLE: Final = struct.Struct("<d")
_UINT64: Final = struct.Struct("<Q")
_INT64: Final = struct.Struct("<q")

Attributes: TypeAlias = tuple[tuple[str, str], ...]
_Value: TypeAlias = "int | memoryview"


class TelemetryError(LogcoreError):
    """What a client pushed are not metrics."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric.

    Attributes:
        name: The metric.
        value: The value.
        attributes: What tells it from other values of the metric, resource's first.
        is_counter: Whether it only grows.
        is_delta: Whether it is what was added since the last time.
    """

    name: str
    value: float
    attributes: Attributes = ()
    is_counter: bool = False
    is_delta: bool = False


def read_metrics(data: bytes | memoryview) -> list[Point]:
    """Read a MetricsData message.

    Raises:
        TelemetryError: If it is not one, or too large.
    """
    reading = _Reading()
    try:
        reading.metrics_data(memoryview(data))
    except (IndexError, struct.error) as error:
        raise TelemetryError(f"the metrics are not well formed: {error}") from None
    return reading.points


class _Reading:
    """One message being read, from its outside in."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self._fields_left = FIELDS_MAX

    def metrics_data(self, data: memoryview) -> None:
        for number, value in self._fields(data):
            if number == 1:
                self._resource_metrics(_message(value))

    def _resource_metrics(self, data: memoryview) -> None:
        attributes: Attributes = ()
        scopes = []
        for number, value in self._fields(data):
            if number == 1:
                attributes = self._attributes(_message(value), 1)
            elif number == 2:  # noqa: PLR2004 - numbers of fields stand in the schema
                scopes.append(_message(value))
        for scope in scopes:
            for number, value in self._fields(scope):
                if number == 2:  # noqa: PLR2004
                    self._metric(_message(value), attributes)

    def _metric(self, data: memoryview, attributes: Attributes) -> None:
        name = ""
        contents = []
        for number, value in self._fields(data):
            if number == 1:
                name = _text(value)
            elif number in {_GAUGE, _SUM, _HISTOGRAM}:
                contents.append((number, _message(value)))
        for kind, content in contents:
            self._points(name, kind, content, attributes)

    def _points(self, name: str, kind: int, data: memoryview, attributes: Attributes) -> None:
        """Read the points of a Gauge, a Sum or a Histogram."""
        is_delta, is_monotonic = False, kind == _HISTOGRAM
        found = []
        for number, value in self._fields(data):
            if number == 1:
                found.append(_message(value))
            elif number == 2:  # noqa: PLR2004
                is_delta = value == _DELTA
            elif number == 3:  # noqa: PLR2004
                is_monotonic = bool(value)
        if len(self.points) + len(found) > POINTS_MAX:
            raise TelemetryError(f"more than {POINTS_MAX} values at once")
        values = self._histogram_values if kind == _HISTOGRAM else self._number_values
        self.points.extend(
            Point(name + suffix, amount, attributes + own, is_monotonic, is_delta)
            for datum in found
            for suffix, amount, own in values(datum)
        )

    def _number_values(self, data: memoryview) -> Iterator[tuple[str, float, Attributes]]:
        """Yield the value of a NumberDataPoint."""
        number_read: float | None = None
        for number, value in self._fields(data):
            if number == 4:  # noqa: PLR2004
                number_read = _DOUBLE.unpack(_message(value))[0]
            elif number == 6:  # noqa: PLR2004
                number_read = float(_INT64.unpack(_message(value))[0])
        if number_read is not None:
            yield "", number_read, self._attributes(data, 7)

    def _histogram_values(self, data: memoryview) -> Iterator[tuple[str, float, Attributes]]:
        """Yield count and sum of a HistogramDataPoint; buckets are left out."""
        own = self._attributes(data, 9)
        for number, value in self._fields(data):
            if number == 4:  # noqa: PLR2004
                yield ".count", float(_UINT64.unpack(_message(value))[0]), own
            elif number == 5:  # noqa: PLR2004
                yield ".sum", _DOUBLE.unpack(_message(value))[0], own

    def _attributes(self, data: memoryview, field: int) -> Attributes:
        found: list[tuple[str, str]] = []
        for number, value in self._fields(data):
            if number == field and len(found) < ATTRIBUTES_MAX:
                key, text = "", ""
                for part, content in self._fields(_message(value)):
                    if part == 1:
                        key = _text(content)
                    elif part == 2:  # noqa: PLR2004
                        text = self._any_value(_message(content))
                found.append((key, text))
        return tuple(found)

    def _any_value(self, data: memoryview) -> str:
        for number, value in self._fields(data):
            if number == 1:
                return _text(value)
            if number == 2:  # noqa: PLR2004
                return "true" if value else "false"
            if number == 3 and isinstance(value, int):  # noqa: PLR2004
                return str(value - (1 << 64) if value >> 63 else value)
            if number == 4:  # noqa: PLR2004
                return repr(_DOUBLE.unpack(_message(value))[0])
        return ""

    def _fields(self, data: memoryview) -> Iterator[tuple[int, _Value]]:
        """Yield the fields of a message; fixed-size ones as their bytes."""
        at, end = 0, len(data)
        while at < end:
            self._fields_left -= 1
            if self._fields_left < 0:
                raise TelemetryError(f"more than {FIELDS_MAX} fields at once")
            key, at = _varint(data, at)
            kind = key & 7
            if kind == _VARINT:
                number, at = _varint(data, at)
                yield key >> 3, number
                continue
            size, at = _varint(data, at) if kind == _BYTES else (_size_of(kind), at)
            if size > end - at:
                raise TelemetryError("the metrics are cut off")
            yield key >> 3, data[at : at + size]
            at += size


def _size_of(kind: int) -> int:
    if kind == _FIXED64:
        return 8
    if kind == _FIXED32:
        return 4
    raise TelemetryError(f"the metrics are not well formed: wire type {kind}")


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return value, at
        shift += 7
        if shift >= _VARINT_BITS_MAX:
            raise TelemetryError("the metrics are not well formed: a number without end")


def _message(value: _Value) -> memoryview:
    if isinstance(value, int):
        raise TelemetryError("the metrics are not well formed: a number where a message is due")
    return value


def _text(value: _Value) -> str:
    return bytes(_message(value)[: TEXT_MAX * 4]).decode("utf-8", "replace")[:TEXT_MAX]
