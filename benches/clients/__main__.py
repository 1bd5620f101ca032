"""`make bench-clients`: clients take turns on each broker, and the figures go to a file.

`python -m benches.clients [--rounds N] [--tiny] OUTPUT.json`. On a quiet machine only: nothing else
may run. All five clients on both brokers take about four minutes a round.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benches.broker.__main__ import machine, touch_memory
from benches.broker.contestants import KAFKA, OURS, turn
from benches.clients.load import BATCH
from benches.clients.one import CLIENTS
from benches.clients.ours import Driver
from logcore.testing.topics import create_topic

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
BASE: Final = {100: 2_000_000, 1024: 500_000}
SHARE: Final = {"aiokafka": 0.1, "kafka-python": 0.05, "confluent-kafka": 0.5}
BULK: Final = {"send_bulk": 2, "send_columns": 2}
TIMEOUT_S: Final = 180


@dataclass(frozen=True)
class Case:
    """What one client is asked to do."""

    client: str
    method: str
    size: int

    def count(self, divisor: int) -> int:
        """Return how many records it is done with."""
        wanted = BASE[self.size] * SHARE.get(self.client, 1) * BULK.get(self.method, 1) / divisor
        return max(BATCH, int(wanted) // BATCH * BATCH)


def cases() -> Iterator[Case]:
    """Return every case of a round; clients alternate within a kind of work."""
    for method in WORK:
        for size in SIZES:
            for client in CLIENTS:
                yield Case(client, method, size)


def measured(*arguments: object) -> dict[str, float]:
    """Run one case in a process of its own."""
    command = [sys.executable, "-m", "benches.clients.one", *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT_S)
    if done.returncode:
        raise SystemExit(f"{arguments}: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def prepare(bootstrap: str, divisor: int) -> None:
    """Make the topics, and fill those that are read."""
    for size in SIZES:
        for name in (f"sent-{size}", f"read-{size}"):
            create_topic(bootstrap, name)
        Driver(bootstrap).send_bulk(f"read-{size}", b"x" * size, max(BATCH, BASE[size] // divisor))
    create_topic(bootstrap, "latency")


def figures(bootstrap: str, divisor: int) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Measure one round: (client, work, figures)."""
    for case in cases():
        topic = f"{'sent' if case.method.startswith('send') else 'read'}-{case.size}"
        place = (case.client, case.method, bootstrap, topic, case.size)
        found = measured(*place, case.count(divisor))
        if found:
            yield case.client, f"{WORK[case.method]}, {SIZES[case.size]}", found
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
    if not arguments.tiny:
        touch_memory()
    found: list[dict[str, Any]] = []
    for number in range(arguments.rounds):
        for broker in (OURS, KAFKA):
            with turn(broker) as running:
                prepare(running.bootstrap, divisor)
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
