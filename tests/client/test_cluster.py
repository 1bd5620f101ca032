"""A client's way to a cluster: whom it asks, what it learns, what it says when nobody answers."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvloop

from logcore.client.addresses import Address
from logcore.client.cluster import Cluster
from logcore.client.cluster_view import BrokerView, ClusterView
from logcore.client.config import CLIENT_CONFIG
from logcore.client.settings import Settings
from logcore.common.errors import (
    BrokerUnreachableError,
    ClientClosedError,
    ClientTimeoutError,
    ClusterAuthorizationFailedError,
    InvalidTopicError,
    RebootstrapRequiredError,
    UnknownTopicOrPartitionError,
    WrongThreadError,
)
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.metadata import (
    MetadataRequest,
    MetadataResponse,
    MetadataResponseBroker,
)
from logcore.testing.local_broker import LocalBroker
from tests.client.lying_broker import Answer, Asked, greeting, lying_broker

NOWHERE = "127.0.0.1:1"


def with_cluster(
    body: Callable[[Cluster], Awaitable[None]], *, creates: bool = False, **settings: Any
) -> None:
    async def main() -> None:
        cluster = Cluster(Settings(CLIENT_CONFIG, settings), creates_topics=creates)
        try:
            await body(cluster)
        finally:
            cluster.close()

    uvloop.run(main())


def test_learning_a_cluster(logcore_broker: LocalBroker) -> None:
    name = logcore_broker.create_topic(partitions=2)

    async def body(cluster: Cluster) -> None:
        seen: list[int] = []
        cluster.watch(lambda view: seen.append(len(view.topics)))
        topic = await cluster.topic(name, 10)
        assert topic.writable == [0, 1]
        assert cluster.view.leader_of(name, 1) == 1
        assert seen[-1] == 1
        answer = await cluster.ask(1, MetadataRequest(topics=[]))
        assert answer.cluster_id == cluster.view.cluster_id

    with_cluster(body, bootstrap_servers=logcore_broker.bootstrap_servers)


def test_one_server_of_several_is_enough(logcore_broker: LocalBroker) -> None:
    async def body(cluster: Cluster) -> None:
        assert (await cluster.refresh()).brokers

    servers = f"{NOWHERE},{logcore_broker.bootstrap_servers}"
    with_cluster(body, bootstrap_servers=servers, reconnect_backoff_ms=1)


def test_nobody_answers() -> None:
    async def body(cluster: Cluster) -> None:
        with pytest.raises(BrokerUnreachableError, match=r"bootstrap\.servers") as caught:
            await cluster.refresh()
        assert list(caught.value.attempts) == [NOWHERE]
        with pytest.raises(ClientTimeoutError, match=NOWHERE):
            await cluster.topic("t", 0.1)

    with_cluster(body, bootstrap_servers=NOWHERE, reconnect_backoff_ms=1, retry_backoff_ms=1)


def test_topics_that_cannot_be_had(logcore_broker: LocalBroker) -> None:
    async def body(cluster: Cluster) -> None:
        with pytest.raises(UnknownTopicOrPartitionError, match="create it first"):
            await cluster.topic("no-such-topic", 0.2)
        with pytest.raises(InvalidTopicError):
            await cluster.topic("no spaces", 5)

    with_cluster(body, bootstrap_servers=logcore_broker.bootstrap_servers, retry_backoff_ms=1)


def test_the_bootstrap_servers_are_asked_again_when_all_others_are_gone() -> None:
    """KIP-899: what the cluster said of itself is no use any more."""
    asked_count = 0

    async def behave(asked: Asked) -> Answer:
        nonlocal asked_count
        if asked.api is ApiKey.API_VERSIONS:
            return asked.answer(greeting())
        asked_count += 1
        gone = MetadataResponseBroker(node_id=7, host="127.0.0.1", port=1, rack=None)
        return asked.answer(MetadataResponse(brokers=[gone], cluster_id="c", controller_id=7))

    async def main() -> None:
        async with lying_broker(behave) as port:
            settings = {"bootstrap.servers": f"127.0.0.1:{port}", "reconnect.backoff.ms": 1}
            cluster = Cluster(Settings(CLIENT_CONFIG, settings))
            await cluster.refresh()
            assert list(cluster.view.brokers) == [7]
            cluster.nodes.forget_all()
            await cluster.refresh()
            assert asked_count == 2
            cluster.close()

    uvloop.run(main())


def test_a_closed_client_and_another_loop(logcore_broker: LocalBroker) -> None:
    async def body(cluster: Cluster) -> None:
        cluster.check_loop()
        wrong: list[Exception] = []

        def use() -> None:
            try:
                cluster.check_loop()
            except WrongThreadError as error:
                wrong.append(error)

        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        assert wrong
        cluster.close()
        assert cluster.is_closed
        with pytest.raises(ClientClosedError):
            await cluster.refresh()
        await asyncio.sleep(0)

    with_cluster(body, bootstrap_servers=logcore_broker.bootstrap_servers)


def test_a_broker_that_asks_for_peace_gets_it(logcore_broker: LocalBroker) -> None:
    async def body(cluster: Cluster) -> None:
        await cluster.refresh()
        connection = await cluster.connection(1)
        loop = asyncio.get_running_loop()
        cluster.heed(connection, MetadataResponse(throttle_time_ms=80))
        start = loop.time()
        await cluster.ask(1, MetadataRequest(topics=[]))
        assert loop.time() - start >= 0.07

    with_cluster(body, bootstrap_servers=logcore_broker.bootstrap_servers)


def test_after_a_long_silence_it_begins_at_the_bootstrap_servers_again():
    async def body(cluster: Cluster) -> None:
        cluster.learn(ClusterView({7: BrokerView(7, Address("127.0.0.1", 2))}))
        with pytest.raises(ClientTimeoutError, match=NOWHERE):
            await cluster.topic("t", 0.5)
        assert cluster.view.brokers == {}

    with_cluster(
        body,
        bootstrap_servers=NOWHERE,
        retry_backoff_ms=5,
        reconnect_backoff_ms=5,
        metadata_recovery_rebootstrap_trigger_ms=20,
    )


@pytest.mark.parametrize("shorter", ["reconnect_backoff_max_ms", "metadata_max_age_ms"])
def test_who_was_refused_once_goes_on_asking_until_it_is_closed(shorter: str) -> None:
    asked_count = 0

    async def behave(asked: Asked) -> Answer:
        nonlocal asked_count
        if asked.api is ApiKey.API_VERSIONS:
            return asked.answer(greeting())
        asked_count += 1
        if asked_count != 3:
            return asked.answer(MetadataResponse(error_code=ClusterAuthorizationFailedError.code))
        host, port = asked.writer.get_extra_info("sockname")
        here = MetadataResponseBroker(node_id=7, host=host, port=port, rack=None)
        return asked.answer(MetadataResponse(brokers=[here], cluster_id="c", controller_id=7))

    async def main() -> None:
        async with lying_broker(behave) as port:
            waits = {"reconnect_backoff_max_ms": 60_000, "metadata_max_age_ms": 60_000, shorter: 10}
            told = {"bootstrap_servers": f"127.0.0.1:{port}", "reconnect_backoff_ms": 10}
            cluster = Cluster(Settings(CLIENT_CONFIG, told | waits))
            learned = asyncio.Event()
            cluster.watch(lambda _: learned.set())
            with pytest.raises(ClusterAuthorizationFailedError):
                await cluster.topic("t", 10)
            await asyncio.wait_for(learned.wait(), 10)
            assert asked_count == 3
            await cluster.request_refresh()
            cluster.close()
            asked_at_last = asked_count
            await asyncio.sleep(0.05)
            assert asked_count == asked_at_last

    uvloop.run(main())


class Moved:
    """A broker that says where it is, and then asks so often to begin again (KIP-1102)."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.connections = 0
        self.asked_count = 0

    async def __call__(self, asked: Asked) -> Answer:
        if asked.api is ApiKey.API_VERSIONS:
            self.connections += 1
            return asked.answer(greeting())
        self.asked_count += 1
        if 1 < self.asked_count <= 1 + self.times:
            return asked.answer(MetadataResponse(error_code=RebootstrapRequiredError.code))
        host, port = asked.writer.get_extra_info("sockname")
        here = MetadataResponseBroker(node_id=7, host=host, port=port, rack=None)
        return asked.answer(MetadataResponse(brokers=[here], cluster_id="c", controller_id=7))

    def run(self, body: Callable[[Cluster], Awaitable[None]], **settings: Any) -> None:
        async def main() -> None:
            async with lying_broker(self) as port:
                told = {"bootstrap_servers": f"127.0.0.1:{port}", "retry_backoff_ms": 1}
                cluster = Cluster(Settings(CLIENT_CONFIG, told | settings))
                await cluster.refresh()
                assert self.connections == 1
                await body(cluster)
                cluster.close()

        uvloop.run(main())


def test_a_broker_may_ask_to_begin_again() -> None:
    """Once is done at once, on a new connection to a bootstrap server."""
    broker = Moved(1)

    async def body(cluster: Cluster) -> None:
        assert list((await cluster.refresh()).brokers) == [7]
        assert (broker.connections, broker.asked_count) == (3, 3)

    broker.run(body)


def test_who_asks_for_it_again_and_again_is_asked_later() -> None:
    broker = Moved(5)

    async def body(cluster: Cluster) -> None:
        with pytest.raises(BrokerUnreachableError, match="begin at the bootstrap") as caught:
            await cluster.refresh()
        assert caught.value.retriable
        await asyncio.wait_for(cluster.request_refresh(), 10)
        assert list(cluster.view.brokers) == [7]
        assert broker.asked_count == 7

    broker.run(body)


def test_a_client_that_never_begins_again_asks_on_where_it_is() -> None:
    broker = Moved(1)

    async def body(cluster: Cluster) -> None:
        with pytest.raises(BrokerUnreachableError):
            await cluster.refresh()
        assert list((await cluster.refresh()).brokers) == [7]
        assert broker.connections == 2

    broker.run(body, metadata_recovery_strategy="NONE")


@pytest.mark.parametrize(("strategy", "reached"), [("none", False), ("REBOOTSTRAP", True)])
def test_whether_bootstrap_servers_are_asked_when_the_known_brokers_are_gone(
    strategy: str, reached: bool
) -> None:
    broker = Moved(0)

    async def body(cluster: Cluster) -> None:
        cluster.learn(ClusterView({7: BrokerView(7, Address("127.0.0.1", 1))}))
        cluster.nodes.forget_all()
        if not reached:
            with pytest.raises(BrokerUnreachableError):
                await cluster.refresh()
        else:
            assert (await cluster.refresh()).brokers[7].address.port != 1

    broker.run(body, metadata_recovery_strategy=strategy)
