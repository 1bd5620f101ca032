"""Producers with transactions and readers of committed records, on a topic that is compacted.

Each writer has keys of its own and counts up; what it commits it notes, what it aborts says so in
its value. So a reader knows by itself what it must never see, and a test knows what must be left.
Neighbours: `test_broker_compaction` runs them while the broker compacts, is killed and stopped.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

TOPIC: Final = "balances"
KEYS: Final = 12
ABORTED: Final = b"aborted"
_WAIT_S: Final = 60


def settings(bootstrap: str, **more: object) -> dict[str, Any]:
    """Return settings of a client that says nothing about a broker that comes and goes."""
    return {"bootstrap.servers": bootstrap, "log_level": 0} | {
        name.replace("_", "."): value for name, value in more.items()
    }


class Worker:
    """A thread that works in turns until it is told to stop; what fails is raised at the end."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name=type(self).__name__)

    def turn(self) -> None:
        """Do a piece of the work."""
        raise NotImplementedError

    def _run(self) -> None:
        try:
            while not self.is_over.is_set():
                self.turn()
        except BaseException as error:  # noqa: BLE001 - raised where the test joins
            self.failure = error

    def join(self) -> None:
        self.is_over.set()
        self.thread.join(_WAIT_S)
        assert not self.thread.is_alive(), f"{self.thread.name} does not end"
        if self.failure is not None:
            raise self.failure


class Writer(Worker):
    """One transactional id: transactions of a few records, committed and aborted by turns."""

    def __init__(self, bootstrap: str, number: int) -> None:
        super().__init__()
        self.number = number
        self.random = random.Random(number)
        self.kept: dict[bytes, bytes | None] = {}
        self.count = self.transactions = 0
        self.producer = Producer(
            settings(
                bootstrap,
                transactional_id=f"writer-{number}",
                transaction_timeout_ms=60_000,
                linger_ms=1,
            )
        )
        self.producer.init_transactions(_WAIT_S)

    def turn(self) -> None:
        commits = self.random.random() < 0.6
        self.producer.begin_transaction()
        written: dict[bytes, bytes | None] = {}
        for _ in range(self.random.randint(1, 12)):
            self.count += 1
            key = b"%d-%d" % (self.number, self.random.randrange(KEYS))
            value: bytes | None = b"%d" % self.count if commits else ABORTED
            if self.random.random() < 0.1:
                value = None
            written[key] = value
            self.producer.produce(TOPIC, value, key, partition=0)
            if self.random.random() < 0.1:
                self.producer.flush(_WAIT_S)
        if commits and self._done(self.producer.commit_transaction):
            self.kept |= written
            self.transactions += 1
        elif not commits:
            self._done(self.producer.abort_transaction)

    def _done(self, end: Callable[[float], object]) -> bool:
        """End the transaction, however often the broker goes; whether it ended as was wanted."""
        while True:
            try:
                end(_WAIT_S)
            except KafkaException as failed:
                error: KafkaError = failed.args[0]
                if error.txn_requires_abort():
                    self.producer.abort_transaction(_WAIT_S)
                    return False
                assert error.retriable(), error
            else:
                return True


class Counter(Worker):
    """An idempotent producer without transactions, which counts up on one key."""

    KEY: Final = b"plain"

    def __init__(self, bootstrap: str) -> None:
        super().__init__()
        self.producer = Producer(settings(bootstrap, enable_idempotence=True, linger_ms=1))
        self.count = 0
        self.failed: list[object] = []

    def turn(self) -> None:
        self.count += 1
        self.producer.produce(
            TOPIC, b"%d" % self.count, self.KEY, partition=0, on_delivery=self._delivered
        )
        self.producer.flush(_WAIT_S)

    def _delivered(self, error: object, _message: object) -> None:
        if error is not None:
            self.failed.append(error)


@dataclass
class Pass:
    """What was read in one go from the start to the end.

    Attributes:
        kept: The newest value of each key, None for a tombstone.
        count: Records.
    """

    kept: dict[bytes, bytes | None] = field(default_factory=dict)
    count: int = 0

    def take(self, key: bytes, value: bytes | None) -> None:
        """Take a record into account; values of a key only go up."""
        assert value != ABORTED, f"{key!r} is visible and was aborted"
        before = self.kept.get(key)
        if before is not None and value is not None:
            assert int(value) > int(before), f"{key!r} goes from {before!r} to {value!r}"
        self.kept[key] = value
        self.count += 1

    @property
    def alive(self) -> dict[bytes, bytes]:
        """The keys that have a value."""
        return {key: value for key, value in self.kept.items() if value is not None}


def read_through(bootstrap: str, isolation: str = "read_committed") -> Pass:
    """Read the topic from its start to its end, as it is now."""
    consumer = Consumer(
        settings(
            bootstrap,
            group_id="unused",
            isolation_level=isolation,
            enable_auto_commit=False,
            enable_partition_eof=True,
            auto_offset_reset="error",
            fetch_wait_max_ms=10,
        )
    )
    found = Pass()
    try:
        first, _ = consumer.get_watermark_offsets(TopicPartition(TOPIC, 0), _WAIT_S)
        consumer.assign([TopicPartition(TOPIC, 0, first)])
        while True:
            message = consumer.poll(_WAIT_S)
            assert message is not None, "the end does not come"
            error = message.error()
            if error is None:
                if isolation == "read_committed":
                    found.take(message.key(), message.value())
                else:
                    found.count += 1
            elif error.code() == KafkaError._PARTITION_EOF:
                return found
            else:
                assert error.retriable() or error.code() < 0, error
    finally:
        consumer.close()


class Reader(Worker):
    """Reads the topic through again and again."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__()
        self.bootstrap = bootstrap
        self.passes = 0

    def turn(self) -> None:
        try:
            read_through(self.bootstrap)
        except KafkaException as failed:
            error: KafkaError = failed.args[0]
            if not error.retriable() and error.code() >= 0:  # not the broker's absence
                raise
        else:
            self.passes += 1
