"""What happens when a log directory fails; `tests/crash/test_broker_disks.py` makes one fail."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from logcore.broker.offline import METRIC, OfflineDirs
from logcore.common.errors import KafkaStorageError, LogDirectoryOfflineError, OffsetOutOfRangeError
from logcore.common.metrics import Metrics
from logcore.replication.manager import ReplicaManager
from tests.replication.test_manager import TopicFacts, topic

ERROR = KafkaStorageError("no space")


@dataclass
class DirFacts:
    path: str
    logs: list[tuple[str, int, int]]


@dataclass
class Logs:
    """Two directories, `a` with partition 0 of topic t and `b` with the others."""

    offline: list[str] = field(default_factory=list)

    def offline_dirs(self) -> list[str]:
        return self.offline

    def log_dirs(self) -> list[DirFacts]:
        return [DirFacts("a", [("t", 0, 10)]), DirFacts("b", [("t", 1, 10), ("gone", 0, 0)])]

    def topic_id(self, *_: object) -> None:
        return None

    def get_or_create_all(self, wanted: list[tuple[str, int, bytes]], _: bool) -> list[object]:
        return [f"log {index}" for _, index, _ in wanted]


@dataclass
class Waiters:
    checked: list[Any] = field(default_factory=list)

    def check(self, key: object) -> None:
        self.checked.append(key)


def any_logs(offline: list[str]) -> Any:
    return Logs(offline)


class Case:
    def __init__(self, *offline: str) -> None:
        self.logs = any_logs(list(offline))
        self.replicas = ReplicaManager(self.logs)
        facts: TopicFacts = topic("t", 2)
        self.replicas.host([facts], is_new=True)
        self.waiters, self.metrics = Waiters(), Metrics()
        self.dirs = OfflineDirs(self.replicas, self.waiters, self.metrics, metadata_dir="a")


def test_a_directory_that_fails_takes_its_partitions_and_no_others(caplog):
    case = Case()
    case.dirs.look()
    assert not caplog.records
    case.logs.offline.append("b")
    for _ in range(3):
        case.replicas.note_failure(case.replicas.get("t", 1), ERROR)
        case.dirs.look()
    assert [record.getMessage() for record in caplog.records] == [
        "t-1 cannot be read or written: no space",
        "the log directory b has failed and is offline until a restart, with 2 partitions",
    ]
    with pytest.raises(LogDirectoryOfflineError):
        _ = case.replicas.get("t", 1).log
    assert str(case.replicas.get("t", 0).log) == "log 0"
    assert case.waiters.checked == [("t", 1)]
    assert f"{METRIC} 1" in case.metrics.render()
    assert not case.dirs.fatal.is_done


def test_errors_of_clients_are_no_failure_of_the_storage(caplog):
    case = Case()
    case.logs.offline.append("b")
    case.replicas.note_failure(case.replicas.get("t", 1), OffsetOutOfRangeError())
    assert not caplog.records


def test_without_the_metadata_the_broker_cannot_go_on():
    case = Case()
    case.logs.offline.append("a")
    case.dirs.look()
    assert "metadata" in case.dirs.fatal.value()


def test_without_any_directory_the_broker_cannot_go_on():
    case = Case()
    case.dirs = OfflineDirs(case.replicas, case.waiters, Metrics(), metadata_dir="elsewhere")
    case.logs.offline.append("a")
    case.dirs.look()
    assert not case.dirs.fatal.is_done
    case.logs.offline.append("b")
    case.dirs.look()
    assert "every" in case.dirs.fatal.value()


def test_what_was_offline_at_the_start_is_not_reported_again(caplog):
    case = Case("b")
    case.dirs.look()
    assert not caplog.records
    assert f"{METRIC} 1" in case.metrics.render()
