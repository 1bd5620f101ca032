"""confluent-kafka, on librdkafka."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from benches.clients.load import BATCH, FETCH_BYTES, paced, since


class Driver:
    """confluent-kafka, on librdkafka."""

    def __init__(self, bootstrap: str) -> None:
        self.where = {"bootstrap.servers": bootstrap}

    def _producer(self, linger_ms: int = 5) -> Any:
        settings = {"linger.ms": linger_ms, "enable.idempotence": True, "acks": "all"}
        return Producer({**self.where, **settings, "queue.buffering.max.messages": 1_000_000})

    @contextmanager
    def _consumer(self, topic: str, offset: int) -> Iterator[Any]:
        # By default it waits a second when it has fetched enough, which would be all that is timed.
        settings = {"enable.auto.commit": False, "fetch.queue.backoff.ms": 10}
        fetch = {"max.partition.fetch.bytes": FETCH_BYTES}
        consumer = Consumer({**self.where, "group.id": "bench", **settings, **fetch})
        consumer.assign([TopicPartition(topic, 0, offset)])
        try:
            yield consumer
        finally:
            consumer.close()

    def send(self, topic: str, value: bytes, count: int) -> None:
        producer = self._producer()
        produce = producer.produce
        for _ in range(count):
            try:
                produce(topic, value)
            except BufferError:
                while len(producer) > 500_000:
                    producer.poll(0.01)
                produce(topic, value)
        producer.flush()

    def read(self, topic: str, count: int) -> int:
        size = seen = 0
        with self._consumer(topic, 0) as consumer:
            poll = consumer.poll
            while seen < count:
                message = poll(1.0)
                if message is not None:
                    size += len(message.value())
                    seen += 1
        return size

    def read_batches(self, topic: str, count: int) -> int:
        size = seen = 0
        with self._consumer(topic, 0) as consumer:
            while seen < count:
                batch = consumer.consume(BATCH, 0.1)
                size += sum(len(message.value()) for message in batch)
                seen += len(batch)
        return size

    def latencies(self, topic: str, rate: int, count: int) -> list[int]:
        producer = self._producer(0)

        def send(value: bytes) -> None:
            producer.produce(topic, value)
            producer.poll(0)

        def values(consumer: Any) -> Iterator[bytes]:
            while True:
                message = consumer.poll(1.0)
                if message is not None:
                    yield message.value()

        with self._consumer(topic, -1) as consumer:
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0))
            consumer.assign([TopicPartition(topic, 0, end)])
            sender = threading.Thread(target=paced, args=(rate, count, send))
            sender.start()
            found = since(values(consumer), count)
            sender.join()
        producer.flush()
        return found
