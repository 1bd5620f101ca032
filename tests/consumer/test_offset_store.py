"""Committed offsets, written and read back, through faults."""

import asyncio

import pytest

from logcore.client.cluster import Cluster
from logcore.client.positions import GroupFacts, OffsetAndMetadata, TopicPartition
from logcore.common.errors import (
    ClientTimeoutError,
    CoordinatorLoadInProgressError,
    GroupAuthorizationFailedError,
    UnstableOffsetCommitError,
)
from logcore.consumer.config import CONSUMER_CONFIG, ConsumerSettings
from logcore.consumer.coordination import GroupCoordinator
from logcore.consumer.offset_store import OffsetStore
from logcore.testing.local_broker import LocalBroker

pytestmark = pytest.mark.asyncio
FACTS = GroupFacts("g")


@pytest.fixture(scope="module")
def broker():
    with LocalBroker() as running:
        running.create_topic("t", partitions=2)
        yield running


def store_of(broker):
    told = {"bootstrap.servers": broker.bootstrap_servers, "retry.backoff.ms": 5}
    cluster = Cluster(ConsumerSettings(CONSUMER_CONFIG, told))
    return cluster, OffsetStore(cluster, GroupCoordinator(cluster, "g"), 10)


async def test_what_was_committed_is_fetched(broker):
    cluster, store = store_of(broker)
    p0, p1 = TopicPartition("t", 0), TopicPartition("t", 1)
    await store.commit(lambda: {p0: 5, p1: OffsetAndMetadata(6, "six", 0)}, FACTS)
    expected = {p0: OffsetAndMetadata(5), p1: OffsetAndMetadata(6, "six", 0)}
    assert await store.fetch([p0, p1, TopicPartition("t", 9)], FACTS) == expected
    await store.commit(dict, FACTS)
    assert await store.fetch([], FACTS) == {}
    cluster.close()


async def test_what_passes_is_tried_again_and_what_does_not_is_raised(broker):
    cluster, store = store_of(broker)
    place = TopicPartition("t", 0)
    broker.faults.fail("OffsetCommit", CoordinatorLoadInProgressError, times=2)
    broker.faults.drop("OffsetCommit", is_served=True)
    await store.commit(lambda: {place: 8}, FACTS)
    broker.faults.fail("OffsetFetch", UnstableOffsetCommitError, times=2)
    assert (await store.fetch([place], FACTS))[place].offset == 8
    broker.faults.fail("OffsetFetch", GroupAuthorizationFailedError)
    with pytest.raises(GroupAuthorizationFailedError):
        await store.fetch([place], FACTS)
    broker.faults.fail("OffsetCommit", CoordinatorLoadInProgressError, times=None)
    with pytest.raises(ClientTimeoutError, match=r"commit offsets in 0\.2 s"):
        await store.commit(lambda: {place: 9}, FACTS, 0.2)
    broker.faults.clear()
    cluster.close()


async def test_what_is_left_is_looked_at_before_each_attempt(broker):
    cluster, store = store_of(broker)
    place = TopicPartition("t", 1)
    before = await store.fetch([place], FACTS)
    left = [{place: 3}, {}]
    broker.faults.fail("OffsetCommit", CoordinatorLoadInProgressError)
    await store.commit(lambda: left.pop(0), FACTS)
    assert left == []
    assert await store.fetch([place], FACTS) == before
    cluster.close()


async def test_the_coordinator_is_found_before_it_is_looked_what_is_left(broker):
    """Who finds it later must not be overtaken by what was looked at before."""
    cluster, store = store_of(broker)
    place = TopicPartition("t", 0)
    newest = 1

    async def commit(at: int) -> None:
        await store.commit(lambda: {place: at} if at == newest else {}, FACTS)

    broker.faults.delay("FindCoordinator", 100)
    older = asyncio.create_task(commit(1))
    await asyncio.sleep(0.05)
    newest = 2
    await commit(2)
    await older
    assert (await store.fetch([place], FACTS))[place].offset == 2
    cluster.close()
