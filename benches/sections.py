"""Sections of docs/benchmarks.md that have a command of their own: found, kept and written anew.

Invariant: what stands between a section's marks of what is by hand is kept by every run.
Neighbours: `benches.broker.report` and `benches.clients.report` make sections; `benches.report`
writes what is around them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Section:
    """A section, by the name in its marks and the command that writes it."""

    name: str
    command: str

    @property
    def begin(self) -> str:
        """The mark before it."""
        return f"<!-- {self.name}: written by {self.command} -->"

    @property
    def end(self) -> str:
        """The mark behind it."""
        return f"<!-- {self.name}: end -->"

    @property
    def hand_begin(self) -> str:
        """The mark before what is by hand."""
        return f"<!-- {self.name}: by hand, kept by the next run -->"

    @property
    def hand_end(self) -> str:
        """The mark behind what is by hand."""
        return f"<!-- {self.name}: end of what is by hand -->"

    def by_hand(self, document: str) -> list[str]:
        """Return the lines that hold what is by hand, marks included."""
        kept = between(document, self.hand_begin, self.hand_end) or "\n"
        return [f"{self.hand_begin}{kept}{self.hand_end}", ""]

    def kept(self, path: Path) -> str:
        """Return the section of a document as it is, for who writes the rest anew."""
        document = path.read_text(encoding="utf-8") if path.exists() else ""
        inside = between(document, self.begin, self.end)
        return "" if inside is None else f"{self.begin}{inside}{self.end}\n"

    def write(self, path: Path, lines: Iterable[str]) -> None:
        """Put the section into a document, in place of the one before."""
        new = "\n".join([self.begin, *lines, self.end])
        document = path.read_text(encoding="utf-8")
        inside = between(document, self.begin, self.end)
        if inside is None:
            document = f"{document.rstrip()}\n\n{new}\n"
        else:
            document = document.replace(f"{self.begin}{inside}{self.end}", new)
        path.write_text(document, encoding="utf-8")
        print(new)


def between(text: str, begin: str, end: str) -> str | None:
    """Return what stands between two marks."""
    _, found, rest = text.partition(begin)
    return rest.partition(end)[0] if found else None


def verdict(*, reached: bool) -> str:
    """Return what a table says of a promise."""
    return "reached" if reached else "**MISSED**"


def middle(values: dict[str, list[float]]) -> dict[str, float]:
    """Return the median of each list."""
    return {name: median(found) for name, found in values.items()}


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
