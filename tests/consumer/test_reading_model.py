"""However a program reads, pauses and seeks: partitions come in order, and nothing is left out.

Each run prints its seed; set TEST_SEED to replay it.
"""

import random
from typing import Any

import pytest

from logcore.consumer.consumer import Consumer
from logcore.consumer.interceptor import ConsumerInterceptor
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker
from tests.seeds import seed

PARTITIONS, COUNT, STEPS, PATIENCE_S = 3, 400, 150, 0.01


class Passing(ConsumerInterceptor):
    """Sees everything, and changes nothing."""


HOOKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "deserializer": {"value_deserializer": int},
    "interceptor": {"value_deserializer": int, "interceptors": [Passing()]},
}


@pytest.fixture(scope="module")
def broker():
    with LocalBroker() as running:
        yield running


@pytest.fixture(scope="module", params=["none", "zstd"])
def topic(request, broker):
    name = broker.create_topic(partitions=PARTITIONS)
    settings = {"batch_size": 700, "compression_type": request.param}
    with Producer(bootstrap_servers=broker.bootstrap_servers, **settings) as producer:
        for number in range(COUNT * PARTITIONS):
            producer.send(name, b"%d" % number, partition=number % PARTITIONS)
    return name


class Model:
    """What a consumer should hand out next, by partition."""

    def __init__(self, consumer: Consumer, topic: str, chance: random.Random):
        self.consumer, self.topic, self.chance = consumer, topic, chance
        self.next = dict.fromkeys(range(PARTITIONS), 0)
        self.paused: set[int] = set()

    def see(self, partition: int, offset: int, value: object) -> None:
        assert partition not in self.paused
        assert offset == self.next[partition], f"partition {partition}"
        assert int(value) == offset * PARTITIONS + partition  # type: ignore[call-overload]  # or bytes
        self.next[partition] += 1

    def read(self) -> None:
        count = self.chance.choice([1, 3, 40, 500])
        how = self.chance.randrange(4)
        if how == 0:
            records = self.consumer.poll(PATIENCE_S, count)
        elif how == 1:
            records = []
            for record in self.consumer.records(timeout=PATIENCE_S):
                self.see(record.partition, record.offset, record.value)
                if len(records) + 1 >= count:
                    return
                records.append(record)
                if self.chance.random() < 0.01:
                    self.chance.choice([self.pause, self.resume])()
            return
        elif how == 2:
            records = next(self.consumer.batches(PATIENCE_S, count), [])
        else:
            self.read_columns()
            return
        for record in records:
            self.see(record.partition, record.offset, record.value)

    def read_columns(self) -> None:
        batch = self.consumer.poll_columns(PATIENCE_S)
        if batch is not None:
            columns = batch.columns
            for offset, value in zip(columns.offsets.tolist(), columns.values(), strict=True):
                self.see(batch.partition, offset, value)

    def pause(self) -> None:
        partition = self.chance.randrange(PARTITIONS)
        self.consumer.pause((self.topic, partition))
        self.paused.add(partition)

    def resume(self) -> None:
        for partition in list(self.paused):
            self.consumer.resume((self.topic, partition))
        self.paused.clear()

    def seek(self) -> None:
        partition, offset = self.chance.randrange(PARTITIONS), self.chance.randrange(COUNT)
        self.consumer.seek((self.topic, partition), offset)
        self.next[partition] = offset

    def look(self) -> None:
        for partition, expected in self.next.items():
            assert self.consumer.position((self.topic, partition)) == expected


@pytest.mark.parametrize("hooks", HOOKS)
def test_whatever_is_done_each_partition_goes_on_where_it_was(broker, topic, hooks):
    chance = random.Random(seed())
    told: dict[str, Any] = {"auto_offset_reset": "earliest", "max_partition_fetch_bytes": 3000}
    with Consumer(
        bootstrap_servers=broker.bootstrap_servers, fetch_max_wait_ms=5, **told, **HOOKS[hooks]
    ) as consumer:
        consumer.assign([(topic, number) for number in range(PARTITIONS)])
        model = Model(consumer, topic, chance)
        steps = [model.read] * 6 + [model.pause, model.resume, model.seek, model.look]
        for _ in range(STEPS):
            chance.choice(steps)()
        while any(at < COUNT for at in model.next.values()):
            model.resume()  # a read may pause
            model.read()
        model.look()
