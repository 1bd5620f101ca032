"""Retention, compaction and flushes happen by themselves in a running broker."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logcore import Log
from tests.broker.batches import batch
from tests.broker.handlers.asking import fetch, list_offset, produce
from tests.broker.running import running_broker

SOON = {
    "log_initial_task_delay_ms": "20",
    "log_retention_check_interval_ms": "50",
    "log_cleaner_backoff_ms": "50",
    "log_flush_offset_checkpoint_interval_ms": "50",
}
SEGMENT_BYTES = 1_048_576


def until(holds: Callable[[], Any], seconds: float = 20) -> Any:
    """Wait until something holds; what does not come is a failure."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
    return found


def test_old_segments_go_by_size_and_the_start_moves(tmp_path):
    with running_broker(tmp_path, **SOON) as running:
        topic = running.topic(
            segment_bytes=str(SEGMENT_BYTES),
            retention_bytes=str(SEGMENT_BYTES),
            retention_ms="-1",
        )
        wire = running.wire()
        for _ in range(6):
            assert produce(wire, topic, batch([b"v" * 900_000])).error_code == 0
        until(lambda: list_offset(wire, topic, -2).offset == 4)
        assert list_offset(wire, topic, -1).offset == 6
        assert fetch(wire, topic, 0).error_code == 1
        assert fetch(wire, topic, 4).error_code == 0


def test_old_segments_go_by_time_all_of_them(tmp_path):
    with running_broker(tmp_path, **SOON) as running:
        topic, wire = running.topic(), running.wire()
        assert produce(wire, topic, batch([b"v"], timestamp=1_000)).error_code == 0
        assert until(lambda: list_offset(wire, topic, -2).offset) == 1
        assert produce(wire, topic, batch([b"w"])).base_offset == 1


def test_of_every_key_the_newest_record_is_kept(tmp_path):
    with running_broker(tmp_path, **SOON) as running:
        topic = running.topic(
            segment_bytes=str(SEGMENT_BYTES),
            cleanup_policy="compact",
            min_cleanable_dirty_ratio="0.01",
        )
        wire = running.wire()
        for number in range(20):
            pairs = [(b"key-%d" % (number % 2), b"%03d" % number + b"v" * 300_000)]
            assert produce(wire, topic, batch(pairs)).error_code == 0

        def compacted() -> bool:
            return kept(tmp_path / f"{topic}-0") < 20

        until(compacted)
        assert list_offset(wire, topic, -1).offset == 20
    with Log(str(tmp_path / f"{topic}-0"), readonly=True) as log:
        values = {record.key: (record.value or b"")[:3] for record in log}
    assert values == {b"key-0": b"018", b"key-1": b"019"}


def kept(path: Path) -> int:
    with Log(str(path), readonly=True) as log:
        return sum(1 for _ in log)


@pytest.mark.parametrize("setting", ["flush_messages", "flush_ms"])
def test_records_reach_the_disk_as_the_topic_asks(tmp_path, setting: str):
    with running_broker(tmp_path, **SOON) as running:
        topic = running.topic(1, **{setting: "1"})
        wire = running.wire()
        assert produce(wire, topic, batch([b"v"])).error_code == 0

        def recovery_point() -> int:
            parts = running.broker.parts
            found: int = running.call(lambda: parts.replicas.get(topic, 0).log.recovery_point)
            return found

        if setting == "flush_messages":
            assert recovery_point() == 1
        else:
            assert until(recovery_point) == 1
