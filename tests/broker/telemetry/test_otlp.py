"""Reading OpenTelemetry's metrics: what clients send, and whatever else comes."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.broker.telemetry import otlp
from logcore.broker.telemetry.otlp import Point, TelemetryError, read_metrics
from tests.broker.telemetry.encoding import (
    attribute,
    double,
    fixed64,
    gauge,
    message,
    metrics,
    number,
    point,
    text,
    total,
)


def test_gauges_and_sums_with_their_attributes():
    data = metrics(
        gauge("a.b", point(1.5, node="1"), point(7)),
        total("c", point(3)),
        total("d", point(4), is_delta=False, is_monotonic=False),
        client_rack="r",
    )
    rack = (("client_rack", "r"),)
    assert read_metrics(data) == [
        Point("a.b", 1.5, (*rack, ("node", "1"))),
        Point("a.b", 7.0, rack),
        Point("c", 3.0, rack, is_counter=True, is_delta=True),
        Point("d", 4.0, rack),
    ]


def test_a_resource_may_come_after_its_metrics_and_an_unknown_field_anywhere():
    scope = message(2, number(9, 5), gauge("g", point(1)), double(10, 0.5))
    about = message(1, attribute(1, "k", text(1, "v")))
    data = message(3, b"?") + message(1, scope, about)
    assert read_metrics(data) == [Point("g", 1.0, (("k", "v"),))]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (text(1, "x"), "x"),
        (number(2, 1), "true"),
        (number(2, 0), "false"),
        (number(3, 5), "5"),
        (number(3, -5), "-5"),
        (double(4, 0.5), "0.5"),
        (message(5, b""), ""),
    ],
)
def test_attributes_of_every_type(value, told):
    datum = message(1, fixed64(6, 1), attribute(7, "k", value))
    [found] = read_metrics(metrics(gauge("g", datum)))
    assert found.attributes == (("k", told),)


def test_of_a_histogram_count_and_sum_are_kept():
    datum = message(1, fixed64(4, 9), double(5, 4.5), attribute(9, "k", text(1, "v")))
    histogram = message(2, text(1, "h"), message(9, datum, number(2, 1)))
    found = read_metrics(metrics(histogram))
    assert [(each.name, each.value, each.is_counter, each.is_delta) for each in found] == [
        ("h.count", 9.0, True, True),
        ("h.sum", 4.5, True, True),
    ]


def test_texts_and_attributes_have_their_bounds():
    many = {f"key{n}": "v" for n in range(100)}
    [found] = read_metrics(metrics(gauge("n" * 5000, point(1, **many))))
    assert (len(found.name), len(found.attributes)) == (200, 16)


def test_so_many_points_are_too_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(otlp, "POINTS_MAX", 3)
    read_metrics(metrics(gauge("g", *[point(1)] * 3)))
    with pytest.raises(TelemetryError, match="more than 3"):
        read_metrics(metrics(gauge("g", *[point(1)] * 4)))


def test_so_many_fields_are_too_many_wherever_they_are(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(otlp, "FIELDS_MAX", 20)
    read_metrics(metrics(gauge("g", point(1))))
    with pytest.raises(TelemetryError, match="more than 20 fields"):
        read_metrics(number(9, 1) * 21)
    with pytest.raises(TelemetryError, match="more than 20 fields"):
        read_metrics(metrics(*[gauge("g", point(1))] * 3))


@pytest.mark.parametrize(
    "data",
    [
        b"\x0a",
        b"\x0a\xff",
        b"\x0a\x05abc",
        b"\xff" * 20,
        b"\x0b",
        b"\x0f\x01",
        number(1, 5),
        message(1, number(2, 1)),
        message(1, message(2, number(2, 1))),
        metrics(gauge("g", message(1, number(4, 1)))),
        metrics(gauge("g", message(1, text(4, "short")))),
    ],
)
def test_what_is_not_well_formed_is_refused(data: bytes):
    with pytest.raises(TelemetryError):
        read_metrics(data)


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(data: bytes):
    with contextlib.suppress(TelemetryError):
        read_metrics(data)


GOOD = metrics(gauge("a.b", point(1.5, node="1")), total("c", point(3)), client_rack="r")


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_whatever_is_changed_is_read_or_refused(place: int, byte: int):
    data = bytearray(GOOD)
    data[place] = byte
    with contextlib.suppress(TelemetryError):
        read_metrics(bytes(data))


def test_nothing_is_no_metrics():
    assert read_metrics(b"") == []
