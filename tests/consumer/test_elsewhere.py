"""Deserializers that may block: never on the loop, and nothing is lost of what they work on."""

import asyncio
import threading
from typing import Any

import pytest

from logcore.client.positions import TopicPartition
from logcore.common.errors import CorruptMessageError, SerializationError
from logcore.consumer.async_consumer import AsyncConsumer
from logcore.consumer.consumer import Consumer
from logcore.consumer.elsewhere import Elsewhere
from logcore.consumer.handing_out import HandingOut
from logcore.consumer.interceptor import ConsumerInterceptor
from logcore.consumer.preparing import Preparing
from logcore.consumer.subscription import FetchBuffer, PartitionState
from logcore.record.decoding import FetchedRecords
from logcore.serialization.serializer import Deserializer
from tests.consumer.filling import filled
from tests.eventually import eventually
from tests.record.batches import batch_of


class Slow(Deserializer[int]):
    """Notes on which threads it is called, and waits until it may go on."""

    may_block = True

    def __init__(self):
        self.threads = set()
        self.go = threading.Event()
        self.go.set()
        self.calls = 0

    def deserialize(self, topic, data):
        self.threads.add(threading.current_thread())
        self.calls += 1
        assert self.go.wait(20)
        if data == b"7":
            raise ValueError(f"not in {topic}")
        return int(data)


class Seeing(ConsumerInterceptor):
    def __init__(self):
        self.threads = set()

    def on_consume(self, records):
        self.threads.add(threading.current_thread())
        return records


def reading(cluster, slow, **settings: Any) -> AsyncConsumer:
    return AsyncConsumer(
        bootstrap_servers=cluster.bootstrap,
        auto_offset_reset="earliest",
        value_deserializer=slow,
        **settings,
    )


@pytest.mark.asyncio
async def test_records_come_in_order_and_the_loop_is_never_blocked(cluster):
    topic, slow, seeing = await asyncio.to_thread(filled, cluster, 1, 30), Slow(), Seeing()
    async with reading(cluster, slow, interceptors=[seeing]) as consumer:
        consumer.assign([(topic, 0)])
        assert [record.value for record in await consumer.poll(10, 5)] == [0, 1, 2, 3, 4]
        assert [record.value for record in await consumer.poll(10, 100)] == [5, 6]
        with pytest.raises(SerializationError, match=r"value deserializer.*at offset 7"):
            await consumer.poll(10)
        values = []
        async for record in consumer.records(timeout=5):
            values.append(record.value)
            assert await consumer.position((topic, 0)) == record.offset + 1
            if record.value == 19:
                break
        async for batch in consumer.batches(timeout=1, max_records=4):
            values += [record.value for record in batch]
        assert values == list(range(8, 30))
    assert slow.threads.isdisjoint([threading.current_thread()])
    assert seeing.threads == {threading.current_thread()}


@pytest.mark.asyncio
async def test_who_is_cancelled_loses_nothing(our_cluster):
    topic, slow = await asyncio.to_thread(filled, our_cluster, 1, 5), Slow()
    async with reading(our_cluster, slow) as consumer:
        consumer.assign([(topic, 0)])
        slow.go.clear()
        polling = asyncio.ensure_future(consumer.poll(10))
        async with asyncio.timeout(20):
            while not slow.calls:  # noqa: ASYNC110 - by a thread
                await asyncio.sleep(0.001)
        polling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await polling
        assert await consumer.position((topic, 0)) == 0, "nothing was handed out"
        slow.go.set()
        assert [record.value for record in await consumer.poll(10)] == [0, 1, 2, 3, 4]
    assert slow.calls == 5


@pytest.mark.asyncio
async def test_what_was_sought_away_from_is_dropped(our_cluster):
    topic, slow = await asyncio.to_thread(filled, our_cluster, 1, 5), Slow()
    async with reading(our_cluster, slow) as consumer:
        consumer.assign([(topic, 0)])
        slow.go.clear()
        polling = asyncio.ensure_future(consumer.poll(10))
        async with asyncio.timeout(20):
            while not slow.calls:  # noqa: ASYNC110 - by a thread
                await asyncio.sleep(0.001)
        consumer.seek((topic, 0), 3)
        slow.go.set()
        assert [record.value for record in await polling] == [3, 4]


@pytest.mark.asyncio
async def test_two_tasks_share_what_there_is_and_neither_blocks_the_loop(our_cluster):
    topic, slow = await asyncio.to_thread(filled, our_cluster, 1, 7), Slow()
    async with reading(our_cluster, slow) as consumer:
        consumer.assign([(topic, 0)])
        polls = [consumer.poll(10, 3), consumer.poll(10, 3), consumer.poll(10, 3)]
        values = [record.value for each in await asyncio.gather(*polls) for record in each]
        assert sorted(values) == list(range(7))
    assert slow.threads.isdisjoint([threading.current_thread()])


@pytest.mark.asyncio
async def test_what_comes_before_damage_is_prepared_and_damage_told_as_often_as_asked():
    buffer, state = FetchBuffer(), PartitionState(TopicPartition("t", 0), fetch_offset=0)
    damaged = bytearray(batch_of(b"2", base_offset=1))
    damaged[-1] ^= 0xFF
    buffer.put(state, FetchedRecords("t", 0, batch_of(b"1") + damaged, 0))
    hooks = Preparing(None, Slow())
    hand = HandingOut(buffer, lambda: None, 500, hooks)
    hand.is_elsewhere = True
    elsewhere = Elsewhere(hand, hooks)
    assert hand.next_chunk() == state
    assert hand.take_from(state, 9) == [], "not here"
    await elsewhere.hold(state, 9)
    assert [record.value for record in hand.slice_of(state)] == [1]
    for _ in range(2):
        with pytest.raises(CorruptMessageError):
            await elsewhere.hold(state, 9)
    assert state.position == 1


@pytest.mark.asyncio
async def test_where_nothing_can_be_prepared_records_are_fetched_again(monkeypatch):
    buffer, state = FetchBuffer(), PartitionState(TopicPartition("t", 0), fetch_offset=0)
    buffer.put(state, FetchedRecords("t", 0, batch_of(b"1", b"2"), 0))
    hooks = Preparing(None, Slow())
    hand = HandingOut(buffer, lambda: None, 500, hooks)
    hand.is_elsewhere = True
    hand.next_chunk()
    loop = asyncio.get_running_loop()

    def refuse(*_):
        raise RuntimeError("no more threads")

    monkeypatch.setattr(loop, "run_in_executor", refuse)
    with pytest.raises(RuntimeError, match="no more threads"):
        await Elsewhere(hand, hooks).hold(state, 9)
    assert (list(state.held), state.fetch_offset, state.version) == ([], 0, 1)


def test_the_twin_calls_them_where_it_is_read(our_cluster):
    topic, slow = filled(our_cluster, 1, 5), Slow()
    with Consumer(
        bootstrap_servers=our_cluster.bootstrap,
        auto_offset_reset="earliest",
        value_deserializer=slow,
    ) as consumer:
        consumer.assign([(topic, 0)])
        assert [record.value for record in consumer.records(timeout=1)] == [0, 1, 2, 3, 4]
    assert slow.threads == {threading.current_thread()}


@pytest.mark.asyncio
async def test_what_was_taken_is_not_lost_to_another_partitions_deserializer(our_cluster):
    first, slow = await asyncio.to_thread(filled, our_cluster, 1, 5), Slow()
    second = await asyncio.to_thread(filled, our_cluster, 1, 5)
    async with reading(our_cluster, slow) as consumer:
        consumer.assign([(first, 0), (second, 0)])
        assert [await consumer.position((topic, 0)) for topic in (first, second)] == [0, 0]
        await asyncio.to_thread(eventually, lambda: len(consumer._buffer) == 2)
        values = [record.value for record in await consumer.poll(10)]
        assert len(values) == 5, "of one partition, without waiting for the other"
        slow.go.clear()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await consumer.poll(10)
        slow.go.set()
        values += [record.value for record in await consumer.poll(10)]
        assert values == [*range(5), *range(5)]
