"""A compacted topic under transactions, with readers, while its broker is killed and stopped.

Invariant: what was committed last of a key is what is left of it, nothing aborted is ever seen, and
no producer is told that its sequence is out of order, however much was compacted.
"""

import time
from pathlib import Path

import pytest

confluent_kafka = pytest.importorskip("confluent_kafka")

from confluent_kafka.admin import AdminClient, NewTopic  # noqa: E402 - needs librdkafka

from tests.crash import compacting  # noqa: E402
from tests.crash.broker_process import BrokerProcess  # noqa: E402
from tests.crash.compacting import TOPIC, Counter, Reader, Writer, read_through  # noqa: E402

SETTINGS = {
    "offsets_topic_num_partitions": "1",
    "transaction_state_log_num_partitions": "3",
    "log_cleaner_backoff_ms": "50",
    "log_initial_task_delay_ms": "50",
    "log_retention_check_interval_ms": "100",
}
COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "100",
    "file.delete.delay.ms": "100",
}
WAIT_S = 30


def create(bootstrap: str) -> None:
    admin = AdminClient(compacting.settings(bootstrap))
    admin.create_topics([NewTopic(TOPIC, 1, 1, config=COMPACTED)])[TOPIC].result()


def roll(writer: Writer) -> None:
    """Write until the segments before are sealed."""
    for _ in range(3):
        time.sleep(0.15)
        writer.turn()


def wait_until_compacted(bootstrap: str, writer: Writer, at_most: int) -> int:
    """Wait until few records are left; return how many."""
    deadline = time.monotonic() + WAIT_S
    while True:
        roll(writer)
        count = read_through(bootstrap, "read_uncommitted").count
        if count <= at_most:
            return count
        assert time.monotonic() < deadline, f"{count} records are left"


def alive(writers: list[Writer], counter: Counter) -> dict[bytes, bytes]:
    kept = {Counter.KEY: b"%d" % counter.count}
    for writer in writers:
        kept |= {key: value for key, value in writer.kept.items() if value is not None}
    return kept


def test_the_newest_committed_value_of_each_key_is_left(tmp_path: Path):
    with BrokerProcess(tmp_path, **SETTINGS) as broker:
        create(broker.bootstrap)
        writers = [Writer(broker.bootstrap, number) for number in range(3)]
        counter, reader = Counter(broker.bootstrap), Reader(broker.bootstrap)
        workers = [*writers, counter, reader]
        for worker in workers:
            worker.thread.start()
        for ends in (broker.kill, broker.stop, broker.kill):
            time.sleep(1.5)
            ends()
            broker.start()
        time.sleep(1)
        for worker in workers:
            worker.join()
        assert counter.failed == []
        assert min(writer.transactions for writer in writers) > 10
        assert reader.passes > 2
        assert read_through(broker.bootstrap).alive == alive(writers, counter)
        written = counter.count + sum(writer.count for writer in writers)
        left = wait_until_compacted(broker.bootstrap, writers[0], 200)
        assert left * 3 < written, f"{left} records of {written} are left"
        for ends in (broker.stop, broker.kill):
            assert read_through(broker.bootstrap).alive == alive(writers, counter)
            ends()
            broker.start()
            for worker in (*writers, counter):
                worker.turn()
        assert counter.failed == []
        assert read_through(broker.bootstrap).alive == alive(writers, counter)


def test_nothing_is_compacted_past_an_open_transaction(tmp_path: Path):
    with BrokerProcess(tmp_path, **SETTINGS) as broker:
        create(broker.bootstrap)
        held = Writer(broker.bootstrap, 9)
        held.producer.begin_transaction()
        held.producer.produce(TOPIC, b"1", b"held", partition=0)
        held.producer.flush(WAIT_S)
        counter = Counter(broker.bootstrap)
        for _ in range(40):
            counter.turn()
            time.sleep(0.02)
        time.sleep(0.5)
        assert read_through(broker.bootstrap).count == 0
        assert read_through(broker.bootstrap, "read_uncommitted").count == 41
        held.producer.commit_transaction(WAIT_S)
        deadline = time.monotonic() + WAIT_S
        while read_through(broker.bootstrap, "read_uncommitted").count > 10:
            assert time.monotonic() < deadline, "it is not compacted"
            counter.turn()
            time.sleep(0.15)
        assert read_through(broker.bootstrap).alive == {
            b"held": b"1", Counter.KEY: b"%d" % counter.count,
        }  # fmt: skip
