"""`make interop`: every foreign suite against our broker, and Kafka's dump tool over its data.

`python -m tests.interop [--quick] [--broker kafka] [--keep DIRECTORY] [SUITE ...]`
Each suite meets a broker with a directory of its own. Ends with a table and 0 only if every
required test of every suite passed, each broker stopped cleanly, and no file drew a complaint.
`--broker kafka` runs the same against Apache Kafka, to see that the suites themselves are sound.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.interop.broker import AUTHORIZER, SETTINGS, OurBroker, running_broker
from tests.interop.data_check import check_data
from tests.interop.suite import NAMES, Verdict, prepare, run_suite
from tests.peers.kafka import KafkaBroker, running_kafka


@dataclass
class Row:
    """One line of the table."""

    verdict: Verdict
    data: str
    is_sound: bool

    @property
    def is_good(self) -> bool:
        """Whether the suite passed and its data is sound."""
        return self.verdict.is_accepted and self.is_sound

    def cells(self) -> list[str]:
        """Return the line's cells."""
        v = self.verdict
        counts = [str(v.passed), str(v.failed), str(v.skipped), str(len(v.failures))]
        seconds = f"{v.seconds:.0f} s"
        return [v.suite, *counts, seconds, self.data, "ok" if self.is_good else "FAILED"]


HEAD = ["suite", "passed", "failed", "skipped", "required missing", "time", "data", "verdict"]


@contextmanager
def running(which: str, directory: Path) -> Iterator[OurBroker | KafkaBroker]:
    """Start the broker under test."""
    if which == "kafka":
        with running_kafka(directory, config={**SETTINGS, **AUTHORIZER}) as theirs:
            yield theirs
    else:
        with running_broker(directory, settings=AUTHORIZER) as ours:
            yield ours


def one(suite: str, arguments: argparse.Namespace, directory: Path) -> Row:
    """Run one suite with a broker of its own, then look at what that left."""
    directory.mkdir(parents=True)
    mode = ["--quick"] if arguments.quick else []
    with running(arguments.broker, directory) as broker:
        verdict = run_suite(suite, broker.bootstrap, mode, arguments.jobs, show=say)
        code = broker.stop()
    if code:
        return Row(verdict, f"the broker exits {code}", is_sound=False)
    try:
        return Row(verdict, check_data(broker.log_dir), is_sound=True)
    except RuntimeError as error:
        say(str(error)[:4000])
        return Row(verdict, "the dump tool complains", is_sound=False)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def table(rows: list[Row]) -> str:
    """Return the table of all suites."""
    cells = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def main() -> None:
    """Run the chosen suites."""
    parser = argparse.ArgumentParser(description="Foreign suites against our broker.")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=" ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="a part that takes minutes")
    parser.add_argument("--broker", choices=("ours", "kafka"), default="ours")
    parser.add_argument("--jobs", type=int, help="tests at once, where a suite can")
    parser.add_argument("--keep", type=Path, help="a new directory for the brokers' data")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="logcore-interop-") as temporary:
        for suite in arguments.suites or NAMES:
            say(f"== {suite}")
            prepare(suite)
            rows.append(one(suite, arguments, (arguments.keep or Path(temporary)) / suite))
    say("\n" + table(rows))
    for row in rows:
        if not row.verdict.is_accepted:
            say(f"\n{row.verdict.suite}:\n{row.verdict.describe()}")
    sys.exit(not all(row.is_good for row in rows))


if __name__ == "__main__":
    main()
