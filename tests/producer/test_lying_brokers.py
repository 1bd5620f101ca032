"""Brokers that answer what they should not, or move partitions away while they answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from logcore.common.errors import ConnectionLostError, LogcoreError
from logcore.producer.async_producer import AsyncProducer
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.init_producer_id import InitProducerIdResponse
from logcore.protocol.messages.metadata import (
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)
from logcore.protocol.messages.produce import (
    LeaderIdAndEpoch,
    NodeEndpoint,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceResponse,
)
from tests.client.lying_broker import Answer, Asked, greeting, lying_broker

ID = bytes(range(16))
Produced = Callable[[Asked, int], Awaitable[Answer]]


class Liar:
    """A broker of one topic, whose answers to Produce are the test's."""

    def __init__(self, produced: Produced, node_id: int = 1) -> None:
        self._produced = produced
        self.node_id = node_id
        self.port = 0
        self.others: list[Liar] = []
        self.produced_count = 0
        self.metadata_count = 0
        self.partition = MetadataResponsePartition(leader_id=node_id, leader_epoch=1)
        self.more_partitions: list[MetadataResponsePartition] = []

    async def behave(self, asked: Asked) -> Answer:
        if asked.api is ApiKey.API_VERSIONS:
            return asked.answer(greeting(PRODUCE=(3, 13), INIT_PRODUCER_ID=(0, 5)))
        if asked.api is ApiKey.METADATA:
            self.metadata_count += 1
            partitions = [self.partition, *self.more_partitions]
            topic = MetadataResponseTopic(name="topic", topic_id=ID, partitions=partitions)
            brokers = [
                MetadataResponseBroker(node_id=each.node_id, host="127.0.0.1", port=each.port)
                for each in (self, *self.others)
            ]
            return asked.answer(MetadataResponse(brokers=brokers, topics=[topic]))
        if asked.api is ApiKey.INIT_PRODUCER_ID:
            return asked.answer(InitProducerIdResponse(producer_id=7, producer_epoch=0))
        self.produced_count += 1
        return await self._produced(asked, self.produced_count)


def answer(asked: Asked, **fields: Any) -> bytes:
    """Answer a Produce request of one partition."""
    endpoints = fields.pop("node_endpoints", [])
    throttle_ms = fields.pop("throttle_time_ms", 0)
    topic_id = fields.pop("topic_id", ID)
    partition = PartitionProduceResponse(**{"index": 0, "base_offset": 5, **fields})
    topic = TopicProduceResponse(name="topic", topic_id=topic_id, partition_responses=[partition])
    return asked.answer(
        ProduceResponse(responses=[topic], throttle_time_ms=throttle_ms, node_endpoints=endpoints)
    )


@asynccontextmanager
async def producing(liar: Liar, **settings: Any) -> AsyncIterator[AsyncProducer]:
    told = {"retry_backoff_ms": 5, "reconnect_backoff_ms": 5, "linger_ms": 0, **settings}
    async with lying_broker(liar.behave) as liar.port:
        producer = AsyncProducer(bootstrap_servers=f"127.0.0.1:{liar.port}", **told)
        try:
            yield producer
        finally:
            await producer.close(1)


def sequence_of(asked: Asked) -> tuple[int, int, int]:
    """Return who sent the batch of a request, and its sequence."""
    request = ProduceRequest.decode(asked.frame, asked.version, asked.position)
    header = bytes(request.topic_data[0].partition_data[0].records)[43:57]  # type: ignore[arg-type]
    return (
        int.from_bytes(header[:8]),
        int.from_bytes(header[8:10]),
        int.from_bytes(header[10:14], signed=True),
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "wrong",
    [
        lambda asked: answer(asked, index=3),
        lambda asked: answer(asked, topic_id=bytes(16)),
        lambda asked: asked.answer(ProduceResponse()),
    ],
)
async def test_a_batch_of_which_nothing_is_said_fails(wrong):
    async def produced(asked: Asked, count: int) -> Answer:
        return wrong(asked) if count == 1 else answer(asked)

    async with producing(Liar(produced)) as producer:
        with pytest.raises(LogcoreError, match="answered nothing"):
            await producer.send("topic", b"1")
        assert (await producer.send("topic", b"2")).offset == 5


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "wrong",
    [
        lambda asked: asked.answer(ProduceResponse())[:7],
        lambda asked: answer(asked)[:-3],
        lambda asked: asked.answer(ProduceResponse(), asked.correlation_id + 1),
        lambda _: b"",
        lambda _: None,
    ],
)
async def test_an_answer_that_makes_no_sense_is_as_none(wrong):
    async def produced(asked: Asked, count: int) -> Answer:
        seen.append(sequence_of(asked))
        result: Answer = wrong(asked) if count == 1 else answer(asked)
        return result

    seen: list[tuple[int, int, int]] = []
    async with producing(Liar(produced), request_timeout_ms=500) as producer:
        assert (await producer.send("topic", b"1")).offset == 5
    assert seen == [(7, 0, 0), (7, 0, 0)]


@pytest.mark.asyncio
async def test_a_lost_batch_is_followed_by_a_newer_epoch_of_the_same_id():
    """Whatever an older epoch still has on its way is fenced then, and cannot double anything."""

    async def produced(asked: Asked, count: int) -> Answer:
        seen.append(sequence_of(asked))
        return answer(asked, error_code=87 if count == 2 else 0)

    seen: list[tuple[int, int, int]] = []
    async with producing(Liar(produced)) as producer:
        for number in range(4):
            with suppress(LogcoreError):
                await producer.send("topic", b"%d" % number)
    assert seen == [(7, 0, 0), (7, 0, 1), (7, 1, 0), (7, 1, 1)]


@pytest.mark.asyncio
async def test_what_is_refused_for_its_sequence_is_sent_under_the_next_epoch():
    async def produced(asked: Asked, count: int) -> Answer:
        seen.append(sequence_of(asked))
        return answer(asked, error_code=45 if count == 2 else 0)

    seen: list[tuple[int, int, int]] = []
    async with producing(Liar(produced)) as producer:
        await producer.send("topic", b"1")
        assert (await producer.send("topic", b"2")).offset == 5
    assert seen == [(7, 0, 0), (7, 0, 1), (7, 1, 0)]


@pytest.mark.asyncio
async def test_a_broker_that_asks_for_peace_gets_it():
    async def produced(asked: Asked, _: int) -> Answer:
        times.append(asyncio.get_running_loop().time())
        return answer(asked, throttle_time_ms=400)

    times: list[float] = []
    async with producing(Liar(produced)) as producer:
        await producer.send("topic", b"1")
        await producer.send("topic", b"2")
    assert times[1] - times[0] >= 0.35


@pytest.mark.asyncio
async def test_a_partition_that_moves_is_followed_without_asking():
    """The refusal tells of the new leader and where it is (KIP-951)."""

    async def moved(asked: Asked, _: int) -> Answer:
        return answer(
            asked,
            error_code=6,
            current_leader=LeaderIdAndEpoch(leader_id=2, leader_epoch=9),
            node_endpoints=[NodeEndpoint(node_id=2, host="127.0.0.1", port=second.port)],
        )

    async def taken(asked: Asked, _: int) -> Answer:
        return answer(asked, base_offset=9)

    second = Liar(taken, 2)
    async with lying_broker(second.behave) as second.port:
        first = Liar(moved)
        first.others = [second]
        second.others = [first]
        async with producing(first) as producer:
            assert (await producer.send("topic", b"1")).offset == 9
            assert (await producer.send("topic", b"2")).offset == 9
    assert (first.produced_count, second.produced_count) == (1, 2)


@pytest.mark.asyncio
async def test_without_retries_a_lost_answer_is_an_error():
    async def produced(asked: Asked, count: int) -> Answer:
        return None if count == 1 else answer(asked)

    async with producing(Liar(produced), retries=0) as producer:
        with pytest.raises(ConnectionLostError):
            await producer.send("topic", b"1")
        assert (await producer.send("topic", b"2")).offset == 5
