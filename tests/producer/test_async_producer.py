"""The asynchronous producer, against our broker and Apache Kafka."""

import asyncio
import threading
from typing import Any

import pytest

from logcore.common.errors import (
    BufferExhaustedError,
    ClientClosedError,
    IllegalStateError,
    UnknownTopicOrPartitionError,
    WrongThreadError,
)
from logcore.producer.async_producer import AsyncProducer
from tests.producer.reading import read_all


@pytest.mark.asyncio
async def test_a_delivery_is_awaited(cluster):
    topic = cluster.topic()
    async with AsyncProducer(bootstrap_servers=cluster.bootstrap) as producer:
        metadata = await producer.send(topic, b"1", b"k")
        deliveries = [producer.send(topic, b"%d" % number) for number in range(2, 100)]
        offsets = [metadata.offset] + [each.offset for each in await asyncio.gather(*deliveries)]
    assert offsets == list(range(99))


@pytest.mark.asyncio
async def test_records_before_the_topic_is_known_keep_their_order(cluster):
    topic = cluster.topic()
    seen = []
    async with AsyncProducer(bootstrap_servers=cluster.bootstrap) as producer:
        deliveries = [
            producer.send(topic, b"%d" % number, on_delivery=lambda done: seen.append(done.index))
            for number in range(50)
        ]
        assert not deliveries[0].done()
        await producer.flush(20)
        assert [(await each).offset for each in deliveries] == list(range(50))
        assert deliveries[3].exception(0) is None
    assert len(seen) == 50
    values = [int(record.value) for record in read_all(cluster.bootstrap, topic)]
    assert values == list(range(50))


@pytest.mark.asyncio
async def test_bulk_waits_for_room(our_cluster):
    topic = our_cluster.topic()
    settings: dict[str, Any] = {"buffer_memory": 200_000, "batch_size": 20_000}
    async with AsyncProducer(bootstrap_servers=our_cluster.bootstrap, **settings) as producer:
        deliveries = await producer.send_many(topic, [b"x" * 1000] * 2000)
        assert (await deliveries, len(deliveries), deliveries.done()) == (2000, 2000, True)
        columns = await producer.send_columns(topic, b"abc", [1, 2])
        assert await columns == 2


@pytest.mark.asyncio
async def test_a_sender_that_never_awaits_is_told(our_cluster):
    topic = our_cluster.topic()
    async with AsyncProducer(bootstrap_servers=our_cluster.bootstrap, buffer_memory=50_000) as it:
        await it.send(topic, b"x")
        with pytest.raises(BufferExhaustedError, match="await deliveries"):
            _ = [it.send(topic, b"x" * 1000) for _ in range(1000)]


@pytest.mark.asyncio
async def test_errors_reach_late_records_too(our_cluster):
    async with AsyncProducer(bootstrap_servers=our_cluster.bootstrap, max_block_ms=500) as it:
        good = our_cluster.topic(1)
        wrong = it.send(good, b"x", partition=7)
        right = it.send(good, b"x")
        with pytest.raises(UnknownTopicOrPartitionError, match="has 1 partitions"):
            await wrong
        assert (await right).offset == 0
        with pytest.raises(TypeError, match="a key must be bytes"):
            it.send("another", b"x", "text")


@pytest.mark.asyncio
async def test_use_from_elsewhere_is_refused(our_cluster):
    errors = []
    async with AsyncProducer(bootstrap_servers=our_cluster.bootstrap) as producer:

        def use():
            try:
                asyncio.run(producer.flush())
            except WrongThreadError as error:
                errors.append(error)

        thread = threading.Thread(target=use)
        thread.start()
        await asyncio.to_thread(thread.join)
    assert "event loop on which it was made" in str(errors[0])


def test_outside_of_a_coroutine_it_cannot_be_made():
    with pytest.raises(IllegalStateError, match="Producer is the synchronous one"):
        AsyncProducer()


@pytest.mark.asyncio
async def test_closing_fails_what_is_not_acknowledged():
    producer = AsyncProducer(bootstrap_servers="127.0.0.1:1")
    delivery = producer.send("topic", b"x")
    await producer.close(0.1)
    await producer.close()
    with pytest.raises(ClientClosedError, match="before the record was acknowledged"):
        await delivery
    with pytest.raises(ClientClosedError):
        producer.send("topic", b"x")


@pytest.mark.asyncio
async def test_partitions_are_told(our_cluster):
    topic = our_cluster.topic(3)
    async with AsyncProducer(bootstrap_servers=our_cluster.bootstrap) as producer:
        assert await producer.partitions_for(topic) == [0, 1, 2]
