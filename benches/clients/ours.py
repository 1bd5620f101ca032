"""Our `Producer` and `Consumer`."""

import itertools
import threading
from typing import Any

import numpy as np

from benches.clients.load import BATCH, FETCH_BYTES, paced, since
from logcore import Consumer, Producer


class Driver:
    """Ours."""

    def __init__(self, bootstrap: str) -> None:
        self.where = {"bootstrap.servers": bootstrap}

    def _producer(self, linger_ms: int = 5) -> Any:
        return Producer({**self.where, "linger.ms": linger_ms})

    def _consumer(self, topic: str, **settings: Any) -> Any:
        fetch = {"auto.offset.reset": "earliest", "max.partition.fetch.bytes": FETCH_BYTES}
        consumer = Consumer(config={**self.where, **fetch}, **settings)
        consumer.assign([(topic, 0)])
        return consumer

    def send(self, topic: str, value: bytes, count: int) -> None:
        with self._producer() as producer:
            send = producer.send
            for _ in range(count):
                send(topic, value)

    def send_bulk(self, topic: str, value: bytes, count: int) -> None:
        values = [value] * BATCH
        with self._producer() as producer:
            for _ in range(count // BATCH):
                producer.send_many(topic, values)

    def send_columns(self, topic: str, value: bytes, count: int) -> None:
        buffer = np.frombuffer(value * BATCH, np.uint8)
        lengths = np.full(BATCH, len(value), np.uint32)
        with self._producer() as producer:
            for _ in range(count // BATCH):
                producer.send_columns(topic, buffer, lengths)

    def read(self, topic: str, count: int) -> int:
        with self._consumer(topic) as consumer:
            return sum(len(record.value) for record in itertools.islice(consumer, count))

    def read_batches(self, topic: str, count: int) -> int:
        size = seen = 0
        with self._consumer(topic) as consumer:
            for batch in consumer.batches(max_records=BATCH):
                size += sum(len(record.value) for record in batch)
                seen += len(batch)
                if seen >= count:
                    return size
        raise AssertionError("batches end only when they are told to")

    def read_columns(self, topic: str, count: int) -> int:
        size = seen = 0
        with self._consumer(topic) as consumer:
            while seen < count:
                batch = consumer.poll_columns()
                if batch is not None:
                    lengths = batch.columns.value_lengths
                    size += int(lengths.sum())
                    seen += len(lengths)
        return size

    def latencies(self, topic: str, rate: int, count: int) -> list[int]:
        with self._producer(0) as producer, self._consumer(topic) as consumer:
            consumer.seek_to_end((topic, 0))
            consumer.position((topic, 0))
            sender = threading.Thread(
                target=paced, args=(rate, count, lambda value: producer.send(topic, value))
            )
            sender.start()
            found = since((record.value for record in consumer), count)
            sender.join()
        return found
