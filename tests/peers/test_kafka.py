"""The peer itself: Apache Kafka starts here, writes a partition, and its dump tool reads it."""

import os

import pytest

from tests import peers
from tests.peers import kafka

pytestmark = pytest.mark.peer


def write_a_partition(broker, topic, values):
    broker.tool("topics", "--create", "--topic", topic, "--partitions", "1")
    broker.tool("console-producer", "--topic", topic, stdin="".join(f"{v}\n" for v in values))
    return broker.log_dir / f"{topic}-0" / f"{0:020}.log"


def test_kafka_dumps_what_kafka_wrote(kafka_broker):
    segment = write_a_partition(kafka_broker, "dumped", ["first", "second", "third"])
    report = kafka.dump_log(segment, options=("--deep-iteration", "--print-data-log"))
    assert [report.count(f"payload: {value}") for value in ("first", "second", "third")] == [1] * 3
    assert "offset: 2" in report


def test_a_flipped_bit_is_a_complaint(kafka_broker, tmp_path):
    segment = write_a_partition(kafka_broker, "flipped", ["first"])
    damaged = bytearray(segment.read_bytes())
    damaged[-2] ^= 1
    copy = tmp_path / segment.name
    copy.write_bytes(damaged)
    with pytest.raises(RuntimeError, match="isvalid: false"):
        kafka.dump_log(copy)


@pytest.mark.usefixtures("kafka_tools")
def test_a_failing_tool_raises_with_what_it_printed():
    with pytest.raises(RuntimeError, match="kafka dump-log exits"):
        kafka.run_tool("dump-log", "--no-such-option")


@pytest.mark.parametrize(("ci", "outcome"), [("", "skipped"), ("true", "failed")])
def test_an_absent_peer_is_a_skip_here_and_a_failure_in_ci(monkeypatch, ci, outcome):
    monkeypatch.setitem(os.environ, "CI", ci)
    expected = {"skipped": pytest.skip.Exception, "failed": pytest.fail.Exception}[outcome]
    with pytest.raises(expected, match="a peer is absent: no java"):
        peers.absent("no java")
