"""What clients pushed, as Prometheus reads it: totals, labels, bounds, and an end."""

import pytest

from logcore.broker.telemetry import export
from logcore.broker.telemetry.export import ClientMetrics, metric_name
from logcore.broker.telemetry.otlp import Point
from logcore.broker.telemetry.subscriptions import ClientFacts

FACTS = ClientFacts("id", 'c"1', "java", "4.3", "127.0.0.1", "9")
LABELS = (
    'client_id="c\\"1",client_instance_id="id",client_software_name="java",'
    'client_software_version="4.3"'
)
ONE, OTHER = b"1" * 16, b"2" * 16


def test_a_gauge_is_replaced_and_a_delta_added():
    kept = ClientMetrics()
    for _ in range(3):
        points = [
            Point("a.b-c", 1.5, (("node.id", "7"),)),
            Point("count", 2.0, (), is_counter=True, is_delta=True),
            Point("total", 9.0, (), is_counter=True),
        ]
        kept.put(ONE, FACTS, points, until_ms=100)
    assert list(kept.lines()) == [
        "# TYPE logcore_client_a_b_c gauge",
        f'logcore_client_a_b_c{{{LABELS},node_id="7"}} 1.5',
        "# TYPE logcore_client_count counter",
        f"logcore_client_count{{{LABELS}}} 6",
        "# TYPE logcore_client_total counter",
        f"logcore_client_total{{{LABELS}}} 9",
    ]


def test_a_client_cannot_pass_for_another_nor_make_a_metric_two_things():
    kept = ClientMetrics()
    attributes = (("client_id", "somebody else"), ("9", "x"), ("", "y"))
    kept.put(ONE, FACTS, [Point("a", 1.0, attributes)], until_ms=100)
    kept.put(OTHER, FACTS, [Point("a", 1.0, (), is_counter=True)], until_ms=100)
    lines = list(kept.lines())
    assert lines[1:] == [f'logcore_client_a{{{LABELS},_9="x",attribute="y"}} 1']
    assert kept.dropped_count == 1


def test_who_pushes_no_more_is_forgotten():
    kept = ClientMetrics()
    kept.put(ONE, FACTS, [Point("a", 1.0)], until_ms=100)
    kept.put(OTHER, FACTS, [Point("a", 2.0), Point("b", 2.0)], until_ms=200)
    kept.expire(100)
    assert (len(kept), kept.series_count) == (1, 2)
    kept.expire(200)
    assert (len(kept), kept.series_count, list(kept.lines())) == (0, 0, [])


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(export, "SERIES_MAX", 5)
    monkeypatch.setattr(export, "SERIES_PER_CLIENT_MAX", 3)
    kept = ClientMetrics()
    for number in range(4):
        points = [Point(f"m{place}", 1.0) for place in range(10)]
        kept.put(bytes([number]) * 16, FACTS, points, until_ms=100)
    assert kept.series_count == 5
    assert kept.dropped_count == 35


def test_names():
    assert metric_name("org.apache.kafka.x-y") == "logcore_client_org_apache_kafka_x_y"
