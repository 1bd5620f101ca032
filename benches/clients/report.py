"""From the figures of a run to the clients' section of docs/benchmarks.md.

Invariant: every number in the section comes from the results.
Neighbours: `__main__` makes the results, `benches.sections` keeps what is by hand.
Use: `python -m benches.clients.report target/bench/clients.json docs/benchmarks.md`.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benches.broker.contestants import KAFKA, OURS
from benches.clients.one import CLIENTS
from benches.sections import Section, middle, number, verdict

SECTION: Final = Section("clients", "make bench-clients")
BROKERS: Final = (OURS, KAFKA)
RATE, CPU, MEMORY, P99 = "records/s", "CPU s a million", "memory, MB", "p99, ms"
LATENCY: Final = "end to end at 10k/s"
SIZES: Final = ("100 B", "1 KiB")

Medians = dict[tuple[str, str, str], dict[str, float]]
"""By broker, client and work: each figure."""

TEXT: Final = """\
## The clients

Written by `make bench-clients`. Clients take turns on one broker, then on the other, each case in a
process of its own; what is shown is the median of the rounds. All of them write with acks=all,
idempotent, with a linger of 5 ms and batches of up to 1 MB, uncompressed, to one partition, and
read a topic that is in the page cache, 8 MiB at a time (`max.partition.fetch.bytes`);
confluent-kafka with `fetch.queue.backoff.ms=10`, without which it would wait a second whenever it
has fetched 100,000 records. Each has done a little of the same before the clock runs. A case ends
when everything is acknowledged, or read. End to end is from the call of `send` until the program
has the value, in one process, without linger.
"""


@dataclass(frozen=True)
class Bound:
    """One promise: our way of doing something against another client's."""

    work: str
    bound: float
    other: str
    other_work: str = ""

    def rows(self, medians: Medians) -> Iterator[str]:
        """Return a line of the table for each broker and size."""
        for broker in BROKERS:
            for size in SIZES:
                ours = medians.get((broker, "logcore", f"{self.work}, {size}"))
                theirs = medians.get(
                    (broker, self.other, f"{self.other_work or self.work}, {size}")
                )
                what = f"{self.work}, {size}, to {self.other}, on {broker}"
                if ours is None or theirs is None:
                    yield f"| {what} | at least {self.bound:g}x | | not measured |"
                    continue
                ratio = ours[RATE] / theirs[RATE]
                told = verdict(reached=ratio >= self.bound)
                yield f"| {what} | at least {self.bound:g}x | {ratio:.3g}x | {told} |"


BOUNDS: Final = (
    Bound("send, one by one", 1.2, "confluent-kafka"),
    Bound("send, one by one", 8, "aiokafka"),
    Bound("send in bulk", 3, "confluent-kafka", "send, one by one"),
    Bound("read, one by one", 1.5, "confluent-kafka"),
    Bound("read columns", 10, "confluent-kafka", "read, one by one"),
)


def latency_rows(medians: Medians) -> Iterator[str]:
    """Return the verdicts on the latency: no worse than confluent-kafka's."""
    for broker in BROKERS:
        what = f"{LATENCY}, {P99}, on {broker}"
        ours = medians.get((broker, "logcore", LATENCY))
        theirs = medians.get((broker, "confluent-kafka", LATENCY))
        if ours is None or theirs is None:
            yield f"| {what} | | | not measured |"
            continue
        shown = f"{ours[P99]:.3g}, confluent-kafka {theirs[P99]:.3g}"
        told = verdict(reached=ours[P99] <= theirs[P99])
        yield f"| {what} | no worse than confluent-kafka's | {shown} | {told} |"


def medians_of(found: list[dict[str, Any]]) -> Medians:
    """Return the medians of the rounds."""
    values: dict[tuple[str, str, str], dict[str, list[float]]] = {}
    for one in found:
        into = values.setdefault((one["broker"], one["client"], one["work"]), {})
        for name, value in one["figures"].items():
            into.setdefault(name, []).append(value)
    return {key: middle(figures) for key, figures in values.items()}


def tables(medians: Medians) -> Iterator[str]:
    """Return the tables of all figures, by broker."""
    for broker in BROKERS:
        works = list(dict.fromkeys(work for where, _, work in medians if where == broker))
        for figure in (RATE, CPU, MEMORY):
            yield f"On {broker}, {figure}:\n"
            yield f"| work | {' | '.join(CLIENTS)} |"
            yield "|---" + "|---:" * len(CLIENTS) + "|"
            for work in works:
                if work != LATENCY:
                    yield f"| {work} | {' | '.join(cells(medians, broker, work, figure))} |"
            yield ""
        yield f"On {broker}, {LATENCY}:\n"
        yield f"| | {' | '.join(CLIENTS)} |"
        yield "|---" + "|---:" * len(CLIENTS) + "|"
        for figure in ("p50, ms", P99, "p99.9, ms"):
            yield f"| {figure} | {' | '.join(cells(medians, broker, LATENCY, figure))} |"
        yield ""


def cells(medians: Medians, broker: str, work: str, figure: str) -> list[str]:
    """Return one figure of every client."""
    found = (medians.get((broker, client, work), {}) for client in CLIENTS)
    return [number(one[figure]) if figure in one else "" for one in found]


def section(results: dict[str, Any], by_hand: list[str]) -> Iterator[str]:
    """Return the lines of the section."""
    medians = medians_of(results["found"])
    key = (OURS, "logcore", LATENCY)
    rounds = sum((one["broker"], one["client"], one["work"]) == key for one in results["found"])
    yield from (TEXT, f"{results['machine']}; {rounds} rounds, {results['date']}.", "")
    if results["is_tiny"]:
        yield "**About this run:** tiny counts, to see that it works; the figures say nothing.\n"
    yield from ("| target | bound | measured | |", "|---|---:|---:|---|")
    for bound in BOUNDS:
        yield from bound.rows(medians)
    yield from (*latency_rows(medians), "", *by_hand, *tables(medians))


def main() -> None:
    """Write the section."""
    results_path, path = Path(sys.argv[1]), Path(sys.argv[2])
    results = json.loads(results_path.read_text())
    SECTION.write(path, section(results, SECTION.by_hand(path.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
