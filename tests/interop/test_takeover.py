"""The directory of an Apache Kafka node, taken over: the same records, groups and transactions.

Invariant: what a client saw on Apache Kafka it sees here, and, after a stop in order, on Apache
Kafka again; a refusal leaves every byte as it was.
Neighbours: `kafka_data` fills and looks; `tests/broker/takeover` has the reasons for a refusal.
"""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.broker import TAIL
from tests.peers import kafka

confluent_kafka = pytest.importorskip("confluent_kafka")

from tests.interop import kafka_data as data  # noqa: E402 - needs librdkafka

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools"), pytest.mark.timeout(300)]

WAIT_S = 60


@dataclass
class Ours:
    """A broker of ours on Kafka's directory."""

    bootstrap: str
    ready: dict[str, object]
    errors: Path
    process: subprocess.Popen[str]

    def said(self) -> str:
        return self.errors.read_text(errors="replace")[-TAIL:]


def command_of(*options: str) -> list[str]:
    return [sys.executable, "-m", "logcore.cli.main", "broker", "--output", "json", *options]


@contextmanager
def ours(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Ours]:
    """Start ours with Kafka's own server.properties; stop it in order."""
    errors = folder / "ours.err"
    options = [
        option for key, value in (settings or {}).items() for option in ("--set", f"{key}={value}")
    ]
    command = command_of("--config", str(folder / "server.properties"), *options)
    with errors.open("ab") as sink:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=sink, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, errors.read_text()
    ready = json.loads(line)
    broker = Ours(ready["listeners"][0].partition("://")[2], ready, errors, process)
    try:
        yield broker
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, broker.said()
        process.stdout.close()


def properties_of(folder: Path) -> dict[str, str]:
    lines = (folder / "server.properties").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def moved(source: Path, target: Path) -> Path:
    """Copy a node's folder; its server.properties then names the copy."""
    shutil.copytree(source, target)
    file = target / "server.properties"
    file.write_text(file.read_text().replace(str(source), str(target)))
    return target


def tree(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Return size, time and digest of every file, and the time of every directory."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        digest = "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = (status.st_size, status.st_mtime_ns, digest)
    return found


def refused(folder: Path, *options: str) -> str:
    """Start ours on a directory that it must refuse; nothing may change."""
    before = tree(folder / "data")
    command = command_of("--config", str(folder / "server.properties"), *options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert tree(folder / "data") == before
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    [line] = done.stderr.strip().splitlines()
    return line


@dataclass
class Left:
    """What Apache Kafka left behind."""

    folder: Path
    seen: data.Seen
    under_way: object
    port: int


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory, kafka_tools: None) -> Left:  # noqa: ARG001
    """A node that was filled, looked at and stopped; nobody starts it, only copies."""
    folder = tmp_path_factory.mktemp("kafka")
    with kafka.running_kafka(folder, None, data.KAFKA_SETTINGS) as broker:
        under_way = data.fill(broker)
        seen = data.look(broker.bootstrap)
        seen.transactions = lasting(broker.tool("transactions", "list"))
        port = int(broker.bootstrap.rpartition(":")[2])
    return Left(folder, seen, under_way, port)


def test_a_node_that_runs_or_was_killed_is_left_alone(tmp_path):
    with kafka.running_kafka(tmp_path) as broker:
        broker.tool("topics", "--create", "--topic", "t")
        command = command_of("--config", str(tmp_path / "server.properties"))
        done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
        assert done.returncode == 1
        assert "is in use by another process: stop Apache Kafka first" in done.stderr
        assert broker.process.poll() is None
        assert "Topic: t" in broker.tool("topics", "--describe", "--topic", "t")
        broker.kill()
    line = refused(tmp_path)
    assert "was not closed in order (.kafka_cleanshutdown is missing): start Apache Kafka" in line
    assert line.endswith("Nothing was changed")


def test_what_was_there_is_served_and_kafka_goes_on_afterwards(left, tmp_path):
    folder = moved(left.folder, tmp_path / "node")
    with ours(folder) as broker:
        seen = data.look(broker.bootstrap)
        seen.transactions = lasting(tool(broker, "transactions", "list"))
        assert list(left.seen.differences(seen)) == []
        check_summary(broker)
        complete(left.under_way)
        wait_for_abort(broker)
        after = data.look(broker.bootstrap)
    assert after.records["payments-0 read_committed"][2] == 75 + 10
    assert ("none", 1, 77) in after.groups[data.CLASSIC_GROUP][2]
    with kafka_again(folder) as again:
        assert list(after.differences(data.look(again.bootstrap))) == []
        producer = data.begun(again.bootstrap, "later")
        data.write(producer, "later", 10)
        producer.commit_transaction()
        last = data.look(again.bootstrap)
    with ours(folder) as broker:
        assert broker.ready["took_over"] is not None
        assert list(last.differences(data.look(broker.bootstrap))) == []
    with ours(folder) as broker:
        assert broker.ready["took_over"] is None


def lasting(listed: str) -> dict[str, str]:
    states = data.transactions_of(listed)
    assert states.pop(data.SHORT_ID) in {"Ongoing", "CompleteAbort"}
    return states


def tool(broker: Ours, name: str, *arguments: str) -> str:
    return kafka.run_tool(name, "--bootstrap-server", broker.bootstrap, *arguments)


def check_summary(broker: Ours) -> None:
    """It says once what it found, before it serves."""
    found = broker.ready["took_over"]
    assert isinstance(found, dict)
    assert found["topics"] == 12
    assert found["classic groups"] == 1
    assert found["consumer groups"] == 1
    assert found["open transactions"] in {1, 2}
    assert found["deleted logs"] == 2
    assert broker.said().count("taking over the data of an Apache Kafka node") == 1


def complete(under_way: object) -> None:
    """A producer that began a transaction on Kafka commits it here, and notices nothing."""
    assert isinstance(under_way, confluent_kafka.Producer)
    under_way.commit_transaction(WAIT_S)


def wait_for_abort(broker: Ours) -> None:
    """The transaction that nobody ends times out."""
    deadline = time.monotonic() + WAIT_S
    while True:
        states = data.transactions_of(tool(broker, "transactions", "list"))
        if states[data.SHORT_ID] == "CompleteAbort":
            return
        assert time.monotonic() < deadline, states
        time.sleep(1)


@contextmanager
def kafka_again(
    folder: Path, settings: Mapping[str, str] = data.KAFKA_SETTINGS
) -> Iterator[kafka.KafkaBroker]:
    """Start Apache Kafka on the directory that ours served."""
    given = properties_of(folder)
    port = int(given["listeners"].split(",")[0].rpartition(":")[2])
    kept = {key: given[key] for key in given if key.startswith("controller.quorum")}
    kept |= {key: given[key] for key in ("listeners", "advertised.listeners")}
    with kafka.running_kafka(folder, port, {**settings, **kept}) as broker:
        yield broker
