"""The asynchronous consumer, against our broker and Apache Kafka."""

import asyncio
import threading

import pytest

from logcore.common.errors import ClientClosedError, IllegalStateError, WrongThreadError
from logcore.consumer.async_consumer import AsyncConsumer
from logcore.consumer.listener import RebalanceListener
from tests.consumer.filling import filled

pytestmark = pytest.mark.asyncio


async def in_thread(function, *arguments, **keywords):
    return await asyncio.to_thread(function, *arguments, **keywords)


def reading(cluster, *topics, **settings):
    told = {"bootstrap_servers": cluster.bootstrap, "auto_offset_reset": "earliest", **settings}
    return AsyncConsumer(*topics, **told)


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
async def test_records_are_iterated_over_in_a_group(cluster, protocol):
    topic = await in_thread(filled, cluster, 2, 200)
    settings = {"group_id": cluster.group(), "group_protocol": protocol}
    async with reading(cluster, topic, **settings) as consumer:
        values = []
        async for record in consumer:
            values.append(int(record.value))
            if len(values) == 200:
                break
        assert sorted(values) == list(range(200))
        await consumer.commit()
        assert sum(each.offset for each in (await consumer.committed()).values()) == 200


async def test_lists_and_columns(cluster):
    topic = await in_thread(filled, cluster, 1, 100)
    async with reading(cluster) as consumer:
        consumer.assign([(topic, 0)])
        assert len(await consumer.poll(10, 30)) == 30
        batch = await consumer.poll_columns(10)
        assert batch is not None
        assert len(batch.columns) == 70
        consumer.seek_to_beginning()
        sizes = [len(each) async for each in consumer.batches(timeout=0.5, max_records=40)]
        assert (sum(sizes), max(sizes)) == (100, 40)
        assert [each async for each in consumer.records(timeout=0.1)] == []
        assert await consumer.poll_columns(0.1) is None
        consumer.seek((topic, 0), 90)
        arrow = await consumer.poll_arrow(10)
        assert (arrow is not None, len(arrow or ())) == (True, 10)
        assert await consumer.poll_arrow(0.1) is None


async def test_a_listener_may_be_made_of_coroutines(our_cluster):
    topic = await in_thread(filled, our_cluster, 1, 5)

    class Seeking(RebalanceListener):
        async def on_assigned(self, partitions):
            await asyncio.sleep(0)
            consumer.seek(partitions[0], 3)

    async with reading(our_cluster, group_id=our_cluster.group()) as consumer:
        consumer.subscribe(topic, Seeking())
        assert [record.offset async for record in consumer.records(timeout=2)] == [3, 4]


async def test_waiting_wakes_when_something_comes(our_cluster):
    topic = await in_thread(our_cluster.topic)
    async with reading(our_cluster, auto_offset_reset="latest") as consumer:
        consumer.assign([(topic, 0)])
        assert await consumer.position((topic, 0)) == 0
        waiting = asyncio.create_task(consumer.poll(20))
        from tests.consumer.filling import add  # noqa: PLC0415 - it is used by one test

        await in_thread(add, our_cluster, topic, 1, 3)
        assert len(await waiting) >= 1


async def test_use_from_elsewhere_and_after_the_end_is_refused(our_cluster):
    errors = []
    async with reading(our_cluster) as consumer:

        def use():
            try:
                asyncio.run(consumer.poll(0))
            except WrongThreadError as error:
                errors.append(error)

        thread = threading.Thread(target=use)
        thread.start()
        await in_thread(thread.join)
    await consumer.close()
    assert len(errors) == 1
    with pytest.raises(ClientClosedError):
        await consumer.poll(0)


async def test_outside_of_a_coroutine_it_cannot_be_made():
    def make():
        with pytest.raises(IllegalStateError, match="Consumer is the synchronous one"):
            AsyncConsumer()

    await in_thread(make)


async def test_who_closes_second_waits_for_the_first_and_a_cancelled_one_goes_on(our_cluster):
    topic, group = await in_thread(filled, our_cluster, 1, 5), our_cluster.group()
    left = asyncio.Event()

    class Leaving(RebalanceListener):
        async def on_revoked(self, partitions):
            assert len(partitions) == 1
            await left.wait()

    consumer = reading(our_cluster, group_id=group)
    consumer.subscribe(topic, Leaving())
    assert len(await consumer.poll(10) or await consumer.poll(10)) == 5
    first, second = asyncio.ensure_future(consumer.close()), asyncio.ensure_future(consumer.close())
    await asyncio.sleep(0.05)
    first.cancel()
    await asyncio.sleep(0)
    assert (first.cancelled(), second.done()) == (True, False)
    left.set()
    await second
    await consumer.close()
    async with reading(our_cluster, group_id=group) as other:
        assert (await other.committed((topic, 0)))[(topic, 0)].offset == 5
