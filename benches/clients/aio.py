"""aiokafka."""

from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benches.clients.load import BATCH, FETCH_BYTES, latencies_on_loop


class Driver:
    """aiokafka."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def _producer(self, linger_ms: int = 5) -> Any:
        return AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            acks="all",
            linger_ms=linger_ms,
            max_batch_size=1_000_000,
            enable_idempotence=True,
        )

    async def _consumer(self, topic: str, *, from_end: bool = False) -> Any:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            enable_auto_commit=False,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        await consumer.start()
        consumer.assign([TopicPartition(topic, 0)])
        await (consumer.seek_to_end if from_end else consumer.seek_to_beginning)()
        return consumer

    def send(self, topic: str, value: bytes, count: int) -> None:
        async def run() -> None:
            producer = self._producer()
            await producer.start()
            for _ in range(count):
                await producer.send(topic, value)
            await producer.flush()
            await producer.stop()

        uvloop.run(run())

    def read(self, topic: str, count: int) -> int:
        async def run() -> int:
            size = seen = 0
            consumer = await self._consumer(topic)
            async for record in consumer:
                size += len(record.value)
                seen += 1
                if seen == count:
                    break
            await consumer.stop()
            return size

        return uvloop.run(run())

    def read_batches(self, topic: str, count: int) -> int:
        async def run() -> int:
            size = seen = 0
            consumer = await self._consumer(topic)
            while seen < count:
                found = await consumer.getmany(timeout_ms=100, max_records=BATCH)
                for batch in found.values():
                    size += sum(len(record.value) for record in batch)
                    seen += len(batch)
            await consumer.stop()
            return size

        return uvloop.run(run())

    def latencies(self, topic: str, rate: int, count: int) -> list[int]:
        async def run() -> list[int]:
            producer = self._producer(0)
            await producer.start()
            consumer = await self._consumer(topic, from_end=True)
            found = await latencies_on_loop(
                consumer, rate, count, lambda value: producer.send(topic, value)
            )
            await consumer.stop()
            await producer.stop()
            return found

        return uvloop.run(run())
