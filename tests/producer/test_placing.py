"""Waiting for topics and for room: nobody waits for too little, in vain, or for too long."""

import asyncio
from typing import Any

import numpy as np
import pytest

from logcore.common.clock import SystemClock
from logcore.common.errors import (
    ClientTimeoutError,
    InvalidArgumentError,
    LogcoreError,
    UnknownTopicOrPartitionError,
)
from logcore.producer.async_producer import AsyncProducer
from logcore.producer.producer import Producer
from logcore.serialization.serializer import Serializer
from logcore.testing.local_broker import LocalBroker
from tests.producer.reading import read_all

LARGE = b"x" * 400_000
SETTINGS: dict[str, Any] = {"buffer_memory": 1_000_000, "linger_ms": 60_000}


@pytest.fixture(scope="module")
def broker():
    with LocalBroker() as running:
        yield running


def lengths_of(values: list[bytes]) -> Any:
    return np.array([len(value) for value in values], dtype=np.int64)


def test_large_records_are_sent_by_and_by(broker):
    """Two of them fill the buffer, and the third needs more than an eighth of it."""
    topic, values = broker.create_topic(), [LARGE] * 7
    with Producer(bootstrap_servers=broker.bootstrap_servers, **SETTINGS) as producer:
        many = producer.send_many(topic, values)
        columns = producer.send_columns(topic, b"".join(values), lengths_of(values))
        deliveries = [producer.send(topic, value) for value in values]
        producer.flush(30)
        assert (many.result(0), columns.result(0)) == (7, 7)
        assert all(delivery.exception(0) is None for delivery in deliveries)
    assert len(read_all(broker.bootstrap_servers, topic)) == 21


@pytest.mark.asyncio
async def test_large_records_are_sent_by_and_by_from_coroutines(broker):
    topic, values = broker.create_topic(), [LARGE] * 7
    async with AsyncProducer(bootstrap_servers=broker.bootstrap_servers, **SETTINGS) as producer:
        many = await producer.send_many(topic, values)
        columns = await producer.send_columns(topic, b"".join(values), lengths_of(values))
        await producer.flush(30)
        assert (await many, await columns) == (7, 7)


@pytest.mark.asyncio
async def test_large_headers_wait_for_their_room_and_let_others_work(broker):
    topic = broker.create_topic()
    async with AsyncProducer(bootstrap_servers=broker.bootstrap_servers, **SETTINGS) as producer:
        await producer.partitions_for(topic)
        deliveries = [producer.send(topic, b"v", headers=[("h", b"y" * 300_000)]) for _ in range(5)]
        flushing = asyncio.ensure_future(producer.flush(30))
        ticks = 0
        while not flushing.done():
            ticks += 1
            await asyncio.sleep(0.001)
        assert ticks > 1
        assert [(await delivery).offset for delivery in deliveries] == list(range(5))


def test_a_topic_that_nobody_writes_to_is_forgotten_and_found_again(broker):
    idle, busy = broker.create_topic(), broker.create_topic()
    settings = {"bootstrap_servers": broker.bootstrap_servers, "metadata_max_age_ms": 50}
    with Producer(**settings, linger_ms=0) as producer:
        producer.core.placing._idle_ms = 400
        producer.send(idle, b"0").result(20)
        until_ms = SystemClock().monotonic_ms() + 20_000
        while producer.core.placing.is_known(idle):
            assert producer.send(busy, b"x").result(20)
            assert SystemClock().monotonic_ms() < until_ms
        assert producer.core.placing.is_known(busy)
        assert producer.send(idle, b"1").result(20).offset == 1
        assert producer.core.placing.is_known(idle)


@pytest.mark.asyncio
async def test_late_records_fail_after_max_block_ms_one_by_one():
    with LocalBroker(auto_create_topics_enable=False) as broker:
        known = broker.create_topic()
        async with AsyncProducer(
            bootstrap_servers=broker.bootstrap_servers, max_block_ms=300
        ) as producer:
            bad, good = producer.send("not-there", b"x"), producer.send(known, b"y")
            with pytest.raises(UnknownTopicOrPartitionError):
                await bad
            assert (await good).offset == 0
    async with AsyncProducer(bootstrap_servers="127.0.0.1:1", max_block_ms=300) as producer:
        with pytest.raises(ClientTimeoutError, match=r"127\.0\.0\.1:1"):
            await producer.send("topic", b"x")


class Blocking(Serializer[str]):
    """Has records wait for another thread."""

    may_block = True

    def serialize(self, topic: str, value: str | None) -> bytes | None:  # noqa: ARG002 - as all
        return None if value is None else value.encode()


MISTAKES: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"partition": 1 << 70}, OverflowError),
    ({"partition": "0"}, TypeError),
    ({"headers": [(b"name", b"1")]}, TypeError),
    ({"headers": {"name": 1}}, TypeError),
    ({"headers": [("name",)]}, IndexError),
    ({"headers": {"\ud800": b"1"}}, UnicodeEncodeError),
    ({"key": 5}, TypeError),
    ({"timestamp": 1 << 70}, OverflowError),
    ({"timestamp": -5}, InvalidArgumentError),
]


async def mistake(producer: AsyncProducer, topic: str, value: Any, fields: dict[str, Any]) -> None:
    await producer.send(topic, value, **fields)


@pytest.mark.asyncio
@pytest.mark.parametrize(("fields", "error"), MISTAKES)
@pytest.mark.parametrize("serializer", [None, Blocking()], ids=["bytes", "blocking"])
async def test_a_record_that_cannot_be_placed_fails_alone_as_it_does_at_once(
    broker, serializer, fields, error
):
    topic, value = broker.create_topic(), "v" if serializer else b"v"
    settings: dict[str, Any] = {"bootstrap_servers": broker.bootstrap_servers}
    async with AsyncProducer(**settings) as producer:
        await producer.send(topic, b"0")
        with pytest.raises(error):  # at once
            producer.send(topic, b"1", **fields)
    async with AsyncProducer(**settings, value_serializer=serializer) as producer:
        before = producer.send(topic, value)
        bad = asyncio.ensure_future(mistake(producer, topic, value, fields))
        await asyncio.sleep(0)
        after = producer.send(topic, value)
        await producer.flush(20)
        assert isinstance(bad.exception(), error)
        assert [each.result(0).offset for each in (before, after)] == [1, 2]


@pytest.mark.asyncio
async def test_a_task_that_is_ended_by_others_leaves_nobody_waiting(broker):
    topic = broker.create_topic()
    async with AsyncProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
        late = [producer.send(topic, b"late") for _ in range(3)]
        flushing = asyncio.ensure_future(producer.flush(20))
        await asyncio.sleep(0)
        assert producer.placing._task is not None
        producer.placing._task.cancel()
        await flushing
        for each in late:
            with pytest.raises(LogcoreError, match="was ended"):
                each.result(0)
        assert (await producer.send(topic, b"kept")).offset == 0


@pytest.mark.asyncio
async def test_an_aborted_transaction_gives_late_records_up(broker):
    topic = broker.create_topic()
    settings = {"bootstrap_servers": broker.bootstrap_servers, "transactional_id": topic}
    async with AsyncProducer(**settings) as producer:
        await producer.begin_transaction()
        late = producer.send(topic, b"late")
        await producer.abort_transaction()
        assert late.exception(0) is not None
        async with producer.transaction():
            await producer.send(topic, b"kept")
    read = read_all(broker.bootstrap_servers, topic, **{"isolation.level": "read_committed"})
    assert [record.value for record in read] == [b"kept"]
