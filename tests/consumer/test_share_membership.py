"""Membership in a share group, through the errors that a coordinator may answer with."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from logcore.client.cluster import Cluster
from logcore.common.errors import (
    CoordinatorLoadInProgressError,
    FencedMemberEpochError,
    GroupAuthorizationFailedError,
    NotCoordinatorError,
    UnknownMemberIdError,
)
from logcore.consumer.share_config import SHARE_CONSUMER_CONFIG, ShareConsumerSettings
from logcore.consumer.share_membership import ShareMembership
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.find_coordinator import Coordinator, FindCoordinatorResponse
from logcore.protocol.messages.metadata import MetadataResponse, MetadataResponseBroker
from logcore.protocol.messages.share_group_heartbeat import (
    Assignment,
    ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse,
    TopicPartitions,
)
from logcore.testing.local_broker import LocalBroker
from tests.client.lying_broker import greeting, lying_broker
from tests.consumer.memberships import PATIENCE_S

pytestmark = pytest.mark.asyncio
HEARTBEAT = "ShareGroupHeartbeat"


class Member(ShareMembership):
    """A membership that notes how many partitions it was assigned, each time."""

    def __init__(self, bootstrap: str, group: str, **settings: Any) -> None:
        told = {
            "bootstrap.servers": bootstrap, "group.id": group, "retry.backoff.ms": 5, **settings,
        }  # fmt: skip
        made = ShareConsumerSettings(SHARE_CONSUMER_CONFIG, told)
        self.cluster = Cluster(made, creates_topics=False)
        self.counts: list[int] = []
        self.changed = asyncio.Event()
        super().__init__(self.cluster, made, self.changed.set)
        self.on_assigned = self._note

    def _note(self, partitions: list[TopicPartitions]) -> None:
        self.counts.append(sum(len(each.partitions) for each in partitions))
        self.changed.set()

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture(scope="module")
def broker():
    settings: dict[str, Any] = {
        "group_share_heartbeat_interval_ms": 50, "group_share_min_heartbeat_interval_ms": 50,
        "group_share_assignment_interval_ms": 0,
    }  # fmt: skip
    with LocalBroker(**settings) as running:
        running.create_topic("t", partitions=4)
        yield running


@pytest_asyncio.fixture
async def members(broker):
    broker.faults.clear()
    made = []

    def make(group, **settings):
        made.append(Member(broker.bootstrap_servers, group, **settings))
        return made[-1]

    yield make
    broker.faults.clear()
    for member in made:
        await member.leave()
        member.cluster.close()


async def test_joining_goes_on_through_what_passes(broker, members):
    member = members("passing")
    broker.faults.fail(HEARTBEAT, CoordinatorLoadInProgressError, times=2)
    broker.faults.fail(HEARTBEAT, NotCoordinatorError)
    broker.faults.drop(HEARTBEAT)
    member.subscribe(frozenset({"t"}))
    await member.until(lambda: member.counts == [4])
    await member.leave()
    assert member.counts == [4, 0], "whoever has left fetches nothing"


async def test_what_does_not_pass_is_kept_to_be_raised(broker, members):
    member = members("refused")
    broker.faults.fail(HEARTBEAT, GroupAuthorizationFailedError)
    member.subscribe(frozenset({"t"}))
    await member.until(lambda: member.error is not None)
    assert isinstance(member.error, GroupAuthorizationFailedError)
    member.polled()
    await asyncio.sleep(0.05)
    assert member.counts == [], "it is for whoever polls to try again"
    member.error = None
    member.polled()
    await member.until(lambda: member.counts == [4])


@pytest.mark.parametrize("error", [UnknownMemberIdError, FencedMemberEpochError])
async def test_a_member_that_was_fenced_joins_again(broker, members, error):
    member = members(f"fenced-{error.code}")
    member.subscribe(frozenset({"t"}))
    await member.until(lambda: member.counts == [4])
    broker.faults.fail(HEARTBEAT, error, times=3)
    await member.until(lambda: member.counts[-1] == 4 and len(member.counts) > 1)
    assert set(member.counts[1:-1]) == {0}


async def test_partitions_are_shared(members):
    one, two = members("sharing"), members("sharing")
    one.subscribe(frozenset({"t"}))
    two.subscribe(frozenset({"t"}))
    await one.until(lambda: one.counts and one.counts[-1] == 2)
    await two.until(lambda: two.counts and two.counts[-1] == 2)
    await two.leave()
    await one.until(lambda: one.counts[-1] == 4)


async def test_who_does_not_poll_leaves_and_joins_again(members):
    member = members("late", **{"max.poll.interval.ms": 200})
    member.subscribe(frozenset({"t"}))
    await member.until(lambda: member.counts == [4, 0])
    member.polled()
    await member.until(lambda: member.counts[:3] == [4, 0, 4])


async def test_a_member_without_partitions_asks_sooner_than_it_is_told():
    """Apache Kafka tells of partitions with the heartbeat after the one that joins."""
    heard: list[tuple[int, list[str] | None]] = []

    async def behave(asked):
        if asked.api is ApiKey.API_VERSIONS:
            ranges = {"SHARE_GROUP_HEARTBEAT": (1, 1), "FIND_COORDINATOR": (0, 6)}
            return asked.answer(greeting(**ranges))
        if asked.api is ApiKey.METADATA:
            broker = MetadataResponseBroker(node_id=1, host="127.0.0.1", port=port)
            return asked.answer(MetadataResponse(brokers=[broker]))
        if asked.api is ApiKey.FIND_COORDINATOR:
            found = Coordinator(key="g", node_id=1, host="127.0.0.1", port=port)
            return asked.answer(FindCoordinatorResponse(coordinators=[found]))
        request = ShareGroupHeartbeatRequest.decode(asked.frame, asked.version, asked.position)
        heard.append((request.member_epoch, request.subscribed_topic_names))
        places = [TopicPartitions(topic_id=bytes(16), partitions=[0])] if len(heard) > 2 else []
        return asked.answer(
            ShareGroupHeartbeatResponse(
                member_id=request.member_id,
                member_epoch=len(heard),
                heartbeat_interval_ms=3_600_000,
                assignment=Assignment(topic_partitions=places) if len(heard) != 2 else None,
            )
        )

    async with lying_broker(behave) as port:
        member = Member(f"127.0.0.1:{port}", "g")
        try:
            member.subscribe(frozenset({"t"}))
            await member.until(lambda: member.counts == [0, 1])
            assert heard == [(0, ["t"]), (1, None), (2, None)]
            member.subscribe(frozenset({"t", "u"}))
            await member.until(lambda: member.counts == [0, 1, 1])
            assert heard[3] == (3, ["t", "u"])
        finally:
            member.cluster.close()


async def test_who_is_cancelled_while_it_leaves_has_left_and_may_come_back(broker, members):
    member = members("cancelled")
    member.subscribe(frozenset(["t"]))
    await member.until(lambda: member.counts and member.counts[-1] == 4)
    broker.faults.delay(HEARTBEAT, 300)
    leaving = asyncio.create_task(member.leave())
    await asyncio.sleep(0.05)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert member.counts[-1] == 0, "nothing is read any more"
    member.subscribe(frozenset(["t"]))
    await member.until(lambda: member.counts[-1] == 4)
