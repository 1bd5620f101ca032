"""Offsets by time, through faults."""

import pytest
import pytest_asyncio

from logcore.client.cluster import Cluster
from logcore.client.positions import TopicPartition
from logcore.common.errors import (
    ClientTimeoutError,
    NotLeaderOrFollowerError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from logcore.consumer.config import CONSUMER_CONFIG, ConsumerSettings
from logcore.consumer.offset_lookup import look_up
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker

pytestmark = pytest.mark.asyncio
P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)


@pytest.fixture(scope="module")
def broker():
    with LocalBroker() as running:
        running.create_topic("t", partitions=2)
        with Producer(bootstrap_servers=running.bootstrap_servers) as producer:
            for number in range(10):
                producer.send("t", b"x", partition=0, timestamp=100 + number)
        yield running


@pytest_asyncio.fixture
async def cluster(broker):
    broker.faults.clear()
    told = {"bootstrap.servers": broker.bootstrap_servers, "retry.backoff.ms": 5}
    made = Cluster(ConsumerSettings(CONSUMER_CONFIG, told), creates_topics=False)
    yield made
    made.close()


async def test_ends_and_times(cluster):
    assert await look_up(cluster, {P0: 104, P1: 104}, 0, 10) == {P0: (4, 104), P1: None}
    assert await look_up(cluster, {P0: -1, P1: -2}, 0, 10) == {P0: (10, -1), P1: (0, -1)}


async def test_what_passes_is_tried_again_and_what_does_not_is_raised(broker, cluster):
    broker.faults.fail("ListOffsets", NotLeaderOrFollowerError, times=2)
    broker.faults.drop("ListOffsets")
    assert await look_up(cluster, {P0: -1}, 0, 10) == {P0: (10, -1)}
    broker.faults.fail("ListOffsets", TopicAuthorizationFailedError)
    with pytest.raises(TopicAuthorizationFailedError, match="t-0"):
        await look_up(cluster, {P0: -1}, 0, 10)


async def test_a_partition_that_is_not_there_is_told_in_time(cluster):
    with pytest.raises((ClientTimeoutError, UnknownTopicOrPartitionError)):
        await look_up(cluster, {TopicPartition("nowhere", 0): -1}, 0, 0.3)
    with pytest.raises(ClientTimeoutError, match="has no leader"):
        await look_up(cluster, {TopicPartition("t", 7): -1}, 0, 0.3)
