"""The asynchronous share consumer, against our broker and Apache Kafka."""

import asyncio
import threading
import time
from typing import ClassVar

import pytest

from logcore.client.positions import TopicPartition
from logcore.common.errors import ClientClosedError, IllegalStateError, WrongThreadError
from logcore.consumer.acknowledgements import AcknowledgeType
from logcore.consumer.async_share_consumer import AsyncShareConsumer
from logcore.serialization import Deserializer
from tests.consumer.filling import filled
from tests.consumer.sharing import share_group, shown

pytestmark = pytest.mark.asyncio
ACCEPT, RELEASE, REJECT, RENEW = AcknowledgeType


async def in_thread(function, *arguments, **keywords):
    return await asyncio.to_thread(function, *arguments, **keywords)


async def prepared(cluster, partitions=1, count=100):
    """Return a topic with records, and a group to read it."""
    topic = await in_thread(filled, cluster, partitions, count)
    return topic, await in_thread(share_group, cluster.bootstrap)


def member(cluster, group, *topics, **settings):
    told = {"bootstrap_servers": cluster.bootstrap, "group_id": group, **settings}
    return AsyncShareConsumer(*topics, **told)


async def some(consumer):
    async with asyncio.timeout(60):
        while not (records := await consumer.poll(1)):
            pass
        return records


async def test_records_are_iterated_over_and_accepted(cluster):
    topic, group = await prepared(cluster, 2, 200)
    async with member(cluster, group, topic) as consumer:
        values = []
        async for record in consumer:
            values.append(int(record.value))
            if len(values) == 200:
                break
        assert sorted(values) == list(range(200))
        assert set((await consumer.commit()).values()) == {None}
        assert [each async for each in consumer.records(timeout=0.2)] == []


async def test_each_record_becomes_what_was_said_of_it(cluster):
    topic, group = await prepared(cluster, 1, 4)
    told = []

    async def tell(place, offsets, error):
        await asyncio.sleep(0)
        told.append((place, offsets, error))

    async with member(cluster, group, topic, share_acknowledgement_mode="explicit") as consumer:
        consumer.set_acknowledgement_commit_callback(tell)
        records = await some(consumer)
        for record, what in zip(records, AcknowledgeType, strict=True):
            consumer.acknowledge(record, what)
        consumer.commit_async()
        assert shown(await some(consumer)) == [(3, 1)]
        consumer.acknowledge_offset((topic, 0), 3, ACCEPT)
        assert shown(await some(consumer)) == [(1, 2)]
    assert told[0] == (TopicPartition(topic, 0), [0, 1, 2, 3], None)


async def test_polling_without_waiting_gets_on(our_cluster):
    topic, group = await prepared(our_cluster, 1, 10)
    async with member(our_cluster, group, topic) as consumer, asyncio.timeout(20):
        while not (records := await consumer.poll(0)):
            pass
        assert len(records) == 10


async def test_a_poll_that_is_cancelled_loses_nothing(our_cluster):
    class Slow(Deserializer[int]):
        may_block: ClassVar[bool] = True

        def deserialize(self, topic, data):  # noqa: ARG002 - as all are
            started.set()
            time.sleep(0.05)
            return int(data)

    topic, group = await prepared(our_cluster, 1, 4)
    started = threading.Event()
    async with member(our_cluster, group, topic, value_deserializer=Slow()) as consumer:
        polling = asyncio.create_task(consumer.poll(20))
        await in_thread(started.wait)
        polling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await polling
        records = await consumer.poll(5)
        assert [(record.value, record.delivery_count) for record in records] == [
            (number, 1) for number in range(4)
        ]


async def test_it_is_for_one_task_at_a_time(our_cluster):
    topic, group = await prepared(our_cluster, 1, 3)
    async with member(our_cluster, group, topic) as consumer:
        first = asyncio.create_task(consumer.poll(20))
        await asyncio.sleep(0)
        with pytest.raises(IllegalStateError, match="one task at a time"):
            await consumer.poll(0)
        assert len(await first) == 3

        async def use(*_):
            await consumer.poll(0)

        consumer.set_acknowledgement_commit_callback(use)
        with pytest.raises(IllegalStateError, match="not for its own callback"):
            await consumer.commit()


async def test_use_from_elsewhere_and_after_the_end_is_refused(our_cluster):
    errors = []
    group = await in_thread(share_group, our_cluster.bootstrap)
    async with member(our_cluster, group) as consumer:

        def use():
            try:
                asyncio.run(consumer.poll(0))
            except WrongThreadError as error:
                errors.append(error)

        await in_thread(use)
        waiting = asyncio.create_task(poll_in_vain(consumer, await in_thread(our_cluster.topic)))
        await asyncio.sleep(0.1)
    await consumer.close()
    assert len(errors) == 1
    with pytest.raises(ClientClosedError):
        await waiting
    with pytest.raises(ClientClosedError):
        await consumer.poll(0)


async def poll_in_vain(consumer, topic):
    consumer.subscribe(topic)
    assert consumer.subscription() == {topic}
    await consumer.poll(20)


async def test_leaving_the_topics(our_cluster):
    topic, group = await prepared(our_cluster, 1, 5)
    async with member(our_cluster, group, topic, max_poll_records=2) as consumer:
        assert len(await some(consumer)) == 2
        await consumer.unsubscribe()
        assert await consumer.commit() == {TopicPartition(topic, 0): None}
    async with member(our_cluster, group, topic) as consumer:
        assert shown(await some(consumer)) == [(2, 2), (3, 2), (4, 2)]
        assert consumer.acquisition_lock_timeout_ms() == 30_000


async def test_outside_of_a_coroutine_it_cannot_be_made():
    def make():
        with pytest.raises(IllegalStateError, match="ShareConsumer is the synchronous one"):
            AsyncShareConsumer(group_id="g")

    await in_thread(make)
