"""Brokers get what they asked for, under their names, and each increment once."""

from math import inf, nan

import pytest

from logcore.client.metrics.registry import Metric, Metrics
from logcore.client.telemetry.points import Increments, Point, telemetry_name, wanted

TAGS = {"client-id": "me"}
METRICS = Metrics(
    [
        Metric("record-send-total", "producer-metrics", 5, TAGS, True, ""),
        Metric("request-latency-avg", "producer-metrics", nan, TAGS, False, ""),
        Metric("request-latency-max", "producer-metrics", inf, TAGS, False, ""),
        Metric("request-total", "producer-node-metrics", 7, TAGS | {"node-id": "node-1"}, True, ""),
    ]
)
SENT = Point("org.apache.kafka.producer.record.send.total", 5, (), True)
ASKED = Point("org.apache.kafka.producer.node.request.total", 7, (("node_id", "node-1"),), True)


@pytest.mark.parametrize(
    ("prefixes", "expected"),
    [
        (["*"], [SENT, ASKED]),
        ([""], [SENT, ASKED]),
        (["org.apache.kafka.producer."], [SENT, ASKED]),
        (["org.apache.kafka.producer.node"], [ASKED]),
        (["org.apache.kafka.consumer", "org.apache.kafka.producer.record"], [SENT]),
        (["nothing"], []),
        ([], []),
    ],
)
def test_what_is_wanted(prefixes, expected):
    assert wanted(METRICS, prefixes) == expected


def test_names_as_apache_kafka_makes_them():
    group = "consumer-coordinator-metrics"
    assert telemetry_name(group, "rebalance-latency-avg") == (
        "org.apache.kafka.consumer.coordinator.rebalance.latency.avg"
    )
    assert telemetry_name("admin-client-metrics", "x") == "org.apache.kafka.admin.client.x"


def test_what_was_not_taken_is_part_of_the_next_increment():
    increments = Increments()
    gauge = Point("gauge", 9)
    assert increments.since_last([SENT, gauge]) == [SENT, gauge]
    assert increments.since_last([SENT]) == [SENT]
    increments.pushed([SENT, gauge])
    more = [SENT._replace(value=8), gauge, ASKED]
    assert increments.since_last(more) == [SENT._replace(value=3), gauge, ASKED]
