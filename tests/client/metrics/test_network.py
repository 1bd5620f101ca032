"""The client's numbers are those of its brokers together."""

from logcore.client.metrics.network import NetworkMeter, unseen
from logcore.client.metrics.registry import Registry
from logcore.client.metrics.sampled import Window


def test_brokers_and_all_of_them():
    registry = Registry("consumer", "me", Window(2, 1000, lambda: 0))
    network = NetworkMeter(registry, lambda: 3)
    for node_id, size, latency in ((1, 100, 2.0), (-1, 50, 4.0)):
        meter = network.node(node_id)
        assert network.node(node_id) is meter
        meter.sent.record(size)
        meter.received.record(10)
        meter.answered.record(latency)
    found = registry.read()
    assert found["connection-count"] == 3
    assert (found["request-total"], found["response-total"]) == (2, 2)
    assert (found["outgoing-byte-total"], found["incoming-byte-total"]) == (150, 20)
    assert (found["request-latency-avg"], found["request-latency-max"]) == (3, 4)
    assert (found["request-size-avg"], found["request-size-max"]) == (75, 100)
    assert found["request-rate"] == 2
    own = found.of(node_id="node-1")
    assert (own["request-total"], own["outgoing-byte-total"]) == (1, 100)
    assert found.of(node_id="node--1")["request-latency-max"] == 4


def test_what_nobody_looks_at_can_be_recorded():
    network = unseen()
    network.created.record()
    network.node(1).sent.record(5)
