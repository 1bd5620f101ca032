"""Serializers, partitioners and interceptors of a program, in both producers."""

import asyncio
import json
import threading
from typing import Any

import pytest

from logcore.common.errors import IllegalStateError, PartitionerError, SerializationError
from logcore.producer.async_producer import AsyncProducer
from logcore.producer.interceptor import ProducerInterceptor
from logcore.producer.producer import Producer
from logcore.serialization.serializer import Serializer
from tests.producer.reading import read_all


def as_json(value):
    return json.dumps(value).encode()


def by_number(_topic, key, _value, partitions):
    return int(key) % partitions.count


class Blocking(Serializer[Any]):
    """Notes on which threads it is called."""

    may_block = True

    def __init__(self):
        self.threads = set()

    def serialize(self, topic, value):
        self.threads.add(threading.current_thread())
        if value == "bad":
            raise ValueError("bad value")
        return f"{topic}/{value}".encode()


class Counting(ProducerInterceptor):
    """Counts records on their way out and back."""

    def __init__(self):
        self.sent = 0
        self.offsets = []
        self.errors = []
        self.endings = 0

    def on_send(self, record):
        self.sent += 1
        return record._replace(headers={"number": b"%d" % self.sent})

    def on_acknowledgement(self, metadata, error):
        if error is None:
            self.offsets.append(metadata.offset)
        else:
            self.errors.append((metadata.partition, error))

    def close(self):
        self.endings += 1


def values_of(cluster, topic):
    return [record.value for record in read_all(cluster.bootstrap, topic)]


def test_keys_and_values_are_serialized(cluster):
    topic = cluster.topic(3)
    settings: dict[str, Any] = {"key_serializer": str.encode, "value_serializer": as_json}
    with Producer(bootstrap_servers=cluster.bootstrap, **settings) as producer:
        where = producer.send(topic, {"a": 1}, "k").result(10)
        assert (where.key_size, where.value_size) == (1, 8)
        assert producer.send(topic, None, "gone").result(10).value_size == -1
        assert producer.send_many(topic, [1, [2]], ["k", "k"]).result(10) == 2
        with pytest.raises(SerializationError, match=f"the value serializer.*{topic}"):
            producer.send(topic, {1, 2})
        with pytest.raises(SerializationError, match="the key serializer"):
            producer.send_many(topic, [3], [4])
        assert producer.send(topic, 5, "k").result(10).partition == where.partition
    records = {record.value: record for record in read_all(cluster.bootstrap, topic)}
    assert set(records) == {b'{"a": 1}', None, b"1", b"[2]", b"5"}
    assert {records[value].key for value in (b"1", b"5")} == {b"k"}


def test_a_program_may_choose_partitions(cluster):
    topic = cluster.topic(4)
    with Producer(bootstrap_servers=cluster.bootstrap, partitioner=by_number) as producer:
        assert [producer.send(topic, b"v", b"%d" % at).result(10).partition for at in (6, 3)] == [
            2, 3,
        ]  # fmt: skip
        assert producer.send(topic, b"v", b"6", partition=1).result(10).partition == 1
        assert (
            producer.send_many(topic, [b"v"] * 8, [b"%d" % at for at in range(8)]).result(10) == 8
        )
        with pytest.raises(PartitionerError, match=f"{topic}.*ValueError"):
            producer.send(topic, b"v", b"none")
        with pytest.raises(PartitionerError, match="chose partition -1"):
            send_with(cluster, lambda *_: -1, topic)
    keys: dict[int, set[bytes]] = {}
    for record in read_all(cluster.bootstrap, topic):
        keys.setdefault(record.partition, set()).add(record.key)
    assert {at: keys[at] for at in (0, 2, 3)} == {
        0: {b"0", b"4"}, 2: {b"2", b"6"}, 3: {b"3", b"7"},
    }  # fmt: skip


def send_with(cluster, partitioner, topic):
    with Producer(bootstrap_servers=cluster.bootstrap, partitioner=partitioner) as producer:
        producer.send(topic, b"v")


def test_interceptors_see_every_record_out_and_back(cluster):
    topic, seen = cluster.topic(), Counting()
    settings: dict[str, Any] = {"interceptors": [seen], "value_serializer": str.encode}
    with Producer(bootstrap_servers=cluster.bootstrap, **settings) as producer:
        done = []
        producer.send(topic, "a", on_delivery=lambda _: done.append(list(seen.offsets)))
        producer.send_many(topic, ["b", "c"]).result(10)
        with pytest.raises(SerializationError):
            producer.send(topic, 5, partition=0)
        assert seen.endings == 0
    assert (seen.sent, seen.offsets, done) == (4, [0, 1, 2], [[0]])
    assert [(partition, type(error)) for partition, error in seen.errors] == [
        (0, SerializationError)
    ]
    assert seen.endings == 1
    assert [record.headers for record in read_all(cluster.bootstrap, topic)] == [
        (("number", b"%d" % number),) for number in (1, 2, 3)
    ]


def test_columns_are_refused_where_records_are_to_be_seen(our_cluster):
    settings: dict[str, Any] = {"value_serializer": str.encode}
    with (
        Producer(bootstrap_servers=our_cluster.bootstrap, **settings) as producer,
        pytest.raises(IllegalStateError, match="use send_many"),
    ):
        producer.send_columns("topic", b"ab", [1, 1])


def test_a_serializer_that_may_block_is_called_by_the_thread_that_sends(our_cluster):
    topic, slow = our_cluster.topic(), Blocking()
    with Producer(bootstrap_servers=our_cluster.bootstrap, value_serializer=slow) as producer:
        producer.send(topic, "a").result(10)
        producer.send_many(topic, ["b"]).result(10)
    assert slow.threads == {threading.current_thread()}


@pytest.mark.asyncio
async def test_a_serializer_that_may_block_is_never_called_on_the_loop(cluster):
    topic, slow = cluster.topic(), Blocking()
    async with AsyncProducer(
        bootstrap_servers=cluster.bootstrap, value_serializer=slow
    ) as producer:
        good = producer.send(topic, "a")
        bad = producer.send(topic, "bad")
        after = producer.send(topic, "b")
        with pytest.raises(SerializationError, match="bad value"):
            await bad
        assert ((await good).offset, (await after).offset) == (0, 1)
        many = await producer.send_many(topic, [str(number) for number in range(1200)])
        assert await many == 1200
        with pytest.raises(SerializationError):
            await (await producer.send_many(topic, ["c", "bad"]))
    assert threading.current_thread() not in slow.threads
    expected = ["a", "b", *map(str, range(1200)), "c"]
    assert values_of(cluster, topic) == [f"{topic}/{value}".encode() for value in expected]


@pytest.mark.asyncio
async def test_coroutines_have_all_of_it_and_records_keep_their_order(cluster):
    topic, seen = cluster.topic(4), Counting()
    async with AsyncProducer(
        bootstrap_servers=cluster.bootstrap,
        key_serializer=as_json,
        value_serializer=as_json,
        partitioner=by_number,
        interceptors=[seen],
    ) as producer:
        early = [producer.send(topic, number, 2) for number in range(50)]
        wrong = producer.send(topic, 1, "none")
        await producer.flush(20)
        assert isinstance(wrong.exception(0), PartitionerError)
        assert {(await each).partition for each in early} == {2}
        assert await (await producer.send_many(topic, [50, 51], [2, 2])) == 2
        with pytest.raises(PartitionerError):
            producer.send(topic, 1, "none")
        with pytest.raises(SerializationError):
            await producer.send_many(topic, [{1}])
        with pytest.raises(IllegalStateError, match="use send_many"):
            await producer.send_columns(topic, b"ab", [1, 1])
    assert [int(value) for value in values_of(cluster, topic)] == list(range(52))
    assert (seen.sent, sorted(seen.offsets)) == (55, list(range(52)))
    assert [type(error) for _, error in seen.errors] == [
        PartitionerError, PartitionerError, SerializationError,
    ]  # fmt: skip
    assert seen.endings == 1


@pytest.mark.asyncio
async def test_what_waits_to_be_serialized_is_bounded_and_given_up_at_the_end(our_cluster):
    topic, go = our_cluster.topic(), threading.Event()

    class Stuck(Blocking):
        def serialize(self, topic, value):
            go.wait(20)
            return super().serialize(topic, value)

    producer = AsyncProducer(
        bootstrap_servers=our_cluster.bootstrap, value_serializer=Stuck(), buffer_memory=640
    )
    deliveries = [producer.send(topic, "a") for _ in range(10)]
    with pytest.raises(Exception, match=r"buffer\.memory"):
        producer.send(topic, "a")
    await asyncio.sleep(0)
    await producer.close(0)
    go.set()
    assert all(each.exception(0) is not None for each in deliveries)
