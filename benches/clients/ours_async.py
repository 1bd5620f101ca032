"""Our `AsyncProducer` and `AsyncConsumer`."""

import itertools
from typing import Any

import uvloop

from benches.clients.load import BATCH, FETCH_BYTES, latencies_on_loop
from logcore import AsyncConsumer, AsyncProducer


class Driver:
    """Ours, on a loop."""

    def __init__(self, bootstrap: str) -> None:
        self.where = {"bootstrap.servers": bootstrap}

    def _consumer(self, topic: str) -> Any:
        fetch = {"auto.offset.reset": "earliest", "max.partition.fetch.bytes": FETCH_BYTES}
        consumer = AsyncConsumer(config={**self.where, **fetch})
        consumer.assign([(topic, 0)])
        return consumer

    def send(self, topic: str, value: bytes, count: int) -> None:
        async def run() -> None:
            async with AsyncProducer(self.where) as producer:
                for _ in range(count // BATCH):
                    for _ in range(BATCH - 1):
                        producer.send(topic, value)
                    await producer.send(topic, value)  # it does not wait for room otherwise

        uvloop.run(run())

    def send_bulk(self, topic: str, value: bytes, count: int) -> None:
        async def run() -> None:
            values = [value] * BATCH
            async with AsyncProducer(self.where) as producer:
                for _ in range(count // BATCH):
                    await producer.send_many(topic, values)

        uvloop.run(run())

    def read(self, topic: str, count: int) -> int:
        async def run() -> int:
            size = 0
            counter = itertools.count(1)
            async with self._consumer(topic) as consumer:
                async for record in consumer:
                    size += len(record.value)
                    if next(counter) == count:
                        break
            return size

        return uvloop.run(run())

    def read_batches(self, topic: str, count: int) -> int:
        async def run() -> int:
            size = seen = 0
            async with self._consumer(topic) as consumer:
                async for batch in consumer.batches(max_records=BATCH):
                    size += sum(len(record.value) for record in batch)
                    seen += len(batch)
                    if seen >= count:
                        break
            return size

        return uvloop.run(run())

    def latencies(self, topic: str, rate: int, count: int) -> list[int]:
        async def run() -> list[int]:
            async with (
                AsyncProducer({**self.where, "linger.ms": 0}) as producer,
                self._consumer(topic) as consumer,
            ):
                consumer.seek_to_end((topic, 0))
                await consumer.position((topic, 0))

                async def send(value: bytes) -> None:
                    producer.send(topic, value)

                return await latencies_on_loop(consumer, rate, count, send)

        return uvloop.run(run())
