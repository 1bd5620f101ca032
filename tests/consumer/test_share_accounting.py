"""Members that come, go, and say anything of their records: the accounts agree with a model.

The model of a record is the list of its deliveries. What must hold of each, whoever did what when:
the count of deliveries grows from one to the next; after a last word (accepted, rejected) there is
no other delivery; and in the end each record has had its last word, or as many deliveries as the
group allows.
"""

import random
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from logcore.client.positions import TopicPartition
from logcore.consumer.acknowledgements import AcknowledgeType
from tests.consumer.filling import add
from tests.consumer.sharing import explicit, is_settled, share_group

ACCEPT, RELEASE, REJECT, RENEW = AcknowledgeType
LAST_WORDS = {ACCEPT, REJECT}
COUNT = 400
PARTITIONS = 2
LIMIT = 4
PATIENCE_S = 60


class Delivery(NamedTuple):
    """A delivery: its number, and what the broker keeps of what was said, None for nothing."""

    number: int
    what: AcknowledgeType | None


class Model:
    """What happened to each record."""

    def __init__(self):
        self._lock = threading.Lock()
        self.deliveries = defaultdict(list)

    def note(self, record, what):
        with self._lock:
            self.deliveries[int(record.value)].append(Delivery(record.delivery_count, what))

    def check(self):
        assert sorted(self.deliveries) == list(range(COUNT)), "every record was delivered"
        for number, noted in self.deliveries.items():
            deliveries = sorted(noted, key=lambda each: each.number)
            counts = [each.number for each in deliveries]
            told = f"record {number}: {deliveries}"
            assert len(counts) == len(set(counts)), told
            assert all(each.what not in LAST_WORDS for each in deliveries[:-1]), told
            last = deliveries[-1]
            assert last.what in LAST_WORDS or last.number <= LIMIT, told


def work(cluster, topic, group, model, chance, is_over):
    """Be a member again and again, and leave in one way or another."""
    while not is_over.is_set():
        settings = {
            "max_poll_records": chance.choice([1, 7, 50, 500]),
            "share_acquire_mode": chance.choice(["batch_optimized", "record_limit"]),
        }
        consumer = explicit(cluster, group, topic, **settings)
        try:
            for _ in range(chance.randint(1, 12)):
                share(consumer, topic, model, chance)
                if is_over.is_set():
                    break
            if chance.random() < 0.3:  # as a program that crashes
                consumer.runner.call(consumer.core.abandon)
        finally:
            consumer.close()


def share(consumer, topic, model, chance):
    """Poll, and say something of each record, until nothing is renewed any more."""
    records = consumer.poll(0.3)
    while records:
        said = {}
        for record in records:
            said[record] = chance.choices([ACCEPT, RELEASE, REJECT, RENEW], [60, 25, 10, 5])[0]
            consumer.acknowledge(record, said[record])
        results = consumer.commit()
        for record, what in said.items():
            error = results[TopicPartition(topic, record.partition)]
            if error is not None or what is not RENEW:
                model.note(record, None if error is not None else what)
        records = consumer.poll(0.3) if RENEW in said.values() else []
        if RENEW in said.values() and not records:
            raise AssertionError("what was renewed comes again")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_accounts_agree(cluster, seed):
    chance = random.Random(seed)
    topic = cluster.topic(PARTITIONS, retention_ms="-1")
    add(cluster, topic, PARTITIONS, COUNT, batch_size=chance.choice([300, 2000, 16384]))
    group = share_group(
        cluster.bootstrap,
        share_delivery_count_limit=str(LIMIT),
        share_record_lock_duration_ms="15000",
    )
    model, is_over = Model(), threading.Event()
    with ThreadPoolExecutor(3) as pool:
        told = (cluster, topic, group, model)
        members = [
            pool.submit(work, *told, random.Random(f"{seed}-{number}"), is_over)
            for number in range(3)
        ]
        # Of who crashed amid a fetch, Apache Kafka takes records back when their locks end.
        deadline = time.monotonic() + PATIENCE_S
        while not is_settled(cluster.bootstrap, group, topic, PARTITIONS):
            if time.monotonic() > deadline or any(each.done() for each in members):
                break
            time.sleep(0.05)
        is_over.set()
        for each in members:
            each.result()
    assert is_settled(cluster.bootstrap, group, topic, PARTITIONS)
    model.check()
