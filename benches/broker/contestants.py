"""The brokers that take turns: ours, Apache Kafka, and librdkafka's mock, which keeps nothing.

Invariant: each starts in an empty directory with the same topics, and is gone when its turn ends.
Neighbours: `tests.interop.broker` and `tests.peers.kafka` start the real ones.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import Final

from benches.broker.raw import first_acknowledged
from tests.interop.broker import running_broker
from tests.peers.kafka import running_kafka

OURS: Final = "logcore"
KAFKA: Final = "Apache Kafka 4.3.1"
NULL: Final = "null broker"
TICKS: Final = os.sysconf("SC_CLK_TCK")
# What a fair comparison fixes: six partitions by default, rebalances that do not wait, and files of
# deleted topics that are gone soon.
SETTINGS: Final = {
    "num.partitions": "6",
    "group.initial.rebalance.delay.ms": "0",
    "log.segment.delete.delay.ms": "1000",
}


@dataclass(frozen=True)
class Turn:
    """A running broker; `bootstrap` is empty for the null broker, which lives in its client."""

    name: str
    bootstrap: str
    pid: int
    first_record_s: float

    def memory_mb(self, kind: str = "VmRSS") -> float:
        """Return its memory: `VmRSS` is what is resident, `RssAnon` that without mapped files."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition(f"{kind}:")[2].split()[0]) / 1024

    def cpu_percent(self, seconds: float) -> float:
        """Return the share of one CPU that it takes over some time."""
        before = self.cpu_s()
        sleep(seconds)
        return (self.cpu_s() - before) / seconds * 100

    def cpu_s(self) -> float:
        """Return the CPU time it has had."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def turn(name: str, directory: Path | None = None) -> Iterator[Turn]:
    """Start a contestant; stop it when the block ends."""
    if name == NULL:
        yield Turn(name, "", os.getpid(), 0.0)
        return
    with tempfile.TemporaryDirectory(prefix="logcore-bench-", dir=directory) as temporary:
        path = Path(temporary)
        if name == KAFKA:
            format_storage(path)
        start = perf_counter()
        with (
            running_kafka(path, config=SETTINGS)
            if name == KAFKA
            else running_broker(path, settings=SETTINGS)
        ) as broker:
            first_acknowledged(broker.bootstrap, "first")
            yield Turn(name, broker.bootstrap, broker.process.pid, perf_counter() - start)


def format_storage(directory: Path) -> None:
    """Format Kafka's directory before the clock runs, by one start and stop."""
    with running_kafka(directory, config=SETTINGS):
        pass
