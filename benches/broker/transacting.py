"""Transactions of a hundred records with a reader of committed records, by librdkafka.

A producer begins, sends a hundred records, commits, and begins again, for a while; a consumer in a
process of its own reads only what is committed. Figures: transactions a second, and how long it
takes from sending the last record of one until it is read.
By itself, without the other cases: `python -m benches.broker.transacting [ROUNDS [SECONDS]]`.
Neighbours: `contestants` starts the brokers.
"""

import multiprocessing
import sys
from statistics import median
from time import perf_counter, time_ns
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from benches.broker.contestants import KAFKA, OURS, Turn, turn
from benches.broker.raw import first_acknowledged

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

TOPIC: Final = "transacted"
RECORDS: Final = 100
SIZE: Final = 100
PATIENCE_S: Final = 30


def read(bootstrap: str, until: Any, latencies: "Queue[list[float]]") -> None:
    """Read committed records until told not to; tell how late the last of each transaction came."""
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "readers",
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
        }
    )
    consumer.subscribe([TOPIC])
    found = []
    while not until.is_set():
        for message in consumer.consume(RECORDS, timeout=0.1):
            value = message.value() if not message.error() else b""
            if value[:20].isdigit() and (sent_ns := int(value[:20])):
                found.append((time_ns() - sent_ns) / 1e6)
    consumer.close()
    latencies.put(found)


def transacted(running: Turn, seconds: float) -> tuple[float, float]:
    """Return transactions a second, and the median milliseconds until their last record is read."""
    first_acknowledged(running.bootstrap, TOPIC)
    context = multiprocessing.get_context("spawn")
    until, latencies = context.Event(), context.Queue()
    reader = context.Process(target=read, args=(running.bootstrap, until, latencies))
    reader.start()
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": running.bootstrap, "transactional.id": "bench", "linger.ms": 0}
    )
    producer.init_transactions(PATIENCE_S)
    count, start, end = 0, 0.0, perf_counter() + seconds * 1.25
    while (now := perf_counter()) < end:
        if now >= end - seconds and not start:
            count, start = 0, now
        producer.begin_transaction()
        for _ in range(RECORDS - 1):
            producer.produce(TOPIC, b"0" * SIZE, partition=0)
        producer.produce(TOPIC, b"%020d" % time_ns() + b"0" * (SIZE - 20), partition=0)
        producer.commit_transaction(PATIENCE_S)
        count += 1
    rate = count / (perf_counter() - start)
    until.set()
    found = latencies.get(timeout=PATIENCE_S)
    reader.join(PATIENCE_S)
    return rate, median(found[len(found) // 5 :])


def main(rounds: int = 3, seconds: int = 5) -> None:
    """Let both take turns, and print their medians."""
    found: dict[str, list[tuple[float, float]]] = {OURS: [], KAFKA: []}
    for number in range(rounds):
        for name, turns in found.items():
            with turn(name) as running:
                turns.append(transacted(running, seconds))
            rate, latency_ms = turns[-1]
            print(f"{number + 1} {name:20} {rate:10,.1f} transactions/s {latency_ms:8.1f} ms")
    ours, kafkas = (
        [median(each[at] for each in found[name]) for at in range(2)] for name in (OURS, KAFKA)
    )
    print(f"{OURS} to {KAFKA}: {ours[0] / kafkas[0]:.2f}x, latency {ours[1] / kafkas[1]:.2f}x")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
