"""Partition directories that Apache Kafka wrote open here, with the same records.

Invariant: what Kafka's own dump tool counts in a directory is what `logcore.Log` reads from it, and
a directory that a running broker holds is not opened. Neighbours: `test_kafka_files.py` goes the
other way.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from logcore import Log
from logcore.common.errors import LogLockedError
from tests.peers import kafka

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
VALUES = [f"value-{number}-{'x' * (number % 50)}" for number in range(500)]


def produce(broker: kafka.KafkaBroker, topic: str, *options: str) -> None:
    broker.tool("topics", "--create", "--topic", topic, "--partitions", "1")
    lines = "".join(f"key-{at % 7}\t{value}\n" for at, value in enumerate(VALUES))
    parsed = ("--reader-property", "parse.key=true")
    broker.tool("console-producer", "--topic", topic, *parsed, *options, stdin=lines)


def produce_transactions(broker: kafka.KafkaBroker) -> None:
    broker.tool("topics", "--create", "--topic", "transactions", "--partitions", "1")
    kafka.run_tool(
        "producer-perf",
        *("--topic", "transactions", "--num-records", "2000", "--record-size", "100"),
        *("--throughput", "2000", "--transaction-duration-ms", "200"),
        *("--producer-props", f"bootstrap.servers={broker.bootstrap}"),
    )


@pytest.fixture(scope="module")
def kafka_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The log directory of a broker that wrote every case and was stopped."""
    with kafka.running_kafka(tmp_path_factory.mktemp("kafka-wrote")) as broker:
        for codec in CODECS:
            produce(broker, codec, "--compression-codec", codec)
        produce_transactions(broker)
        with pytest.raises(LogLockedError):
            Log(broker.log_dir / "gzip-0")
        broker.stop()
        yield broker.log_dir


def payload_count(partition: Path) -> int:
    options = ("--deep-iteration", "--print-data-log")
    report = kafka.dump_log(*sorted(partition.glob("*.log")), options=options)
    return len(re.findall(r"^\| offset: .* payload: ", report, flags=re.MULTILINE))


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_gives_back_what_was_typed(kafka_dir, codec):
    with Log(kafka_dir / f"{codec}-0") as log:
        records = list(log)
    assert [record.value for record in records] == [value.encode() for value in VALUES]
    assert [record.key for record in records] == [b"key-%d" % (at % 7) for at in range(500)]
    assert [record.offset for record in records] == list(range(500))


def test_a_log_goes_on_where_kafka_stopped_and_kafka_reads_it(kafka_dir, tmp_path):
    copy = tmp_path / "none-0"
    shutil.copytree(kafka_dir / "none-0", copy)
    with Log(copy) as log:
        assert log.append_batch([b"ours"] * 10) == range(500, 510)
    assert payload_count(copy) == 510


def test_transactions_open_with_every_record(kafka_dir):
    partition = kafka_dir / "transactions-0"
    expected = payload_count(partition)
    with Log(partition, readonly=True) as log:
        assert sum(1 for _ in log) == expected
    assert expected == 2000


def test_reading_only_changes_nothing(kafka_dir):
    partition = kafka_dir / "zstd-0"
    before = {path.name: path.read_bytes() for path in partition.iterdir()}
    with Log(partition, readonly=True) as log:
        assert sum(1 for _ in log) == 500
    assert {path.name: path.read_bytes() for path in partition.iterdir()} == before
