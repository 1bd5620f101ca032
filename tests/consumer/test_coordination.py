"""Asking the coordinator of a group."""

import pytest

from logcore.client.cluster import Cluster
from logcore.common.errors import GroupAuthorizationFailedError, NotCoordinatorError
from logcore.consumer.config import CONSUMER_CONFIG, ConsumerSettings
from logcore.consumer.coordination import GroupCoordinator
from logcore.protocol.messages.heartbeat import HeartbeatRequest
from logcore.protocol.messages.offset_fetch import OffsetFetchRequest
from logcore.testing.local_broker import LocalBroker

pytestmark = pytest.mark.asyncio


@pytest.fixture
def broker():
    with LocalBroker() as running:
        yield running


def cluster_of(broker):
    told = {"bootstrap.servers": broker.bootstrap_servers}
    return Cluster(ConsumerSettings(CONSUMER_CONFIG, told))


async def test_an_error_in_the_answer_is_raised_with_its_group(broker):
    cluster = cluster_of(broker)
    coordinator = GroupCoordinator(cluster, "g")
    request = HeartbeatRequest(group_id="g", generation_id=1, member_id="nobody")
    broker.faults.fail("Heartbeat", GroupAuthorizationFailedError)
    with pytest.raises(GroupAuthorizationFailedError, match="group g: Heartbeat"):
        await coordinator.ask(request)
    answer = await coordinator.ask(request, checks=False)
    assert answer.error_code != 0
    cluster.close()


async def test_a_coordinator_that_moved_is_looked_for_anew(broker):
    cluster = cluster_of(broker)
    coordinator = GroupCoordinator(cluster, "g")
    assert await coordinator.knows(OffsetFetchRequest, 8)
    before = broker.faults.struck_count
    broker.faults.fail("Heartbeat", NotCoordinatorError)
    request = HeartbeatRequest(group_id="g", generation_id=1, member_id="nobody")
    with pytest.raises(NotCoordinatorError):
        await coordinator.ask(request)
    broker.faults.delay("FindCoordinator", 0)
    await coordinator.ask(request, checks=False)
    assert broker.faults.struck_count == before + 2
    cluster.close()
