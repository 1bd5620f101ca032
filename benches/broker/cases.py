"""What is measured of a running broker, and in which order.

Invariant: a case gives one figure per turn; a larger one is better unless its unit says otherwise.
Neighbours: `clients`, `perf_tools`, `raw` and `sharing` are the load, `report` judges.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Final

from benches.broker import perf_tools, sharing
from benches.broker.clients import arguments_of, measured, performance
from benches.broker.contestants import NULL, Turn
from benches.broker.raw import first_acknowledged, pushed
from benches.quiet import make_quiet

PARTITIONS: Final = (1, 6)
SIZES: Final = (100, 1024)
MOCK: Final = {"test.mock.num.brokers": "1"}
PRODUCER: Final = {"linger.ms": "5", "queue.buffering.max.messages": "1000000"}
CONSUMER: Final = {"fetch.message.max.bytes": "10485760", "queued.min.messages": "1000000"}
SINGLE: Final = {"linger.ms": "0", "batch.num.messages": "1", "max.in.flight": "1"}
LATENCY_RATE: Final = 10_000


@dataclass(frozen=True)
class Effort:
    """How much is done in a case."""

    megabytes: int
    singles: int
    seconds: float

    def messages(self, size: int) -> int:
        """Return how many messages of a size make the load."""
        return self.megabytes * 1_000_000 // size


FULL: Final = Effort(megabytes=500, singles=30_000, seconds=5)
TINY: Final = Effort(megabytes=1, singles=200, seconds=0.5)


def figures(turn: Turn, effort: Effort) -> Iterator[tuple[str, float]]:
    """Measure everything of one turn: (case, figure)."""
    if turn.name != NULL:
        yield "start to first acknowledged record, s", turn.first_record_s
        sleep(effort.seconds)
        yield "idle memory, MB", turn.memory_mb()
        yield "idle CPU, %", turn.cpu_percent(effort.seconds * 2)
        warm_up(turn, effort)
    yield from produced(turn, effort)
    if turn.name != NULL:
        yield from consumed(turn, effort)
        yield from by_perf_tools(turn, effort)
        yield from shared(turn, effort)
        yield from unbatched(turn, effort)
        yield from latency(turn, effort)
        yield "memory after load, MB", turn.memory_mb()
        yield "memory after load without mapped files, MB", turn.memory_mb("RssAnon")


def topic_of(size: int, partitions: int) -> str:
    """Return the topic of a load; with one partition only partition 0 is used."""
    return f"bench-{size}-{partitions}"


def place(turn: Turn, topic: str, partitions: int) -> list[str]:
    """Return the arguments that say where: broker, topic, partition."""
    where = ["-b", turn.bootstrap] if turn.bootstrap else ["-b", "none", *arguments_of(MOCK)]
    return [*where, "-t", topic, *(["-p", "0"] if partitions == 1 else [])]


def warm_up(turn: Turn, effort: Effort) -> None:
    """Make the topics, and let a virtual machine compile its loops."""
    for size in SIZES:
        for partitions in PARTITIONS:
            first_acknowledged(turn.bootstrap, topic_of(size, partitions))
    first_acknowledged(turn.bootstrap, "singles")
    first_acknowledged(turn.bootstrap, "latency")
    first_acknowledged(turn.bootstrap, "warm")
    count = str(effort.messages(100) // 2)
    measured(["-P", *place(turn, "warm", 6), "-a", "-1", "-s", "100", "-c", count, "-q"])
    measured(["-C", *place(turn, "warm", 1), "-o", "beginning", "-c", "1", "-q"])


def produced(turn: Turn, effort: Effort) -> Iterator[tuple[str, float]]:
    """Produce with acks=all, as fast as librdkafka can."""
    for partitions in PARTITIONS:
        for size in SIZES:
            make_quiet()
            where = place(turn, topic_of(size, partitions), partitions)
            load = ["-s", str(size), "-c", str(effort.messages(size)), "-a", "-1", "-q"]
            rate = measured(["-P", *where, *load, *arguments_of(PRODUCER)])
            yield f"produce {size} B, {partitions} partition(s), messages/s", rate


def consumed(turn: Turn, effort: Effort) -> Iterator[tuple[str, float]]:
    """Consume what was produced, from the page cache."""
    for partitions in PARTITIONS:
        for size in SIZES:
            make_quiet()
            where = ["-b", turn.bootstrap, "-t", topic_of(size, partitions)]
            parts = [part for number in range(partitions) for part in ("-p", str(number))]
            load = ["-o", "beginning", "-c", str(effort.messages(size) * 9 // 10), "-q"]
            rate = measured(["-C", *where, *parts, *load, *arguments_of(CONSUMER)])
            yield f"consume {size} B, {partitions} partition(s), messages/s", rate


def by_perf_tools(turn: Turn, effort: Effort) -> Iterator[tuple[str, float]]:
    """Produce and consume by Apache Kafka's own clients in Java."""
    for partitions in PARTITIONS:
        for size in SIZES:
            topic, messages = f"java-{size}-{partitions}", effort.messages(size)
            perf_tools.make_topic(turn, topic, partitions)
            where = f"{size} B, {partitions} partition(s), perf tool, messages/s"
            make_quiet()
            yield f"produce {where}", perf_tools.produce_rate(turn, topic, size, messages)
            make_quiet()
            yield f"consume {where}", perf_tools.consume_rate(turn, topic, messages * 9 // 10)


def shared(turn: Turn, effort: Effort) -> Iterator[tuple[str, float]]:
    """Consume as a share group, by Apache Kafka's tool, joining included."""
    messages = effort.messages(sharing.SIZE) // 2
    sharing.fill(turn, messages)
    make_quiet()
    overall, flowing = sharing.share_rates(turn, "bench", messages)
    yield "consume as a share group, 6 partitions, messages/s", overall
    yield "consume as a share group, once records flow, messages/s", flowing


def unbatched(turn: Turn, effort: Effort) -> Iterator[tuple[str, float]]:
    """Produce one record a request: one connection by librdkafka and by hand, and 64 by hand."""
    make_quiet()
    load = ["-s", "100", "-c", str(effort.singles), "-a", "-1", "-q"]
    rate = measured(["-P", *place(turn, "singles", 1), *load, *arguments_of(SINGLE)])
    yield "one record a request, one in flight, librdkafka, messages/s", rate
    for connections in (1, 64):
        make_quiet()
        rate = pushed(turn.bootstrap, "singles", connections, effort.seconds)
        yield f"one record a request, {connections} connection(s), raw, messages/s", rate


def latency(turn: Turn, effort: Effort) -> Iterator[tuple[str, float]]:
    """Measure from `produce` to `consume` at a steady rate, without linger."""
    make_quiet()
    count = str(int(LATENCY_RATE * effort.seconds * 2))
    with tempfile.TemporaryDirectory() as directory:
        found = Path(directory) / "latencies"
        where = ["-b", turn.bootstrap, "-t", "latency", "-p", "0", "-l", "-q"]
        command = [str(performance()), "-C", *where, "-o", "end", "-c", count, "-A", str(found)]
        # A consumer that waits is woken by the broker, not by its own pause between fetches.
        command += arguments_of({"fetch.wait.max.ms": "500", "fetch.error.backoff.ms": "1"})
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as reader:
            sleep(1.0)
            load = ["-c", count, "-s", "100", "-a", "-1", "-r", str(LATENCY_RATE)]
            measured(["-P", *where, *load, *arguments_of({"linger.ms": "0"})])
            reader.wait(30)
        every = [int(line) for line in found.read_text().split()]
    # The first tenth is warming up: connections, files, the consumer's first fetch.
    values = sorted(every[len(every) // 10 :])
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        yield f"end to end at 10k/s, {name}, ms", values[int(len(values) * share)] / 1000
