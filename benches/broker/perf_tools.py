"""Apache Kafka's own perf tools as a load: how one is run, and what it says.

Invariant: a rate is the tool's own figure, over records that it counted itself; a tool that fails
is an error and never a figure.
Neighbours: `cases` and `sharing` measure with it; `clients` is the other load, librdkafka's.
"""

import re
from typing import Final

from benches.broker.contestants import Turn
from tests.peers.kafka import run_tool

OPTIONS: Final = ("-Xmx1g", "-XX:+UseSerialGC")
PRODUCER: Final = ("acks=all", "linger.ms=5")
PATIENCE_S: Final = 300
_SENT: Final = re.compile(r"^(\d+) records sent, ([\d.]+) records/sec")
_FETCH_RATE: Final = "fetch.nMsg.sec"


def reported(tool: str, *arguments: str) -> list[str]:
    """Run a tool by its short name; return the lines that it printed.

    Raises:
        RuntimeError: If it ends with an error; what it printed is in it.
    """
    return run_tool(tool, *arguments, timeout_s=PATIENCE_S, options=OPTIONS).splitlines()


def make_topic(turn: Turn, topic: str, partitions: int) -> None:
    """Make a topic; the tools name no partition, so it has as many as are to be used."""
    what = ("--topic", topic, "--partitions", str(partitions))
    run_tool("topics", "--bootstrap-server", turn.bootstrap, "--create", *what)


def produce_rate(turn: Turn, topic: str, size: int, messages: int) -> float:
    """Produce as fast as `kafka-producer-perf-test.sh` can; return messages a second."""
    what = ("--topic", topic, "--record-size", str(size), "--num-records", str(messages))
    where = ("--bootstrap-server", turn.bootstrap, "--command-property", *PRODUCER)
    lines = reported("producer-perf", *what, "--throughput", "-1", *where)
    last = _SENT.match(lines[-1]) if lines else None
    if last is None or int(last[1]) != messages:
        raise RuntimeError(f"producer-perf did not send {messages} records: {lines[-1:]}")
    return float(last[2])


def consume_rate(turn: Turn, topic: str, messages: int) -> float:
    """Consume by `kafka-consumer-perf-test.sh`; return messages a second, joining left out."""
    what = ("--topic", topic, "--num-records", str(messages), "--timeout", "30000")
    header, values = reported("consumer-perf", *what, "--bootstrap-server", turn.bootstrap)[-2:]
    row = dict(zip(header.split(", "), values.split(", "), strict=True))
    if int(row["data.consumed.in.nMsg"]) < messages:
        raise RuntimeError(f"consumer-perf did not get {messages} records: {values}")
    return float(row[_FETCH_RATE])
