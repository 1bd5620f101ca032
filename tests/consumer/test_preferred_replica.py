"""Reading from the replica that a leader names (KIP-392), as long as that serves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from logcore.common.errors import OffsetOutOfRangeError
from logcore.consumer.async_consumer import AsyncConsumer
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.fetch import (
    FetchableTopicResponse,
    FetchRequest,
    FetchResponse,
    PartitionData,
)
from logcore.protocol.messages.metadata import (
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)
from tests.client.lying_broker import Answer, Asked, greeting, lying_broker
from tests.record.batches import batch_of

pytestmark = pytest.mark.asyncio
ID = bytes(range(16))
LEADER, FOLLOWER = 1, 2
Fetched = Callable[[FetchRequest, int], PartitionData]


class Replica:
    """A broker of two that have one partition; what it says of a fetch is the test's."""

    def __init__(self, fetched: Fetched, *, is_mute: bool = False):
        self._fetched = fetched
        self._is_mute = is_mute
        self.port = 0
        self.others: dict[int, int] = {}
        self.requests: list[tuple[str, int]] = []

    async def behave(self, asked: Asked) -> Answer:
        if asked.api is ApiKey.API_VERSIONS:
            return asked.answer(greeting(FETCH=(4, 17)))
        if asked.api is ApiKey.METADATA:
            partition = MetadataResponsePartition(
                leader_id=LEADER, leader_epoch=1, replica_nodes=[1, 2], isr_nodes=[1, 2]
            )
            topic = MetadataResponseTopic(name="topic", topic_id=ID, partitions=[partition])
            brokers = [
                MetadataResponseBroker(node_id=node_id, host="127.0.0.1", port=port)
                for node_id, port in self.others.items()
            ]
            return asked.answer(MetadataResponse(brokers=brokers, topics=[topic]))
        if self._is_mute:
            return None
        request = FetchRequest.decode(asked.frame, asked.version, asked.position)
        if not request.topics:
            await asyncio.sleep(0.05)
            return asked.answer(FetchResponse())
        offset = request.topics[0].partitions[0].fetch_offset
        self.requests.append((request.rack_id, offset))
        answer = self._fetched(request, offset)
        if answer.records is None:
            await asyncio.sleep(0.01)
        topics = [FetchableTopicResponse(topic_id=ID, partitions=[answer])]
        return asked.answer(FetchResponse(responses=topics))


def records_at(_: FetchRequest, offset: int) -> PartitionData:
    """Have five records, and no more."""
    if offset >= 5:
        return PartitionData(high_watermark=5)
    return PartitionData(high_watermark=5, records=batch_of(b"x", base_offset=offset))


def named(request: FetchRequest, offset: int) -> PartitionData:
    """Name the follower to who stands in its rack."""
    if request.rack_id == "cellar":
        return PartitionData(high_watermark=5, preferred_read_replica=FOLLOWER)
    return records_at(request, offset)


@asynccontextmanager
async def reading(leader: Replica, follower: Replica, rack: str) -> AsyncIterator[AsyncConsumer]:
    async with lying_broker(leader.behave) as first, lying_broker(follower.behave) as second:
        leader.others = follower.others = {LEADER: first, FOLLOWER: second}
        told: dict[str, Any] = {
            "retry_backoff_ms": 5,
            "reconnect_backoff_ms": 5,
            "fetch_max_wait_ms": 20,
        }
        async with AsyncConsumer(
            bootstrap_servers=f"127.0.0.1:{first}", client_rack=rack, **told
        ) as consumer:
            consumer.assign([("topic", 0)])
            consumer.seek(("topic", 0), 0)
            yield consumer


async def offsets_of(consumer: AsyncConsumer) -> list[int]:
    offsets: list[int] = []
    async with asyncio.timeout(20):
        while len(offsets) < 5:
            offsets += [record.offset for record in await consumer.poll(1)]
    return offsets


async def test_records_come_from_the_replica_of_the_rack():
    leader, follower = Replica(named), Replica(records_at)
    async with reading(leader, follower, "cellar") as consumer:
        assert await offsets_of(consumer) == [0, 1, 2, 3, 4]
    assert leader.requests == [("cellar", 0)], "asked once"
    assert follower.requests[:2] == [("cellar", 0), ("cellar", 1)]


async def test_elsewhere_they_come_from_the_leader():
    leader, follower = Replica(named), Replica(records_at)
    async with reading(leader, follower, "attic") as consumer:
        assert await offsets_of(consumer) == [0, 1, 2, 3, 4]
    assert follower.requests == []


async def test_a_replica_that_is_behind_is_left_for_the_leader():
    """What it does not have may be there all the same: nothing is reset."""

    def behind(_: FetchRequest, offset: int) -> PartitionData:
        if offset >= 2:
            return PartitionData(error_code=OffsetOutOfRangeError.code)
        return records_at(_, offset)

    def once(request: FetchRequest, offset: int) -> PartitionData:
        return named(request, offset) if offset == 0 else records_at(request, offset)

    leader, follower = Replica(once), Replica(behind)
    async with reading(leader, follower, "cellar") as consumer:
        assert await offsets_of(consumer) == [0, 1, 2, 3, 4]
    assert [offset for _, offset in follower.requests] == [0, 1, 2]
    assert ("cellar", 2) in leader.requests


async def test_a_replica_that_does_not_answer_is_left_for_the_leader():
    def once(request: FetchRequest, offset: int) -> PartitionData:
        return records_at(request, offset) if leader.requests[1:] else named(request, offset)

    leader = Replica(once)
    async with reading(leader, Replica(records_at, is_mute=True), "cellar") as consumer:
        assert await offsets_of(consumer) == [0, 1, 2, 3, 4]
    assert len(leader.requests) > 5
