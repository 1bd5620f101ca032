"""From the figures of a run to the broker's section of docs/benchmarks.md.

Invariant: every number in the section comes from the results; what stands between the marks
`HAND_*` inside it is written by hand, and kept.
Neighbours: `cases` names the figures, `benches.report` writes the rest of the document and keeps
this section. Use: `python -m benches.broker.report target/bench/broker.json docs/benchmarks.md`.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from benches.broker.contestants import KAFKA, NULL, OURS

BEGIN: Final = "<!-- broker: written by make bench-broker -->"
END: Final = "<!-- broker: end -->"
HAND_BEGIN: Final = "<!-- broker: by hand, kept by the next run -->"
HAND_END: Final = "<!-- broker: end of what is by hand -->"
CONTESTANTS: Final = (OURS, KAFKA, NULL)

Medians = dict[str, dict[str, float]]

TEXT: Final = """\
## The broker

Written by `make bench-broker`. Contestants take turns, one broker at a time, each in an empty
directory; what is shown is the median of their turns. Kafka has 1 GB of heap and a warm-up load
before anything is timed. The load is librdkafka's own rdkafka_performance: acks=all, linger 5 ms,
no compression, consumers reading from the page cache. The null broker is librdkafka's mock, inside
the client's process, which acknowledges and keeps nothing: a ceiling for what a client can send.
*Raw* is a client of a few lines over ready-made requests, one in flight per connection. No broker
waits for the disk, which is Kafka's default.
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
        return (
            f"| {what} | {bound} | {figure:.3g}{unit} | {'reached' if reached else '**MISSED**'} |"
        )


def bounds() -> list[Bound]:
    """Return what was promised."""
    found = []
    for partitions in (1, 6):
        small, large = (
            f"{{}} {size} B, {partitions} partition(s), messages/s" for size in (100, 1024)
        )
        found += [
            Bound(small.format("produce"), 0.95, NULL),
            Bound(small.format("produce"), 1.3, KAFKA),
            Bound(large.format("produce"), 0.75, NULL),
            Bound(large.format("produce"), 2.5, KAFKA),
            Bound(small.format("consume"), 1.0, KAFKA),
            Bound(large.format("consume"), 1.0, KAFKA),
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
    verdict = "reached" if reached else "**MISSED**"
    return f"| {what} | below 1, or a third of Kafka's | {shown} | {verdict} |"


def medians_of(turns: list[dict[str, Any]]) -> Medians:
    """Return the median of each case and contestant."""
    values: dict[str, dict[str, list[float]]] = {}
    for one in turns:
        for case, figure in one["figures"].items():
            values.setdefault(case, {}).setdefault(one["contestant"], []).append(figure)
    return {
        case: {name: median(figures) for name, figures in rows.items()}
        for case, rows in values.items()
    }


def number(value: float) -> str:
    """Return a figure in a form that is read at a glance."""
    scales: list[tuple[float, Callable[[float], str]]] = [
        (1e6, lambda v: f"{v / 1e6:.3g} M"),
        (1e4, lambda v: f"{v / 1e3:.3g} k"),
    ]
    for limit, text in scales:
        if value >= limit:
            return text(value)
    return f"{value:.3g}"


def section(results: dict[str, Any], by_hand: str) -> str:
    """Return the whole section, marks included."""
    medians = medians_of(results["turns"])
    rounds = sum(one["contestant"] == OURS for one in results["turns"])
    lines = [BEGIN, TEXT, f"{results['machine']}; {rounds} turns each, {results['date']}.", ""]
    if results["is_tiny"]:
        lines += [
            "**About this run:** tiny counts, to see that it works; the figures say nothing.",
            "",
        ]
    lines += ["| target | bound | measured | |", "|---|---:|---:|---|"]
    lines += [bound.row(medians) for bound in bounds()] + [latency_row(medians), ""]
    lines += [f"{HAND_BEGIN}{by_hand}{HAND_END}", ""]
    lines += [f"| case | {' | '.join(CONTESTANTS)} | to Kafka |", "|---" + "|---:" * 4 + "|"]
    for case, rows in medians.items():
        cells = [number(rows[name]) if name in rows else "" for name in CONTESTANTS]
        ratio = f"{rows[OURS] / rows[KAFKA]:.3g}x" if rows.get(KAFKA) and OURS in rows else ""
        lines.append(f"| {case} | {' | '.join(cells)} | {ratio} |")
    return "\n".join([*lines, "", END])


def between(text: str, begin: str, end: str) -> str | None:
    """Return what stands between two marks."""
    _, found, rest = text.partition(begin)
    return rest.partition(end)[0] if found else None


def kept_section(path: Path) -> str:
    """Return the broker's section of a document as it is, for who writes the rest anew."""
    inside = between(path.read_text(encoding="utf-8"), BEGIN, END) if path.exists() else None
    return "" if inside is None else f"{BEGIN}{inside}{END}\n"


def main() -> None:
    """Write the section."""
    results_path, path = Path(sys.argv[1]), Path(sys.argv[2])
    results = json.loads(results_path.read_text())
    old = path.read_text(encoding="utf-8")
    by_hand = between(old, HAND_BEGIN, HAND_END) or "\n"
    new, inside = section(results, by_hand), between(old, BEGIN, END)
    if inside is None:
        path.write_text(f"{old.rstrip()}\n\n{new}\n", encoding="utf-8")
    else:
        path.write_text(old.replace(f"{BEGIN}{inside}{END}", new), encoding="utf-8")
    print(new)


if __name__ == "__main__":
    main()
