"""Becoming somebody: asked for once, again while it can be had, and newer when a batch was lost."""

import asyncio

import pytest

from logcore.client.cluster import Cluster
from logcore.common.errors import ClusterAuthorizationFailedError, CoordinatorNotAvailableError
from logcore.producer.config import PRODUCER_CONFIG, ProducerSettings
from logcore.producer.identification import EPOCH_MAX, Idempotence, identify
from logcore.producer.partition_queue import Identity
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker


@pytest.fixture(scope="module")
def broker():
    with LocalBroker() as running:
        yield running


class Watched:
    """An identity, and what it told."""

    def __init__(self, bootstrap: str, timeout_s: float = 20) -> None:
        told = {"bootstrap.servers": bootstrap, "retry.backoff.ms": 5}
        self.cluster = Cluster(ProducerSettings(PRODUCER_CONFIG, told))
        self.news = asyncio.Event()
        self.errors: list[Exception] = []
        self.identity = Idempotence(self.cluster, timeout_s, self.news.set, self.fail)

    def fail(self, error: Exception) -> None:
        self.errors.append(error)
        self.news.set()

    async def wait(self) -> Identity | None:
        await asyncio.wait_for(self.news.wait(), 20)
        self.news.clear()
        return self.identity.current


@pytest.mark.asyncio
async def test_it_is_asked_for_once(broker):
    watched = Watched(broker.bootstrap_servers)
    assert [watched.identity.current for _ in "ab"] == [None, None]
    first = await watched.wait()
    assert first is not None
    assert first.epoch == 0
    assert watched.identity.current == first
    assert watched.identity.may_send("topic", 0)
    assert watched.identity.version_max(None) is None  # type: ignore[arg-type]  # it does not look
    assert watched.identity.error is None
    watched.cluster.close()


@pytest.mark.asyncio
async def test_losses_at_once_bring_one_newer_epoch_of_the_same_id(broker):
    watched = Watched(broker.bootstrap_servers)
    assert watched.identity.current is None
    first = await watched.wait()
    assert first is not None
    for _ in range(3):
        watched.identity.lost(ValueError("lost"))
    watched.identity.renew()
    assert await watched.wait() == Identity(first.producer_id, 1)
    watched.identity.lost(ValueError("lost"))
    assert await watched.wait() == Identity(first.producer_id, 2)
    watched.cluster.close()


@pytest.mark.asyncio
async def test_after_the_last_epoch_comes_another_id(broker, monkeypatch):
    monkeypatch.setattr("logcore.producer.identification.EPOCH_MAX", 1)
    assert EPOCH_MAX == 32766
    watched = Watched(broker.bootstrap_servers)
    assert watched.identity.current is None
    first = await watched.wait()
    watched.identity.lost(ValueError("lost"))
    assert (await watched.wait()) == (first.producer_id, 1)  # type: ignore[union-attr]
    watched.identity.lost(ValueError("lost"))
    assert await watched.wait() is None
    third = await watched.wait()
    assert third is not None
    assert third.producer_id != first.producer_id  # type: ignore[union-attr]
    assert third.epoch == 0
    watched.cluster.close()


@pytest.mark.asyncio
async def test_errors_that_pass_are_waited_out_and_others_told(broker):
    watched = Watched(broker.bootstrap_servers)
    broker.faults.fail("InitProducerId", CoordinatorNotAvailableError, times=2)
    broker.faults.drop("InitProducerId", is_served=True)
    assert watched.identity.current is None
    assert await watched.wait() is not None
    broker.faults.fail("InitProducerId", ClusterAuthorizationFailedError)
    with pytest.raises(ClusterAuthorizationFailedError):
        await identify(watched.cluster, 5)
    refused = Watched(broker.bootstrap_servers)
    broker.faults.fail("InitProducerId", ClusterAuthorizationFailedError)
    assert refused.identity.current is None
    assert await refused.wait() is None
    assert [type(error) for error in refused.errors] == [ClusterAuthorizationFailedError]
    assert await refused.wait() is not None
    watched.cluster.close()
    refused.cluster.close()


@pytest.mark.asyncio
async def test_while_nobody_answers_it_is_asked_again_and_nothing_fails():
    watched = Watched("127.0.0.1:1", 0.2)
    for _ in range(2):
        assert watched.identity.current is None
        assert await watched.wait() is None
    assert watched.errors == []
    watched.cluster.close()


def test_records_fail_if_the_producer_may_be_nobody_and_the_next_do_not(broker):
    topic = broker.create_topic()
    with Producer(bootstrap_servers=broker.bootstrap_servers) as producer:
        broker.faults.fail("InitProducerId", ClusterAuthorizationFailedError)
        with pytest.raises(ClusterAuthorizationFailedError):
            producer.send(topic, b"1").result(20)
        assert producer.send(topic, b"2").result(20).offset == 0
