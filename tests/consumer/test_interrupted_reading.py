"""Ctrl-C in the middle of reading: what was not handed out comes later, and once."""

from typing import Any

import pytest

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
