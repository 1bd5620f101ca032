"""The group that counts flights in the broker's demo: two members, of two makers, as processes.

A member reports each record that it reads on a line of stdout: partition, offset, carrier.
Invariant: what is counted is each offset once, however often it was read.
Neighbours: `broker_flights` tells the story; a member is `python -m examples.flight_group WHICH
BOOTSTRAP`.
"""

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Final, TextIO

from examples.flights import show_progress
from logcore import Admin, Consumer

TOPIC: Final = "flights"
GROUP: Final = "counters"
PARTITIONS: Final = 6
MEMBERS: Final = ("logcore", "confluent")
CLIENTS: Final = {"logcore": "logcore", "confluent": "librdkafka"}
QUIET_S: Final = 60
"""If nothing new arrives for so long, something is lost."""
POLL_S: Final = 0.1
POLL_RECORDS: Final = 5000

Records = Iterable[tuple[int, int, bytes]]


def check(holds: bool, otherwise: str) -> None:
    """End the program unless a claim holds."""
    if not holds:
        sys.exit(f"broker_flights: WRONG: {otherwise}")


# ---------------------------------------------------------------- a member


def logcore_member(bootstrap: str) -> Iterator[Records]:
    """Read as a member of the group with our own client, in batches."""
    with Consumer(
        TOPIC,
        bootstrap_servers=bootstrap,
        client_id="logcore",
        group_id=GROUP,
        auto_offset_reset="earliest",
        auto_commit_interval_ms=500,
        partition_assignment_strategy="range",
    ) as consumer:
        while True:
            found = consumer.poll(POLL_S, POLL_RECORDS)
            yield ((record.partition, record.offset, record.key) for record in found)


def confluent_member(bootstrap: str) -> Iterator[Records]:
    """Read as a member of the group with librdkafka, in batches."""
    from confluent_kafka import Consumer as Foreign  # noqa: PLC0415 - a member imports its client

    consumer = Foreign(
        {
            "bootstrap.servers": bootstrap,
            "group.id": GROUP,
            "auto.offset.reset": "earliest",
            "auto.commit.interval.ms": 500,
            "partition.assignment.strategy": "range",
        }
    )
    consumer.subscribe([TOPIC])
    try:
        while True:
            found = consumer.consume(POLL_RECORDS, timeout=POLL_S)
            yield ((m.partition(), m.offset(), m.key()) for m in found if m.error() is None)
    finally:
        consumer.close()


def be_member(which: str, bootstrap: str) -> None:
    """Be a child: read and report until told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    member = {"logcore": logcore_member, "confluent": confluent_member}[which]
    for records in member(bootstrap):
        sys.stdout.write("".join(f"{p} {o} {key.decode()}\n" for p, o, key in records))
        sys.stdout.flush()


# ---------------------------------------------------------------- the group


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
        command = [sys.executable, "-m", "examples.flight_group", which, bootstrap]
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


def lag_of(admin: Admin) -> int:
    """Return how many records the group has not committed."""
    committed = admin.groups.offsets(GROUP).raise_for_errors()
    bounds = admin.offsets.bounds(admin.offsets.partitions(TOPIC)).raise_for_errors()
    return sum(
        end - (committed[place].offset if place in committed else start)
        for place, (start, end) in bounds.items()
    )


if __name__ == "__main__":
    be_member(*sys.argv[1:])
