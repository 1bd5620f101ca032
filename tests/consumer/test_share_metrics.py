"""What a share consumer tells of itself, under the names of Java's."""

from logcore.client.metrics.registry import Registry
from logcore.client.metrics.sampled import Window
from logcore.common.clock import ManualScheduler
from logcore.consumer.share_metrics import ShareMeter
from tests.consumer.filling import filled
from tests.consumer.sharing import member, share_group, some


def test_the_numbers_of_fetches_and_acknowledgements():
    registry = Registry("consumer", "me", Window(2, 1000, ManualScheduler().monotonic_ms))
    meter = ShareMeter(registry)
    meter.fetched(5, 0)
    meter.fetched(15, 10)
    meter.acquired(1000, 20)
    meter.acknowledged(3, is_error=False)
    meter.acknowledged(2, is_error=True)
    found = registry.read()
    assert (found["fetch-latency-avg"], found["fetch-latency-max"]) == (10, 15)
    assert (found["fetch-total"], found["fetch-throttle-time-max"]) == (2, 10)
    assert (found["records-per-request-avg"], found["records-fetched-total"]) == (20, 20)
    assert (found["fetch-size-max"], found["bytes-consumed-total"]) == (1000, 1000)
    assert found["acknowledgements-send-total"] == 5
    assert found["acknowledgements-error-total"] == 2
    assert {each.group for each in found.all} == {"consumer-share-fetch-manager-metrics"}


def test_a_consumer_tells_them(our_cluster):
    topic, group = filled(our_cluster, 1, 10), share_group(our_cluster.bootstrap)
    with member(our_cluster, group, topic, client_id="me") as consumer:
        some(consumer)
        consumer.commit()
        found = consumer.metrics()
        assert found["records-fetched-total"] == found["acknowledgements-send-total"] == 10
        assert found["acknowledgements-error-total"] == 0
        assert found["heartbeat-total"] >= 1
        assert {each.tags["client-id"] for each in found.all} == {"me"}
