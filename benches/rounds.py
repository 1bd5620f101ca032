"""Contests: contestants take turns, round after round, and pytest-benchmark gets what was measured.

A machine's mood changes within seconds, so measuring one store after the other compares moods. Here
every round runs all contestants once (starting with another one each time); a benchmark then
replays the durations of its contestant to pytest-benchmark through a timer of our own.
Invariant: a duration is in seconds per record (or per call, as the contest says), measured around
the work alone: opening, filling and closing happen outside of it.
Neighbours: the benches `test_*_bench.py` define contests; `report` reads `extra_info`.
"""

import atexit
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "5"))
FULL: Final = os.environ.get("BENCH_FULL") == "1"
SEED: Final = 3
DATA: Final = Path(os.environ.get("BENCH_DIRECTORY", "target/bench/data"))


OPEN: Final = ExitStack()
"""What stays open from case to case, closed when the process ends."""

atexit.register(OPEN.close)


@dataclass
class Measured:
    """One contestant's one round."""

    seconds: float
    count: int
    disk_bytes: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Contest:
    """Contestants that do the same work.

    Attributes:
        subject: Heading in the report.
        case: What exactly; unique within the subject.
        runs: Name of a contestant -> what does its work once.
        size_bytes: Payload of one record, 0 where bytes per second say nothing.
        unit: What `count` counts.
        durability: `none`, `per batch`, `group`, or `read`.
        rounds: How many times each takes its turn.
    """

    subject: str
    case: str
    runs: Mapping[str, Callable[[], Measured]]
    size_bytes: int = 0
    unit: str = "record"
    durability: str = "none"
    rounds: int = ROUNDS

    def names(self) -> list[str]:
        """Return the contestants."""
        return list(self.runs)


class Replay:
    """A timer that shows what was measured before."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time that this timer claims."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


REPLAY: Final = Replay()
_RESULTS: dict[tuple[str, str], dict[str, list[Measured]]] = {}


def interleave(
    runs: Mapping[str, Callable[[], Measured]], rounds: int
) -> dict[str, list[Measured]]:
    """Run every contestant once a round; each round begins with the next one."""
    names = list(runs)
    results: dict[str, list[Measured]] = {name: [] for name in names}
    for turn in range(rounds):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            results[name].append(runs[name]())
    return results


def report_to(benchmark: Any, contest: Contest, name: str) -> None:
    """Give pytest-benchmark the durations of one contestant; the contest is run at the first."""
    key = (contest.subject, contest.case)
    if key not in _RESULTS:
        _RESULTS[key] = interleave(contest.runs, contest.rounds)
    measured = _RESULTS[key][name]
    last = measured[-1]
    benchmark.group = f"{contest.subject}: {contest.case}"
    about = {k: v for k, v in vars(contest).items() if k not in ("runs", "rounds")}
    about |= {"peer": name, "count": last.count, "disk_bytes": last.disk_bytes}
    benchmark.extra_info.update(about | asdict(last)["notes"])
    durations = iter([one.seconds / one.count for one in measured])
    benchmark.pedantic(lambda: REPLAY.advance(next(durations)), rounds=len(measured), iterations=1)


def each(contests: list[Contest]) -> list[tuple[Contest, str]]:
    """Return every contestant of every contest, as a test's parameters."""
    return [(contest, name) for contest in contests for name in contest.names()]


def label(value: Any) -> str:
    """Name a parameter of `each` for pytest."""
    return f"{value.subject}: {value.case}" if isinstance(value, Contest) else str(value)


@contextmanager
def fresh_directory() -> Iterator[Path]:
    """Give an empty directory on the file system that is measured, and remove it."""
    DATA.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(dir=DATA))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@cache
def payloads(count: int, size_bytes: int) -> list[bytes]:
    """Return distinct values that no codec makes smaller; the same in every run."""
    data = random.Random(SEED).randbytes(count * size_bytes)
    return [data[i : i + size_bytes] for i in range(0, len(data), size_bytes)]
