"""A log directory as Apache Kafka leaves one, made without Java: ours, with a ``quorum-state``.

Invariant: what is made here passes the inspection; each test breaks one thing.
Neighbours: `tests/interop/test_takeover.py` has the real ones.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.takeover.inspection import inspect
from logcore.broker.takeover.summary import Takeover
from logcore.controller.records import encoded
from logcore.log import Log
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from tests.broker.handlers.transacting import Producer
from tests.broker.running import running_broker

KAFKA_EPOCH = 9
METADATA = "__cluster_metadata-0"
SETTINGS = {
    "offsets_topic_num_partitions": "1",
    "transaction_state_log_num_partitions": "1",
}


@dataclass
class Node:
    """A directory, and what an inspection is told of it."""

    path: Path
    topic: str

    @property
    def metadata(self) -> Path:
        return self.path / METADATA

    def config(self, **settings: str) -> BrokerConfig:
        told = {"log.dirs": str(self.path), "listeners": "PLAINTEXT://127.0.0.1:0"}
        return BrokerConfig(told | {key.replace("_", "."): text for key, text in settings.items()})

    def inspect(self, **settings: str) -> Takeover | None:
        return inspect(self.config(**settings))

    def append_metadata(self, *records: Any) -> None:
        """Append records to the metadata."""
        self.append_raw_metadata(encoded(record) for record in records)

    def append_raw_metadata(self, values: Iterable[bytes]) -> None:
        self.append(METADATA, [(None, value) for value in values])

    def append(self, directory: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        """Append to a log of the node."""
        with Log(self.path / directory) as log:
            for key, value in records:
                log.append(value, key=key)

    def copy(self, path: Path) -> "Node":
        shutil.copytree(self.path, path)
        return Node(path, self.topic)


def made(path: Path) -> Node:
    """Fill a directory by a broker of ours, and make it look like Kafka's."""
    with running_broker(path, **SETTINGS) as broker:
        topic = broker.topic(2, retention_ms="77000000")
        broker.wire().ask(FindCoordinatorRequest(coordinator_keys=["g"]), 6)
        for name in ("idle", "open", "committed", "aborted"):
            producer = Producer(broker, name)
            assert producer.init() == 0
            if name != "idle":
                assert producer.write(topic, name.encode(), 1).error_code == 0
                assert producer.commit_offset(f"group-of-{name}", topic, 5) == 0
            if name in {"committed", "aborted"}:
                assert producer.end(is_commit=name == "committed") == 0
    say_state(path, KAFKA_EPOCH)
    return Node(path, topic)


def say_state(path: Path, epoch: int, **facts: Any) -> None:
    """Write ``quorum-state`` as Kafka does."""
    state = {"leaderId": 1, "leaderEpoch": epoch, "votedId": -1, "data_version": 1}
    (path / METADATA / "quorum-state").write_text(json.dumps(state | facts))


def tree(path: Path) -> dict[str, tuple[int, int, str]]:
    """Return size, time and digest of everything in a directory."""
    found = {}
    for each in sorted([path, *path.rglob("*")]):
        status = each.lstat()
        digest = "" if each.is_dir() else hashlib.sha256(each.read_bytes()).hexdigest()
        found[str(each.relative_to(path))] = (status.st_size, status.st_mtime_ns, digest)
    return found
