"""Log directories that fill up, become read-only or vanish: one fails alone, the others live.

A directory of its own file system is mounted for it, which only root may do: otherwise it skips.
Neighbours: `broker.offline` is what does it; `rust/tests/manager_failures.rs` has faults of every
kind of call.
"""

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from logcore.broker.offline import METRIC
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.describe_log_dirs import DescribeLogDirsRequest
from tests.broker.batches import batch
from tests.broker.handlers.asking import fetch, list_offset, produce
from tests.broker.wire import Wire
from tests.crash.broker_process import BrokerProcess, free_port

KAFKA_STORAGE_ERROR = 56
VALUE = batch([bytes(100_000)])
SMALL, LARGE = "6m", "64m"
TRIES = 200
NAMES = ("a", "b", "c", "d")


def mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot mount a file system here: {done.stderr.strip()}")


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Path]:
    """A log directory on a small file system of its own."""
    if os.geteuid() or shutil.which("mount") is None:
        pytest.skip("only root may mount a file system")
    path = tmp_path / "second"
    path.mkdir()
    mount("-t", "tmpfs", "-o", f"size={SMALL}", "logcore-test", str(path))
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


class Disks:
    """A broker with a log directory that stays well, and one that does not."""

    def __init__(self, tmp_path: Path, second: Path) -> None:
        self.second = second
        self.health = free_port()
        self.process = BrokerProcess(
            tmp_path,
            log_dirs=f"{tmp_path / 'data'},{second}",
            log_segment_bytes="1048576",
            logcore_health_port=str(self.health),
        )

    @contextmanager
    def running(self) -> Iterator[Wire]:
        with self.process, Wire(self.process.port) as wire:
            yield wire

    def make_topics(self, wire: Wire) -> None:
        topics = [
            CreatableTopic(name=name, num_partitions=1, replication_factor=1) for name in NAMES
        ]
        answer = wire.ask(CreateTopicsRequest(topics=topics, timeout_ms=10_000), 5)
        assert not any(topic.error_code for topic in answer.topics)

    def split(self) -> tuple[list[str], list[str]]:
        """The topics in the directory that stays well, and the others."""
        there = [name for name in NAMES if (self.second / f"{name}-0").exists()]
        assert 0 < len(there) < len(NAMES)
        return [name for name in NAMES if name not in there], there

    def metric(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.health}/metrics", timeout=20) as got:
            lines = got.read().decode().splitlines()
        found: str = next(line for line in lines if line.startswith(METRIC + " "))
        return found


def fill(wire: Wire, names: list[str]) -> dict[str, int]:
    """Produce until each topic's storage fails; return how many records each acknowledged."""
    counts = dict.fromkeys(names, 0)
    failing: set[str] = set()
    for _ in range(TRIES):
        for name in names:
            answer = produce(wire, name, VALUE)
            if answer.error_code:
                assert answer.error_code == KAFKA_STORAGE_ERROR
                failing.add(name)
            else:
                assert name not in failing, "what failed does not come back by itself"
                counts[name] += 1
        if len(failing) == len(names):
            return counts
    raise AssertionError(f"only {failing} failed")


def check_that_one_failed_alone(disks: Disks, wire: Wire) -> None:
    well, ill = disks.split()
    for name in well:
        assert produce(wire, name, VALUE).error_code == 0
        assert fetch(wire, name, 0).error_code == 0
    for name in ill:
        assert produce(wire, name, VALUE).error_code == KAFKA_STORAGE_ERROR
        assert fetch(wire, name, 0).error_code == KAFKA_STORAGE_ERROR
        assert list_offset(wire, name, -1).error_code == KAFKA_STORAGE_ERROR
    topic = CreatableTopic(name="new", num_partitions=3, replication_factor=1)
    answer = wire.ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 5)
    assert answer.topics[0].error_code == 0
    assert produce(wire, "new", VALUE, partition=2).error_code == 0
    dirs = wire.ask(DescribeLogDirsRequest(topics=None), 4).results
    assert {Path(each.log_dir): each.error_code for each in dirs} == {
        disks.second: KAFKA_STORAGE_ERROR,
        disks.second.parent / "data": 0,
    }
    assert disks.metric() == f"{METRIC} 1"
    lines = disks.process.log.splitlines()
    assert sum(f"directory {disks.second} has failed" in line for line in lines) == 1
    assert len(lines) < 10, "a line for each directory, not for each request"


def test_a_full_disk_fails_alone_and_is_well_again_after_a_restart(tmp_path, second):
    disks = Disks(tmp_path, second)
    with disks.running() as wire:
        disks.make_topics(wire)
        assert disks.metric() == f"{METRIC} 0"
        _, ill = disks.split()
        counts = fill(wire, ill)
        check_that_one_failed_alone(disks, wire)
        assert disks.process.stop() == 0
    mount("-o", f"remount,size={LARGE}", str(second))
    with disks.running() as wire:
        for name, count in counts.items():
            assert list_offset(wire, name, -1).offset == count
            assert produce(wire, name, VALUE).base_offset == count
        assert disks.metric() == f"{METRIC} 0"
        assert disks.process.stop() == 0
        assert "Traceback" not in disks.process.log


def test_a_disk_that_is_read_only_at_the_start_fails_alone(tmp_path, second):
    disks = Disks(tmp_path, second)
    with disks.running() as wire:
        disks.make_topics(wire)
        well, ill = disks.split()
        for name in NAMES:
            assert produce(wire, name, VALUE).error_code == 0
        assert disks.process.stop() == 0
    mount("-o", "remount,ro", str(second))
    with disks.running() as wire:
        for name in ill:
            assert produce(wire, name, VALUE).error_code == KAFKA_STORAGE_ERROR
            assert fetch(wire, name, 0).error_code == KAFKA_STORAGE_ERROR
        for name in well:
            assert produce(wire, name, VALUE).base_offset == 1
        assert disks.metric() == f"{METRIC} 1"
        assert f"directory {second} is offline" in disks.process.log
        assert disks.process.stop() == 0
    mount("-o", "remount,rw", str(second))
    with disks.running() as wire:
        for name in ill:
            assert produce(wire, name, VALUE).base_offset == 1
        assert disks.process.stop() == 0


def test_a_directory_that_is_removed_fails_alone(tmp_path):
    disks = Disks(tmp_path, tmp_path / "removed")
    with disks.running() as wire:
        disks.make_topics(wire)
        _, ill = disks.split()
        shutil.rmtree(disks.second)
        fill(wire, ill)  # the open segment takes more for a while, as a removed file does
        for name in ill:
            (disks.second / f"{name}-0").mkdir(parents=True)  # for `split`
        check_that_one_failed_alone(disks, wire)
        assert disks.process.stop() == 0


def test_without_any_directory_the_broker_ends_with_a_reason(tmp_path):
    with BrokerProcess(tmp_path, log_segment_bytes="1048576") as broker:
        with Wire(broker.port) as wire:
            topic = CreatableTopic(name="a", num_partitions=1, replication_factor=1)
            wire.ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 5)
            shutil.rmtree(tmp_path / "data")
            fill(wire, ["a"])
        assert broker.wait() == 1
        assert "data has failed" in broker.log
        assert broker.log.splitlines()[-1].startswith("Error: ")
