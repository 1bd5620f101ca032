"""Ctrl-C and pauses in the middle of reading: what was not handed out comes later, and once."""

import asyncio
from typing import Any

import pytest

from logcore.consumer.async_consumer import AsyncConsumer
from logcore.consumer.consumer import Consumer
from logcore.consumer.interceptor import ConsumerInterceptor
from logcore.consumer.listener import RebalanceListener
from tests.consumer.filling import filled
from tests.eventually import eventually


class Interrupted:
    """Makes numbers of bytes, but for one that it is interrupted at, once."""

    def __init__(self, at: int):
        self.at: int | None = at

    def __call__(self, data: bytes) -> int:
        if int(data) == self.at:
            self.at = None
            raise KeyboardInterrupt
        return int(data)


class Passing(ConsumerInterceptor):
    """Sees everything, and changes nothing."""


HOOKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "deserializer": {"value_deserializer": int},
    "interceptor": {"value_deserializer": int, "interceptors": [Passing()]},
}


def reading(cluster, **settings: Any) -> Consumer:
    told = {"auto_offset_reset": "earliest", "group_id": cluster.group(), **settings}
    return Consumer(bootstrap_servers=cluster.bootstrap, **told)


def one_by_one(consumer):
    for record in consumer.records(timeout=1):
        yield [record]


def polled(consumer):
    while records := consumer.poll(1):
        yield records


def read_all(lists, values):
    for records in lists:
        values += [record.value for record in records]


WAYS = {"poll": polled, "records": one_by_one, "batches": lambda c: c.batches(timeout=1)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("interceptors", [(), (Passing(),)], ids=["deserializer", "interceptor"])
def test_what_a_deserializer_is_interrupted_at_comes_again(our_cluster, way, interceptors):
    topic = filled(our_cluster, 2, 40)
    settings: dict[str, Any] = {"interceptors": interceptors, "value_deserializer": Interrupted(27)}
    with reading(our_cluster, **settings) as consumer:
        consumer.assign([(topic, 0), (topic, 1)])
        assert [consumer.position((topic, number)) for number in (0, 1)] == [0, 0]
        eventually(lambda: len(consumer.core._buffer) == 2)  # so that a poll takes of both
        values = list[int]()
        with pytest.raises(KeyboardInterrupt):
            read_all(WAYS[way](consumer), values)
        consumer.commit()
        committed = sum(each.offset for each in consumer.committed().values())
        assert committed == len(values), "what was handed out, and nothing else"
        read_all(WAYS[way](consumer), values)
        assert sorted(values) == list(range(40))
        for remainder in (0, 1):
            ours = [value for value in values if value % 2 == remainder]
            assert ours == sorted(ours)


@pytest.mark.parametrize("hooks", HOOKS)
def test_a_pause_ends_an_iteration_and_what_follows_comes_after_it(our_cluster, hooks):
    topic = filled(our_cluster, 1, 100)
    with reading(our_cluster, **HOOKS[hooks]) as consumer:
        consumer.assign([(topic, 0)])
        offsets = []
        for end in (9, 10, 49, 99):
            for record in consumer.records(timeout=0.3):
                offsets.append(record.offset)
                if record.offset == end:
                    consumer.pause((topic, 0))
                    assert consumer.position((topic, 0)) == end + 1
            assert offsets == list(range(end + 1))
            consumer.resume((topic, 0))
        assert consumer.poll(0.1) == []
        assert consumer.metrics()["records-consumed-total"] == 100


@pytest.mark.parametrize("hooks", HOOKS)
def test_who_pauses_and_resumes_at_once_goes_on(our_cluster, hooks):
    topic = filled(our_cluster, 1, 30)
    with reading(our_cluster, **HOOKS[hooks]) as consumer:
        consumer.assign([(topic, 0)])
        offsets = []
        for record in consumer.records(timeout=0.3):
            offsets.append(record.offset)
            consumer.pause((topic, 0))
            consumer.resume((topic, 0))
        assert offsets == list(range(30))


@pytest.mark.asyncio
async def test_a_pause_ends_an_iteration_of_coroutines_too(our_cluster):
    topic = await asyncio.to_thread(filled, our_cluster, 1, 50)
    async with AsyncConsumer(
        bootstrap_servers=our_cluster.bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        consumer.assign([(topic, 0)])
        offsets = []
        async for record in consumer.records(timeout=0.3):
            offsets.append(record.offset)
            if record.offset == 4:
                consumer.pause((topic, 0))
        consumer.resume((topic, 0))
        offsets += [record.offset async for record in consumer.records(timeout=0.3)]
        assert offsets == list(range(50))


class Hasty(RebalanceListener):
    """Is interrupted by Ctrl-C when partitions come."""

    def __init__(self):
        self.notes = []

    def on_assigned(self, partitions):
        self.notes.append(("assigned", len(partitions)))
        raise KeyboardInterrupt

    def on_revoked(self, partitions):
        self.notes.append(("revoked", len(partitions)))


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_listener_that_is_interrupted_leaves_a_consumer_that_reads(our_cluster, protocol):
    topic, hasty = filled(our_cluster, 1, 10), Hasty()
    with reading(our_cluster, group_protocol=protocol) as consumer:
        consumer.subscribe(topic, hasty)
        with pytest.raises(KeyboardInterrupt):
            read_all(iter(lambda: consumer.poll(1), None), [])
        values: list[int] = []
        while len(values) < 10:
            values += [int(record.value or b"") for record in consumer.poll(1)]
        consumer.commit()
    assert (values, hasty.notes) == (list(range(10)), [("assigned", 1), ("revoked", 1)])


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_listener_may_read_on_its_own_thread(our_cluster, protocol):
    topic, found = filled(our_cluster, 1, 10), list[int]()

    class Asking(RebalanceListener):
        def on_assigned(self, partitions):
            found.append(consumer.position(partitions[0]))
            found.extend(record.offset for record in consumer.poll(5, 1))

    with reading(our_cluster, group_protocol=protocol) as consumer:
        consumer.subscribe(topic, Asking())
        offsets = [record.offset for record in consumer.records(timeout=2)]
        assert (found, offsets) == ([0, 0], list(range(1, 10)))
