"""What a consumer does between two hand-outs."""

import re

import pytest

from logcore.client.positions import OffsetAndMetadata, TopicPartition
from logcore.common.config import ConfigError
from logcore.common.errors import (
    CoordinatorNotAvailableError,
    GroupAuthorizationFailedError,
    NotLeaderOrFollowerError,
)
from logcore.consumer.async_consumer import AsyncConsumer
from logcore.testing.local_broker import LocalBroker

pytestmark = pytest.mark.asyncio
P0 = TopicPartition("t", 0)


@pytest.fixture(scope="module")
def broker():
    with LocalBroker() as running:
        running.create_topic("t")
        yield running


def reading(broker, **settings):
    broker.faults.clear()
    told = {"bootstrap_servers": broker.bootstrap_servers, "retry_backoff_ms": 5, **settings}
    return AsyncConsumer(**told)


async def test_positions_are_found_through_what_passes(broker):
    async with reading(broker, group_id="passing") as consumer:
        broker.faults.fail("OffsetFetch", CoordinatorNotAvailableError, times=2)
        broker.faults.fail("ListOffsets", NotLeaderOrFollowerError, times=2)
        consumer.assign([P0])
        assert await consumer.position(P0) == 0


async def test_what_does_not_pass_is_raised_to_who_polls(broker):
    async with reading(broker, group_id="refused") as consumer:
        broker.faults.fail("OffsetFetch", GroupAuthorizationFailedError)
        consumer.assign([P0])
        with pytest.raises(GroupAuthorizationFailedError):
            await consumer.poll(5)


async def test_a_seek_while_a_position_is_looked_for_wins(broker):
    async with reading(broker, group_id="seeking") as consumer:
        broker.faults.delay("OffsetFetch", 200)
        consumer.assign([P0])
        await consumer.poll(0.05)
        consumer.seek(P0, 0)
        await consumer.poll(0.4)
        assert await consumer.position(P0) == 0


async def test_a_commit_that_fails_by_itself_is_logged(broker, caplog):
    async with reading(broker, group_id="logged", auto_commit_interval_ms=0) as consumer:
        consumer.assign([P0])
        await consumer.position(P0)
        broker.faults.fail("OffsetCommit", GroupAuthorizationFailedError, times=None)
        for _ in range(5):
            await consumer.poll(0.05)
    assert "offsets were not committed" in caplog.text


async def test_closing_commits_what_was_handed_out(broker):
    async with reading(broker, group_id="closing") as consumer:
        consumer.assign([P0])
        await consumer.position(P0)
    async with reading(broker, group_id="closing") as consumer:
        assert await consumer.committed(P0) == {P0: OffsetAndMetadata(0)}


async def test_without_a_group_there_is_nobody_to_be(broker):
    async with reading(broker) as consumer:
        with pytest.raises(ConfigError, match=r"group_facts\(\) needs"):
            consumer.group_facts()
        with pytest.raises(ConfigError, match="subscribe"):
            consumer.subscribe(re.compile("t"))
