"""kafka-python, in Python alone."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from benches.clients.load import BATCH, FETCH_BYTES, paced, since


class Driver:
    """kafka-python, in Python alone."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def _producer(self, linger_ms: int = 5) -> Any:
        return KafkaProducer(
            bootstrap_servers=self.bootstrap,
            acks="all",
            linger_ms=linger_ms,
            batch_size=1_000_000,
            enable_idempotence=True,
        )

    @contextmanager
    def _consumer(self, topic: str, *, from_end: bool = False) -> Iterator[Any]:
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap,
            enable_auto_commit=False,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        consumer.assign([TopicPartition(topic, 0)])
        (consumer.seek_to_end if from_end else consumer.seek_to_beginning)()
        try:
            yield consumer
        finally:
            consumer.close()

    def send(self, topic: str, value: bytes, count: int) -> None:
        producer = self._producer()
        for _ in range(count):
            producer.send(topic, value)
        producer.flush()
        producer.close()

    def read(self, topic: str, count: int) -> int:
        with self._consumer(topic) as consumer:
            return sum(len(message.value) for message in itertools.islice(consumer, count))

    def read_batches(self, topic: str, count: int) -> int:
        size = seen = 0
        with self._consumer(topic) as consumer:
            while seen < count:
                for batch in consumer.poll(100, max_records=BATCH).values():
                    size += sum(len(message.value) for message in batch)
                    seen += len(batch)
        return size

    def latencies(self, topic: str, rate: int, count: int) -> list[int]:
        producer = self._producer(0)
        with self._consumer(topic, from_end=True) as consumer:
            consumer.position(TopicPartition(topic, 0))  # else it looks for the end too late
            sender = threading.Thread(
                target=paced, args=(rate, count, lambda value: producer.send(topic, value))
            )
            sender.start()
            found = since((message.value for message in consumer), count)
            sender.join()
        producer.close()
        return found
