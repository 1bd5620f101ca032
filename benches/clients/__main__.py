"""`make bench-clients`: clients take turns on each broker, and the figures go to a file.

`python -m benches.clients [--rounds N] [--tiny] OUTPUT.json`. On a quiet machine only: nothing else
may run. All five clients on both brokers take about four minutes a round.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from time import sleep
from typing import Any, Final

from benches.broker.__main__ import machine
from benches.broker.contestants import KAFKA, OURS, turn
from benches.clients.load import BATCH
from benches.clients.one import CLIENTS, READY
from benches.clients.ours import Driver
from benches.quiet import make_quiet
from logcore import Admin
from logcore.testing.topics import create_topic, fresh_name

SIZES: Final = {100: "100 B", 1024: "1 KiB"}
WORK: Final = {
    "send": "send, one by one",
    "send_bulk": "send in bulk",
    "send_columns": "send columns",
    "read": "read, one by one",
    "read_batches": "read by list",
    "read_columns": "read columns",
}
LATENCY_RATE: Final = 10_000
# How many records make about two seconds' work; rates are compared, not times.
BASE: Final = {100: 4_000_000, 1024: 1_000_000}
SHARE: Final = {"aiokafka": 0.05, "kafka-python": 0.03, "confluent-kafka": 0.4}
TIMEOUT_S: Final = 180
DELETED_AFTER_S: Final = 1.5
"""Longer than `log.segment.delete.delay.ms` is set to where brokers are compared."""


def count_of(client: str, size: int, divisor: int) -> int:
    """Return how many records a client works with."""
    wanted = BASE[size] * SHARE.get(client, 1) / divisor
    return max(BATCH, int(wanted) // BATCH * BATCH)


def measured(*arguments: object) -> dict[str, float]:
    """Run one case in a process of its own, and make the machine quiet before its clock runs."""
    command = [sys.executable, "-m", "benches.clients.one", *map(str, arguments)]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as case,
    ):
        assert case.stdout is not None, "it is a pipe"
        too_long = Timer(TIMEOUT_S, case.kill)
        too_long.start()
        line = case.stdout.readline()
        if line.strip() == READY:
            make_quiet()
            line = case.communicate("\n")[0]
        too_long.cancel()
        if case.wait():
            errors.seek(0)
            raise SystemExit(f"{arguments}: {errors.read()[-2000:]}")
    found: dict[str, float] = json.loads(line)
    return found


@contextmanager
def prepared_topic(bootstrap: str, method: str, size: int, divisor: int) -> Iterator[str]:
    """Have a topic for a kind of work, made just before and deleted after.

    A virtual machine has not had all of its memory from its host: what is written into page cache
    that was used just before is several times as fast as what is not, so it is used again.
    """
    topic = fresh_name(f"{method}-{size}")
    create_topic(bootstrap, topic)
    if method.startswith("read"):
        Driver(bootstrap).send_bulk(topic, b"x" * size, max(BATCH, BASE[size] // divisor))
    yield topic
    with Admin(bootstrap) as admin:
        admin.topics.delete(topic).raise_for_errors()
    sleep(DELETED_AFTER_S)


def sharing(method: str) -> list[tuple[str, ...]]:
    """Return which clients work on one topic: all that read, each by itself that writes."""
    return [tuple(CLIENTS)] if method.startswith("read") else [(client,) for client in CLIENTS]


def figures(bootstrap: str, divisor: int) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Measure one round: (client, work, figures)."""
    for method, size in itertools.product(WORK, SIZES):
        for clients in sharing(method):
            with prepared_topic(bootstrap, method, size, divisor) as topic:
                for client in clients:
                    count = count_of(client, size, divisor)
                    found = measured(client, method, bootstrap, topic, size, count)
                    if found:
                        yield client, f"{WORK[method]}, {SIZES[size]}", found
    create_topic(bootstrap, "latency")
    for client in CLIENTS:
        count = LATENCY_RATE * 5 // divisor
        found = measured(client, "latencies", bootstrap, "latency", LATENCY_RATE, count)
        yield client, "end to end at 10k/s", found


def main() -> None:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description="Clients of Python side by side.")
    parser.add_argument("output", type=Path)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each client and broker")
    parser.add_argument("--tiny", action="store_true", help="only see that everything works")
    arguments = parser.parse_args()
    divisor = 100 if arguments.tiny else 1
    found: list[dict[str, Any]] = []
    for number in range(arguments.rounds):
        for broker in (OURS, KAFKA):
            with turn(broker) as running:
                for client, work, values in figures(running.bootstrap, divisor):
                    shown = ", ".join(f"{name} {value:,.4g}" for name, value in values.items())
                    print(f"{number + 1} {broker:20} {client:16} {work:26} {shown}", flush=True)
                    found.append(
                        {"broker": broker, "client": client, "work": work, "figures": values}
                    )
    results = {
        "machine": machine(),
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "is_tiny": arguments.tiny,
        "found": found,
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
