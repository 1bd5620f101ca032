"""From the figures of a run to the broker's section of docs/benchmarks.md.

Invariant: every number in the section comes from the results.
Neighbours: `cases` names the figures, `benches.sections` keeps what is by hand.
Use: `python -m benches.broker.report target/bench/broker.json docs/benchmarks.md`.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benches.broker.contestants import KAFKA, NULL, OURS
from benches.sections import Section, middle, number, verdict

SECTION: Final = Section("broker", "make bench-broker")
CONTESTANTS: Final = (OURS, KAFKA, NULL)

# Size of a message, and what is to be produced of the null broker's and of Kafka's rate.
PROMISED: Final = ((100, 0.95, 1.3), (1024, 0.75, 2.5))

Medians = dict[str, dict[str, float]]

TEXT: Final = """\
## The broker

Written by `make bench-broker`. Contestants take turns, one broker at a time, each in an empty
directory; what is shown is the median of their turns. Kafka has 1 GB of heap and a warm-up load
before anything is timed. The load is librdkafka's own rdkafka_performance: acks=all, linger 5 ms,
no compression, consumers reading from the page cache. *Perf tool* is the same load by the clients
in Java, kafka-producer-perf-test.sh and kafka-consumer-perf-test.sh. The null broker is
librdkafka's mock, inside the client's process, which acknowledges and keeps nothing: a ceiling
for what a client can send. *Raw* is a client of a few lines over ready-made requests, one in
flight per connection. No broker waits for the disk, which is Kafka's default.
"""


@dataclass(frozen=True)
class Bound:
    """One promise about one case."""

    case: str
    bound: float
    to: str = ""
    """Whom the figure is divided by; nobody if empty."""
    most: bool = False
    """Whether the bound is the largest allowed figure."""

    def figure(self, medians: Medians) -> float:
        """Return what is held against the bound; a `KeyError` means that it was not measured."""
        rows = medians[self.case]
        return rows[OURS] / rows[self.to] if self.to else rows[OURS]

    def row(self, medians: Medians) -> str:
        """Return the line of the table."""
        what = f"{self.case}, to {self.to}" if self.to else self.case
        bound = f"{'at most' if self.most else 'at least'} {self.bound:g}{'x' if self.to else ''}"
        try:
            figure = self.figure(medians)
        except KeyError:
            return f"| {what} | {bound} | | not measured |"
        reached = figure <= self.bound if self.most else figure >= self.bound
        unit = "x" if self.to else ""
        return f"| {what} | {bound} | {figure:.3g}{unit} | {verdict(reached=reached)} |"


def bounds() -> list[Bound]:
    """Return what was promised."""
    found = []
    for partitions in (1, 6):
        for size, of_null, of_kafka in PROMISED:
            case = f"{{}} {size} B, {partitions} partition(s){{}}, messages/s"
            found.append(Bound(case.format("produce", ""), of_null, NULL))
            for load in ("", ", perf tool"):
                found += [
                    Bound(case.format("produce", load), of_kafka, KAFKA),
                    Bound(case.format("consume", load), 1.0, KAFKA),
                ]
    single = "one record a request, {}, messages/s".format
    found += [
        Bound(single("one in flight, librdkafka"), 2, KAFKA),
        Bound(single("1 connection(s), raw"), 2, KAFKA),
        Bound(single("64 connection(s), raw"), 2, KAFKA),
        Bound("consume as a share group, 6 partitions, messages/s", 1.5, KAFKA),
        Bound("start to first acknowledged record, s", 0.25, most=True),
        Bound("idle memory, MB", 50, most=True),
        Bound("idle CPU, %", 0.5, most=True),
    ]
    return found


def latency_row(medians: Medians) -> str:
    """Return the verdict on the latency: below 1 ms, or a third of Kafka's."""
    what = "end to end at 10k/s, p99, ms"
    rows = medians.get(what, {})
    if OURS not in rows or KAFKA not in rows:
        return f"| {what} | | | not measured |"
    reached = rows[OURS] < 1 or rows[OURS] <= rows[KAFKA] / 3
    shown = f"{rows[OURS]:.3g}, Kafka {rows[KAFKA]:.3g}"
    return f"| {what} | below 1, or a third of Kafka's | {shown} | {verdict(reached=reached)} |"


def medians_of(turns: list[dict[str, Any]]) -> Medians:
    """Return the median of each case and contestant."""
    values: dict[str, dict[str, list[float]]] = {}
    for one in turns:
        for case, figure in one["figures"].items():
            values.setdefault(case, {}).setdefault(one["contestant"], []).append(figure)
    return {case: middle(rows) for case, rows in values.items()}


def section(results: dict[str, Any], by_hand: list[str]) -> list[str]:
    """Return the lines of the section."""
    medians = medians_of(results["turns"])
    rounds = sum(one["contestant"] == OURS for one in results["turns"])
    lines = [TEXT, f"{results['machine']}; {rounds} turns each, {results['date']}.", ""]
    if results["is_tiny"]:
        lines += [
            "**About this run:** tiny counts, to see that it works; the figures say nothing.",
            "",
        ]
    lines += ["| target | bound | measured | |", "|---|---:|---:|---|"]
    lines += [bound.row(medians) for bound in bounds()] + [latency_row(medians), ""]
    lines += by_hand
    lines += [f"| case | {' | '.join(CONTESTANTS)} | to Kafka |", "|---" + "|---:" * 4 + "|"]
    for case, rows in medians.items():
        cells = [number(rows[name]) if name in rows else "" for name in CONTESTANTS]
        ratio = f"{rows[OURS] / rows[KAFKA]:.3g}x" if rows.get(KAFKA) and OURS in rows else ""
        lines.append(f"| {case} | {' | '.join(cells)} | {ratio} |")
    return [*lines, ""]


def main() -> None:
    """Write the section."""
    results_path, path = Path(sys.argv[1]), Path(sys.argv[2])
    results = json.loads(results_path.read_text())
    SECTION.write(path, section(results, SECTION.by_hand(path.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
