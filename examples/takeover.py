"""Start logcore on the data of an Apache Kafka, and find everything where it was; then go back.

An Apache Kafka of one node is filled by librdkafka: records of every codec, a compacted and a
trimmed topic, transactions committed, aborted and still under way, groups of both kinds, settings.
It is stopped, logcore is started on the same directory with the same server.properties, and a
client looks at both. The transaction that was begun on Kafka is committed here, by the producer
that began it. At the end Kafka itself is started again on what logcore left.
Invariant: every printed claim has been checked; else the program ends with a message and code 1.
Neighbours: `tests.interop.kafka_data` fills and looks. Run it by `make demo-takeover`; needs Java
and Maven, which fetches Apache Kafka.
"""

import contextlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from tests.interop import kafka_data as data
from tests.peers import kafka

START_S: Final = 60


def check(holds: bool, otherwise: str) -> None:
    """End the program unless a claim holds."""
    if not holds:
        sys.exit(f"takeover: WRONG: {otherwise}")


def check_same(what: str, before: data.Seen, after: data.Seen) -> None:
    """End the program unless a client saw the same twice."""
    differences = list(before.differences(after))
    check(not differences, f"{what}: {'; '.join(differences)}")


@contextlib.contextmanager
def logcore_broker(folder: Path) -> Iterator[str]:
    """Run logcore with the node's own server.properties; gives its address."""
    command = [sys.executable, "-m", "logcore.cli.main", "broker"]
    command += ["--config", str(folder / "server.properties")]
    errors = folder / "logcore.err"
    with errors.open("ab") as sink:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=sink, text=True)
    assert process.stdout is not None, "a pipe was asked for"
    line = process.stdout.readline()
    check(line.startswith("ready on "), f"logcore does not start: {errors.read_text()}")
    try:
        yield line.split("PLAINTEXT://", 1)[1].split(";", 1)[0].split(",", 1)[0]
    finally:
        process.send_signal(signal.SIGTERM)
        check(process.wait(START_S) == 0, f"logcore does not stop well: {errors.read_text()}")
        process.stdout.close()


def settings_of(folder: Path) -> dict[str, str]:
    """Return what Apache Kafka was started with, for another start."""
    lines = (folder / "server.properties").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def told(seen: data.Seen) -> str:
    """Say how much a client saw."""
    count = sum(held[2] for place, held in seen.records.items() if place.endswith("_committed"))
    offsets = sum(len(group[2]) for group in seen.groups.values())
    return (
        f"{len(seen.topics)} topics, {count:,} committed records, {len(seen.groups)} groups with "
        f"{offsets} committed offsets, {sum(map(len, seen.settings.values()))} settings"
    )


def fill_kafka(folder: Path) -> tuple[data.Seen, Any]:
    """Fill an Apache Kafka and stop it; return what a client saw, and the open producer."""
    with kafka.running_kafka(folder, None, data.KAFKA_SETTINGS) as broker:
        under_way = data.fill(broker)
        seen = data.look(broker.bootstrap)
        print(f"Apache Kafka, filled:      {told(seen)}")
    print("Apache Kafka, stopped, with a transaction still under way")
    return seen, under_way


def serve_here(folder: Path, before: data.Seen, under_way: Any) -> data.Seen:  # noqa: ANN401
    """Start logcore on the directory, compare, and go on with it; return what a client saw."""
    began = perf_counter()
    with logcore_broker(folder) as bootstrap:
        print(f"logcore, on its directory: ready after {perf_counter() - began:.1f} s")
        print(f"  {(folder / 'logcore.err').read_text().partition(': ')[2].strip()}")
        check_same("logcore shows something else than Kafka did", before, data.look(bootstrap))
        print("  the same topics, records, offsets and settings, by librdkafka")
        under_way.commit_transaction(START_S)
        after = data.look(bootstrap)
        place = "payments-0 read_committed"
        grown = after.records[place][2] - before.records[place][2]
        check(grown == 10, f"the committed transaction shows {grown} records in a partition")
        print("  the transaction begun on Kafka is committed here, by the producer that began it")
    return after


def serve_there(folder: Path, before: data.Seen) -> None:
    """Start Apache Kafka again on what logcore left, and compare."""
    given = settings_of(folder)
    port = int(given["listeners"].split(",")[0].rpartition(":")[2])
    kept = {
        name: given[name] for name in given if name.endswith(("listeners", "bootstrap.servers"))
    }
    with kafka.running_kafka(folder, port, {**data.KAFKA_SETTINGS, **kept}) as broker:
        check_same(
            "Kafka shows something else than logcore did", before, data.look(broker.bootstrap)
        )
        print("Apache Kafka, started again on the directory: the same once more")


def main() -> None:
    """Run the demo in a temporary folder."""
    reason = kafka.why_absent()
    if reason:
        sys.exit(f"takeover: {reason}")
    with tempfile.TemporaryDirectory(prefix="logcore-takeover-") as name:
        folder = Path(name)
        seen, under_way = fill_kafka(folder)
        seen = serve_here(folder, seen, under_way)
        serve_there(folder, seen)


if __name__ == "__main__":
    main()
