"""The targets of the log engine, as functions of measured medians.

Invariant: a target is reached or missed by the figures of one run and nothing else; a figure that
is not there makes the target "not measured", never reached.
Neighbours: `report` prints the verdicts; the cases are those of the benches.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

Row = dict[str, float]
"""Figures of one contestant: `rate` per second, `seconds` each, and the notes of its bench."""

Cases = dict[tuple[str, str], dict[str, Row]]
"""(subject, case) -> contestant -> figures."""

NOT_DURABLE: Final = "append, not durable"
DURABLE: Final = "append, durable"
STORES: Final = ("Python file + CRC", "SQLite WAL", "LMDB", "RocksDB", "DuckDB")


@dataclass(frozen=True)
class Target:
    """One sentence, the figure that decides, and where it must be.

    Attributes:
        sentence: What is promised.
        figure: Cases -> figure; a `KeyError` means that it was not measured.
        bound: The figure's bound.
        unit: What the figure is in.
        most: Whether the bound is the largest allowed value, not the smallest.
    """

    sentence: str
    figure: Callable[[Cases], float]
    bound: float
    unit: str = "M/s"
    most: bool = False

    def verdict(self, cases: Cases) -> tuple[str, str]:
        """Return the figure as text, and `reached`, `MISSED` or `not measured`."""
        try:
            figure = self.figure(cases)
        except KeyError:
            return "", "not measured"
        reached = figure <= self.bound if self.most else figure >= self.bound
        return f"{figure:.3g} {self.unit}", "reached" if reached else "**MISSED**"


def rate(subject: str, case: str, peer: str = "logcore") -> Callable[[Cases], float]:
    """Return a figure: millions a second."""
    return lambda cases: cases[subject, case][peer]["rate"] / 1e6


def ratio(
    subject: str, case: str, peer: str = "logcore", to: str = "raw file"
) -> Callable[[Cases], float]:
    """Return a figure: how many times as fast as another contestant."""
    return lambda cases: cases[subject, case][peer]["rate"] / cases[subject, case][to]["rate"]


def to_best(subject: str, case: str, peer: str = "logcore") -> Callable[[Cases], float]:
    """Return a figure: how many times as fast as the fastest other store."""

    def figure(cases: Cases) -> float:
        rows = cases[subject, case]
        return rows[peer]["rate"] / max(rows[name]["rate"] for name in STORES if name in rows)

    return figure


def segments_ms(cases: Cases) -> float:
    """Return a figure: milliseconds to open 1,000 segments, whatever their size."""
    for (subject, case), rows in cases.items():
        if subject == "open" and "1,000 segments" in case:
            return rows["logcore"]["seconds"] * 1e3
    raise KeyError("1,000 segments")


def idle_kib(cases: Cases) -> float:
    """Return a figure: KiB of private memory of an idle log."""
    return cases["open", "1,000 logs of 1,000 records, each"]["logcore"]["private_bytes"] / 1024


BATCHES: Final = "batches of 1,000, 100 B"
SINGLES: Final = "one at a time, 100 B"

TARGETS: Final = (
    Target("batches of 1,000 x 100 B from `list[bytes]`", rate(NOT_DURABLE, BATCHES), 3),
    Target("... and above every store", to_best(NOT_DURABLE, BATCHES), 1.5, "x"),
    Target(
        "batches from one contiguous buffer", rate(NOT_DURABLE, "one buffer of 1,000, 100 B"), 5
    ),
    Target(
        "single append with linger",
        rate(NOT_DURABLE, SINGLES, "logcore, linger 5 ms"),
        1.5,
    ),
    Target("single append, unbuffered", rate(NOT_DURABLE, SINGLES), 0.5),
    Target(
        "ready-made 16 KiB, to raw pwrite",
        ratio(NOT_DURABLE, "ready-made batch, 16 KiB a call"),
        0.6,
        "x",
    ),
    Target(
        "ready-made 1 MiB, to raw pwrite",
        ratio(NOT_DURABLE, "ready-made batch, 1 MiB a call"),
        0.6,
        "x",
    ),
    Target("durable batch of 1,000 x 100 B, to raw", ratio(DURABLE, BATCHES), 0.8, "x"),
    Target("... to RocksDB", ratio(DURABLE, BATCHES, to="RocksDB"), 2, "x"),
    Target(
        "... preallocated, to raw",
        ratio(DURABLE, BATCHES, "logcore, preallocate"),
        1,
        "x",
    ),
    Target(
        "batch views as columns, 100 B", rate("read", "columns, 100 B", "logcore, read_batches"), 20
    ),
    Target("iteration giving `bytes`, 100 B", rate("read", "every value as bytes, 100 B"), 5),
    Target("... and above every store", to_best("read", "every value as bytes, 100 B"), 1, "x"),
    Target("open 1,000 segments, cleanly closed", segments_ms, 50, "ms", most=True),
    Target("private memory of an idle log", idle_kib, 16, "KiB", most=True),
)
