"""One directory, compacted by Apache Kafka and by us: the same batches are left.

Invariant: offsets, sequences, producers, records and delete horizons of every batch are the same,
as Kafka's dump tool tells; how many segments they are in is each one's own choice.
Neighbours: `test_takeover` for starting on Kafka's directory; `rust/tests/cleaner_transactions.rs`
for the rules by themselves.
"""

import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.peers import kafka

confluent_kafka = pytest.importorskip("confluent_kafka")

from confluent_kafka import Producer  # noqa: E402 - needs librdkafka
from confluent_kafka.admin import AdminClient, NewTopic  # noqa: E402

from tests.interop.kafka_data import base  # noqa: E402
from tests.interop.test_takeover import kafka_again, moved, ours  # noqa: E402

pytestmark = [
    pytest.mark.long,
    pytest.mark.peer,
    pytest.mark.usefixtures("kafka_tools"),
    pytest.mark.timeout(300),
]

TOPIC = "ledger"
CLEANING = {"log.cleaner.backoff.ms": "100", "log.cleaner.enable": "true"}
COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "300",
    "min.cleanable.dirty.ratio": "0.01",
    "file.delete.delay.ms": "100",
    "delete.retention.ms": "1000",
}
WAIT_S = 60


def fill(bootstrap: str) -> None:
    """Write transactions of three producers and plain records over several segments."""
    admin = AdminClient(base(bootstrap))
    admin.create_topics([NewTopic(TOPIC, 1, 1, config=COMPACTED)])[TOPIC].result()
    producers = [Producer(base(bootstrap, transactional_id=f"id-{at}")) for at in range(3)]
    for producer in producers:
        producer.init_transactions()
    plain = Producer(base(bootstrap, enable_idempotence=True, compression_type="zstd"))
    for turn in range(24):
        producer = producers[turn % 3]
        producer.begin_transaction()
        for number in range(12):
            value = None if (turn + number) % 11 == 0 else f"{turn}-{number}"
            producer.produce(TOPIC, value, f"k{(turn * 5 + number) % 17}", partition=0)
            if number % 5 == 4:
                producer.flush()
        plain.produce(TOPIC, f"plain-{turn}", f"p{turn % 3}", partition=0)
        plain.flush()
        if turn % 4 == 1:
            producer.abort_transaction()
        else:
            producer.commit_transaction()
        time.sleep(0.1)
    producers[0].begin_transaction()  # stays open: nothing is cleaned from here on
    producers[0].produce(TOPIC, "open", "k1", partition=0)
    producers[0].flush()
    for turn in range(5):
        plain.produce(TOPIC, f"last-{turn}", "p1", partition=0)
        plain.flush()
        time.sleep(0.35)


def go_on(bootstrap: str) -> None:
    """Abort what is open, and write until horizons have passed and everything is sealed."""
    Producer(base(bootstrap, transactional_id="id-0")).init_transactions()
    plain = Producer(base(bootstrap))
    for turn in range(6):
        plain.produce(TOPIC, f"later-{turn}", f"k{turn % 2}", partition=0)
        plain.flush()
        time.sleep(0.4)


Batch = tuple[Any, ...]
_FIELDS = (
    r"baseOffset: (\d+) lastOffset: (\d+) count: (\d+) baseSequence: (-?\d+) lastSequence: (-?\d+) "
    r"producerId: (-?\d+) producerEpoch: (-?\d+) partitionLeaderEpoch: -?\d+ "
    r"isTransactional: (\w+) isControl: (\w+) deleteHorizonMs: (\S+) "
)


def batches(directory: Path) -> list[Batch]:
    """Return every batch of the log with its records, as Kafka's tool prints them."""
    logs = sorted(path for path in directory.glob("*.log") if path.stat().st_size)
    report = kafka.dump_log(*logs, options=("--deep-iteration", "--print-data-log"))
    assert "could not be" not in report
    found: list[Batch] = []
    for line in report.splitlines():
        header = re.match(_FIELDS, line)
        if header is not None:
            *facts, horizon = header.groups()
            has_horizon = "empty" not in horizon
            found.append((*facts, has_horizon, []))
        elif line.startswith("| offset: "):
            record = re.match(r"\| offset: (\d+) .*?(?:key: (\S+))?(?: payload: (\S*))?$", line)
            assert record is not None, line
            found[-1][-1].append(record.groups())
    return found


def wait_until_quiet(directory: Path) -> None:
    """Wait until compaction has changed nothing for a while."""
    deadline, before, since = time.monotonic() + WAIT_S, -1, time.monotonic()
    while time.monotonic() - since < 3:
        size = sum(path.stat().st_size for path in directory.glob("*.log") if path.exists())
        if size != before:
            before, since = size, time.monotonic()
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_is_left_is_what_kafka_leaves(tmp_path):
    (tmp_path / "filled").mkdir()
    with kafka.running_kafka(tmp_path / "filled", None, {"log.cleaner.enable": "false"}) as broker:
        fill(broker.bootstrap)
    filled = batches(tmp_path / "filled" / "data" / f"{TOPIC}-0")
    theirs = moved(tmp_path / "filled", tmp_path / "theirs")
    here = moved(tmp_path / "filled", tmp_path / "here")
    for is_later in (False, True):
        with kafka_again(theirs, CLEANING) as broker:
            if is_later:
                go_on(broker.bootstrap)
            wait_until_quiet(theirs / "data" / f"{TOPIC}-0")
        with ours(here, CLEANING) as ours_now:
            if is_later:
                go_on(ours_now.bootstrap)
            wait_until_quiet(here / "data" / f"{TOPIC}-0")
        wanted = batches(theirs / "data" / f"{TOPIC}-0")
        found = batches(here / "data" / f"{TOPIC}-0")
        assert len(wanted) < len(filled) / 2
        assert found == wanted
        assert is_later <= (sum(batch[8] == "true" for batch in found) < 10), "markers went, too"
