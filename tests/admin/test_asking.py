"""The right broker is asked, again where that may heal, and not where it cannot."""

from collections.abc import Awaitable, Callable

import pytest
import uvloop

from logcore.admin.asking import Asking
from logcore.admin.config import ADMIN_CONFIG
from logcore.client.cluster import Cluster
from logcore.client.coordinators import CoordinatorKind
from logcore.client.positions import TopicPartition
from logcore.client.settings import Settings
from logcore.common.errors import (
    ClientTimeoutError,
    ClusterAuthorizationFailedError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
    UnknownTopicOrPartitionError,
)
from logcore.protocol.messages.delete_groups import DeleteGroupsRequest
from logcore.protocol.messages.describe_cluster import DescribeClusterRequest
from logcore.protocol.messages.describe_groups import DescribeGroupsRequest
from logcore.testing.local_broker import LocalBroker

Body = Callable[[Asking], Awaitable[None]]


def asking(broker: LocalBroker, body: Body, timeout_s: float = 10.0) -> None:
    """Run a body with something that asks a broker."""

    async def main() -> None:
        told = {"bootstrap.servers": broker.bootstrap_servers, "retry.backoff.ms": 1}
        cluster = Cluster(Settings(ADMIN_CONFIG, told), creates_topics=False)
        try:
            await body(Asking(cluster, timeout_s))
        finally:
            cluster.close()

    uvloop.run(main())


def test_what_may_heal_is_asked_again(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker
    broker.faults.fail("DescribeCluster", CoordinatorNotAvailableError, times=3)

    async def body(ask: Asking) -> None:
        answer = await ask.any("describe the cluster", DescribeClusterRequest())
        assert answer.cluster_id
        assert broker.faults.struck_count == 3

    asking(broker, body)


def test_what_does_not_heal_is_raised_at_once(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker
    broker.faults.fail("DescribeCluster", ClusterAuthorizationFailedError, times=None)

    async def body(ask: Asking) -> None:
        with pytest.raises(ClusterAuthorizationFailedError, match="could not describe"):
            await ask.any("describe the cluster", DescribeClusterRequest())
        assert broker.faults.struck_count == 1

    asking(broker, body)


def test_the_time_is_over(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker
    broker.faults.fail("DescribeCluster", CoordinatorNotAvailableError, times=None)

    async def body(ask: Asking) -> None:
        with pytest.raises(ClientTimeoutError, match=r"could not describe it in 0\.1 s"):
            await ask.any("describe it", DescribeClusterRequest())

    asking(broker, body, timeout_s=0.1)


def test_a_coordinator_that_moved_is_looked_for_again(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker
    broker.faults.fail("DeleteGroups", NotCoordinatorError, times=2)

    async def body(ask: Asking) -> None:
        response = await ask.coordinator(
            "delete a group",
            "mine",
            DeleteGroupsRequest(groups_names=["mine"]),
            lambda answer: [result.error_code for result in answer.results],
        )
        assert broker.faults.struck_count == 2
        assert response.results[0].error_code == 69, "GROUP_ID_NOT_FOUND is the caller's"

    asking(broker, body)


def test_brokers_one_by_one_and_all(logcore_broker: LocalBroker) -> None:
    request = DescribeGroupsRequest(groups=["nobody"])

    async def body(ask: Asking) -> None:
        assert (await ask.broker("describe groups", 1, request)).groups
        assert list(await ask.every_broker("describe groups", request)) == [1]
        kind = CoordinatorKind.GROUP
        assert (await ask.coordinator("describe", "nobody", request, kind=kind)).groups

    asking(logcore_broker, body)


def test_leaders(logcore_broker: LocalBroker) -> None:
    topic = logcore_broker.create_topic(partitions=2)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)

    async def body(ask: Asking) -> None:
        await ask.until_led([topic])
        assert await ask.leaders([first, second]) == {1: [first, second]}
        assert await ask.partitions_of([topic]) == {topic: [0, 1]}
        with pytest.raises(UnknownTopicOrPartitionError, match=f"{topic}-9"):
            await ask.leaders([TopicPartition(topic, 9)])
        with pytest.raises(UnknownTopicOrPartitionError, match="no-such-topic"):
            await ask.partitions_of(["no-such-topic"])

    asking(logcore_broker, body)
