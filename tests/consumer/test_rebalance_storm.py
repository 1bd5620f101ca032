"""Members come and go while records are written and brokers fail: every record is read.

Each run prints its seed; set TEST_SEED to replay it.
"""

import random
import threading
from collections import Counter
from typing import Any

import pytest

from logcore.common.clock import SystemClock
from logcore.common.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
)
from logcore.consumer.consumer import Consumer
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker
from tests.seeds import seed

PARTITIONS, STORM_S, CALM_S = 6, 2.5, 60.0
APIS = [
    "OffsetCommit", "JoinGroup", "SyncGroup", "Heartbeat", "ConsumerGroupHeartbeat", "Fetch",
    "OffsetFetch", "LeaveGroup", "FindCoordinator", "Metadata", "ListOffsets",
]  # fmt: skip
PASSING = [CoordinatorLoadInProgressError, NotCoordinatorError, CoordinatorNotAvailableError]
PROTOCOLS: dict[str, dict[str, Any]] = {
    "consumer": {"group_protocol": "consumer"},
    "range": {"partition_assignment_strategy": "range", "session_timeout_ms": 1500},
    "cooperative": {
        "partition_assignment_strategy": "cooperative-sticky", "session_timeout_ms": 1500,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def broker():
    settings: dict[str, Any] = {
        "group_consumer_heartbeat_interval_ms": 50, "group_consumer_min_heartbeat_interval_ms": 50,
        "group_consumer_session_timeout_ms": 1500, "group_consumer_min_session_timeout_ms": 1000,
        "group_initial_rebalance_delay_ms": 0, "group_min_session_timeout_ms": 100,
    }  # fmt: skip
    with LocalBroker(**settings) as running:
        yield running


def strike(broker: LocalBroker, chance: random.Random) -> None:
    api, kind = chance.choice(APIS), chance.randrange(3)
    if kind == 0:
        broker.faults.drop(api, is_served=chance.random() < 0.5, times=chance.randint(1, 2))
    elif kind == 1 or api in ("Fetch", "Metadata", "ListOffsets"):
        broker.faults.delay(api, chance.randint(1, 60))
    else:
        broker.faults.fail(api, chance.choice(PASSING))


class Writing:
    """A thread that writes until it is told to stop; how many records it wrote."""

    def __init__(self, broker: LocalBroker, topic: str):
        self.count = 0
        self._stop = threading.Event()
        self._producer = Producer(bootstrap_servers=broker.bootstrap_servers, linger_ms=1)
        self._thread = threading.Thread(target=self._write, args=(topic,))
        self._thread.start()

    def _write(self, topic: str) -> None:
        while not self._stop.wait(0.01):
            for _ in range(50):
                self._producer.send(topic, b"x", partition=self.count % PARTITIONS)
                self.count += 1

    def end(self) -> None:
        self._stop.set()
        self._thread.join()
        self._producer.close()


class Members:
    """The members of a group, read from by turns, and what they saw."""

    def __init__(self, broker: LocalBroker, topic: str, **settings: Any):
        self._topic = topic
        self._told: dict[str, Any] = {
            "bootstrap_servers": broker.bootstrap_servers, "group_id": topic,
            "auto_offset_reset": "earliest", "heartbeat_interval_ms": 50, "retry_backoff_ms": 5,
            **settings,
        }  # fmt: skip
        self._consumers = [self._make()]
        self.seen: Counter[tuple[int, int]] = Counter()

    def _make(self) -> Consumer:
        return Consumer(self._topic, **self._told)

    def come_or_go(self, chance: random.Random) -> None:
        if chance.random() < 0.6 and len(self._consumers) < 4:
            self._consumers.append(self._make())
        elif len(self._consumers) > 1:
            self._consumers.pop(chance.randrange(len(self._consumers))).close()

    def read(self, count: int) -> None:
        for consumer in self._consumers:
            records = consumer.poll(0.01, count)
            self.seen.update((record.partition, record.offset) for record in records)

    def close(self) -> None:
        for consumer in self._consumers:
            consumer.close()


@pytest.mark.long
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_whoever_comes_and_goes_every_record_is_read(broker, protocol):
    chance, now_ms = random.Random(seed()), SystemClock().monotonic_ms
    topic, struck = broker.create_topic(partitions=PARTITIONS), broker.faults.struck_count
    members, writing = Members(broker, topic, **PROTOCOLS[protocol]), Writing(broker, topic)
    until_ms = now_ms() + STORM_S * 1000
    while now_ms() < until_ms:
        if chance.random() < 0.15:
            strike(broker, chance)
        if chance.random() < 0.05:
            members.come_or_go(chance)
        members.read(chance.choice([1, 20, 500]))
    assert broker.faults.struck_count - struck > 3
    broker.faults.clear()
    writing.end()
    until_ms = now_ms() + CALM_S * 1000
    while len(members.seen) < writing.count:
        assert now_ms() < until_ms, f"{writing.count - len(members.seen)} were not read"
        members.read(500)
    members.close()
    assert len(members.seen) == writing.count
