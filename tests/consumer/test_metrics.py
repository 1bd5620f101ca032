"""What a consumer tells of itself is what it did, against our broker and Apache Kafka."""

import asyncio
from math import isnan

import pytest

from logcore.common.errors import ClientClosedError, WrongThreadError
from logcore.consumer.async_consumer import AsyncConsumer
from logcore.consumer.consumer import Consumer
from logcore.producer.producer import Producer
from tests.eventually import eventually


def filled(cluster, count=1000, partitions=1):
    topic = cluster.topic(partitions)
    with Producer(bootstrap_servers=cluster.bootstrap) as producer:
        for partition in range(partitions):
            producer.send_many(topic, [b"x" * 100] * count, partition=partition).result(20)
    return topic


def test_records_are_counted_as_they_are_handed_out(cluster):
    topic = filled(cluster)
    settings = {"bootstrap_servers": cluster.bootstrap, "auto_offset_reset": "earliest"}
    with Consumer(**settings, client_id="me") as consumer:
        consumer.assign([(topic, 0)])
        taken = len(consumer.poll(20, max_records=10))
        found = consumer.metrics()
        assert taken == 10
        assert found["records-consumed-total"] == 10
        assert found.of(topic=topic, partition=0) == {"records-lag": 990, "records-lead": 10}
        assert (found["records-lag-max"], found["records-lead-min"]) == (990, 10)
        while taken < 500:
            taken += len(consumer.poll(20, max_records=100))
        for _ in zip(range(200), consumer, strict=False):
            taken += 1
        assert consumer.metrics()["records-consumed-total"] in {taken, taken + 1}
        taken = int(consumer.metrics()["records-consumed-total"])
        while taken < 1000:
            batch = consumer.poll_columns(20)
            assert batch is not None
            taken += len(batch.columns)
        consumer.poll(0.01)
        found = consumer.metrics()
        assert found["records-consumed-total"] == 1000
        assert found.of(topic=topic)["records-consumed-total"] == 1000
        assert found["bytes-consumed-total"] > 100_000
        assert found["records-lag-max"] == 0
        assert found["fetch-total"] >= 1
        assert found["fetch-latency-max"] >= found["fetch-latency-avg"] > 0
        assert found["fetch-size-max"] > 0
        assert found["fetch-throttle-time-max"] == 0
        assert found["time-between-poll-max"] >= 0
        assert found["last-poll-seconds-ago"] < 60
        assert found["assigned-partitions"] == 1
        groups = {metric.name: metric.group for metric in found.all}
        assert groups["fetch-rate"] == "consumer-fetch-manager-metrics"
        assert groups["records-lag"] == "consumer-fetch-manager-metrics"


def test_what_was_handed_out_before_a_seek_stays_counted(our_cluster):
    topic = filled(our_cluster)
    with Consumer(bootstrap_servers=our_cluster.bootstrap) as consumer:
        consumer.assign([(topic, 0)])
        for _ in range(3):
            consumer.seek((topic, 0), 100)
            assert len(consumer.poll(20, max_records=7)) == 7
        consumer.assign([])
        assert consumer.metrics()["records-consumed-total"] == 21


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_what_a_group_is_asked(cluster, protocol):
    topic = filled(cluster, 10, partitions=2)
    settings = {
        "bootstrap_servers": cluster.bootstrap,
        "group_id": cluster.group(),
        "group_protocol": protocol,
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
    }
    if protocol == "classic":
        settings["heartbeat_interval_ms"] = 100
    with Consumer(topic, **settings) as consumer:
        taken = 0
        while taken < 20:
            taken += len(consumer.poll(20))
        consumer.commit()
        found = consumer.metrics()
        assert found["assigned-partitions"] == 2
        assert found["commit-total"] == 1
        assert found["commit-latency-max"] >= found["commit-latency-avg"] > 0
        assert found["rebalance-total"] >= 1
        assert found["rebalance-latency-total"] >= found["rebalance-latency-max"] >= 0
        assert 0 <= found["last-rebalance-seconds-ago"] < 60
        assert found["failed-rebalance-total"] == 0
        is_classic = protocol == "classic"
        assert (found["join-total"] >= 1) == (found["sync-total"] >= 1) == is_classic
        eventually(lambda: consumer.metrics()["heartbeat-total"] >= 1)
        assert consumer.metrics()["heartbeat-response-time-max"] > 0


def test_a_consumer_that_did_nothing(our_cluster):
    with Consumer(bootstrap_servers=our_cluster.bootstrap) as consumer:
        found = consumer.metrics()
        assert found["records-consumed-total"] == 0
        assert isnan(found["records-lag-max"])
        assert isnan(found["fetch-latency-avg"])
        assert "rebalance-total" not in found  # there is no group
    with pytest.raises(ClientClosedError):
        consumer.metrics()


def test_it_is_asked_on_its_loop(our_cluster):
    async def main():
        consumer = AsyncConsumer(bootstrap_servers=our_cluster.bootstrap)
        assert consumer.metrics()["connection-count"] == 0
        with pytest.raises(WrongThreadError):
            await asyncio.to_thread(consumer.metrics)
        await consumer.close()

    asyncio.run(main())
