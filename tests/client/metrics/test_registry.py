"""What is shown is read by name, by group and by tags; looking changes nothing."""

import pytest

from logcore.client.metrics.registry import Column, Registry
from logcore.client.metrics.sampled import Window


@pytest.fixture
def registry():
    return Registry("producer", "me", Window(2, 1000, lambda: 0))


def test_numbers_of_the_client_as_a_whole(registry):
    meter = registry.meter("record-send", "Records sent")
    wait = registry.average("record-queue-time", "time in the queue, in ms")
    registry.gauge("buffer-total-bytes", "Bytes", lambda: 7, "pool")
    meter.record(5)
    wait.record(2)
    found = registry.read()
    assert found == {
        "record-send-rate": 5,
        "record-send-total": 5,
        "record-queue-time-avg": 2,
        "record-queue-time-max": 2,
        "buffer-total-bytes": 7,
    }
    assert registry.read() == found
    groups = {metric.name: metric.group for metric in found.all}
    assert groups["record-send-total"] == "producer-metrics"
    assert groups["buffer-total-bytes"] == "producer-pool-metrics"
    assert {metric.name for metric in found.all if metric.is_total} == {"record-send-total"}
    assert all(metric.tags == {"client-id": "me"} and metric.text for metric in found.all)


def test_numbers_that_there_are_several_of(registry):
    columns = [Column("byte-rate", "Bytes, per second"), Column("byte-total", "Bytes", True)]
    held = {"a": (1, 2), "b": (3, 4)}
    registry.family(
        "topic", ("topic",), columns, lambda: [((topic,), held[topic]) for topic in held]
    )
    found = registry.read()
    assert dict(found) == {}
    assert found.of(topic="b") == {"byte-rate": 3, "byte-total": 4}
    assert found.of(topic="c") == {}
    assert found.of(topic="b", partition=1) == {}
    held["c"] = (5, 6)
    assert registry.read().of(topic="c")["byte-total"] == 6
    with pytest.raises(KeyError):
        found["byte-total"]


def test_what_there_can_be_is_told_before_there_is_any(registry):
    columns = [Column("byte-rate", "Bytes, per second")]
    registry.family("topic", ("topic",), columns, list)
    assert registry.described() == [("producer-topic-metrics", ("topic",), columns[0])]
    assert registry.read().all == ()
