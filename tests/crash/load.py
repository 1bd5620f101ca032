"""Clients that go on through the deaths of a broker, and note whatever it acknowledged.

Records by producers of kafka-python, one idempotent with acks=all that retries, one with acks=1
that does not; offsets of a group; topics with settings.
Invariant: what is noted here was acknowledged by the broker, and noted only then.
It runs in a process of its own: kafka-python leaves sockets open that could not be connected.
Neighbours: `broker_process` is the broker; `kill_broker` compares what is noted with what is
there.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from logcore.protocol.messages.create_topics import (
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
)
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from tests.broker.wire import Wire
from tests.crash.commits import GROUP, commit, committed_offset

PARTITIONS = 3
UNSENT_MAX = 400
PAUSE_S = 0.005
PATIENCE_S = 60
IDEMPOTENT, HASTY = "idempotent", "hasty"
PRODUCERS: dict[str, dict[str, Any]] = {
    IDEMPOTENT: {"acks": "all", "enable_idempotence": True, "retries": 1_000_000},
    HASTY: {"acks": 1, "enable_idempotence": False, "retries": 0},
}


class Load:
    """What runs against a broker, and what it has been told."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.stopping = threading.Event()
        self.acknowledged: dict[tuple[str, int], dict[int, bytes]] = defaultdict(dict)
        self.sent: dict[str, int] = dict.fromkeys(PRODUCERS, 0)
        self.committed = 0
        self.topics: dict[str, int] = {}
        self.failures: list[BaseException] = []
        works = [*(self._producing(name) for name in PRODUCERS), self._commit, self._create]
        self.threads = [threading.Thread(target=self._run, args=(work,)) for work in works]

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self.failures.append(error)
            raise

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """End the clients; the broker must be there, for what they still wait for."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "a client hangs"
        assert not self.failures, self.failures

    def wait_for_progress(self) -> None:
        """Wait until each client has been told something new."""
        before = self._progress()
        deadline = time.monotonic() + PATIENCE_S
        while any(now <= then for now, then in zip(self._progress(), before, strict=True)):
            assert not self.failures, self.failures
            assert time.monotonic() < deadline, f"no progress: {before} and {self._progress()}"
            time.sleep(0.01)

    def _progress(self) -> list[int]:
        counts = [
            sum(
                len(offsets)
                for (topic, _), offsets in list(self.acknowledged.items())
                if topic == name
            )
            for name in PRODUCERS
        ]
        return [*counts, self.committed, len(self.topics)]

    # ------------------------------------------------------------ records

    def _producing(self, name: str) -> Callable[[], None]:
        return lambda: self._produce(name)

    def _produce(self, name: str) -> None:
        producer = KafkaProducer(
            bootstrap_servers=[f"127.0.0.1:{self.port}"],
            linger_ms=2,
            retry_backoff_ms=20,
            reconnect_backoff_ms=20,
            reconnect_backoff_max_ms=100,
            max_block_ms=PATIENCE_S * 1000,
            **PRODUCERS[name],
        )
        unsent = threading.Semaphore(UNSENT_MAX)
        while not self.stopping.is_set():
            number = self.sent[name]
            partition = number % PARTITIONS
            value = b"%s %d" % (name.encode(), number)
            self.sent[name] = number + 1
            unsent.acquire()
            future = producer.send(name, value, partition=partition)
            future.add_both(lambda *_: unsent.release())
            future.add_callback(self._note, (name, partition), value)
            if number % 20 == 0:
                time.sleep(PAUSE_S)
        producer.close(timeout=PATIENCE_S)

    def _note(self, key: tuple[str, int], value: bytes, metadata: Any) -> None:
        offsets = self.acknowledged[key]
        if offsets.setdefault(metadata.offset, value) != value:
            self.failures.append(AssertionError(f"{key} {metadata.offset} was given out twice"))

    # ------------------------------------------------------------ offsets and topics

    def _each_turn(self, turn: Callable[[Wire, int], None], begin: Callable[[Wire], None]) -> None:
        wire: Wire | None = None
        number = 0
        while not self.stopping.is_set():
            number += 1
            try:
                if wire is None:
                    wire = Wire(self.port)
                    begin(wire)
                turn(wire, number)
            except OSError:
                if wire is not None:
                    wire.close()
                wire = None
            time.sleep(PAUSE_S)
        if wire is not None:
            wire.close()

    def _commit(self) -> None:
        self._each_turn(self._commit_one, self._check_committed)

    def _check_committed(self, wire: Wire) -> None:
        """See that the offset has not gone back, before another one is committed."""
        offset = committed_offset(wire, IDEMPOTENT) if self.committed else 0
        assert offset >= self.committed, f"offset {self.committed} was committed, and is {offset}"

    def _commit_one(self, wire: Wire, number: int) -> None:
        if not self.committed:  # whoever asks for the coordinator has its topic made
            wire.ask(FindCoordinatorRequest(key=GROUP), 1)
        if commit(wire, IDEMPOTENT, number):
            self.committed = number

    def _create(self) -> None:
        self._each_turn(self._create_one, lambda _: None)

    def _create_one(self, wire: Wire, number: int) -> None:
        name, config = (
            f"made-{number}",
            CreatableTopicConfig(name="retention.ms", value=str(number)),
        )
        topic = CreatableTopic(
            name=name, num_partitions=1 + number % 3, replication_factor=1, configs=[config]
        )
        answer = wire.ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 5)
        if not answer.topics[0].error_code:
            self.topics[name] = number
        time.sleep(10 * PAUSE_S)


def records(port: int, topic: str, partition: int) -> dict[int, bytes]:
    """All records of a partition by offset, read by kafka-python."""
    at = TopicPartition(topic, partition)
    consumer = KafkaConsumer(
        bootstrap_servers=[f"127.0.0.1:{port}"], enable_auto_commit=False, fetch_max_wait_ms=50
    )
    try:
        consumer.assign([at])
        end = consumer.end_offsets([at])[at]
        consumer.seek(at, 0)
        found: dict[int, bytes] = {}
        while consumer.position(at) < end:
            for batch in consumer.poll(timeout_ms=1000).values():
                found |= {record.offset: bytes(record.value) for record in batch}
        return found
    finally:
        consumer.close()
