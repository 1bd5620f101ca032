"""`Log` as a whole: its settings, its life from open to close, what removes records."""

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from logcore import Log
from logcore.common.errors import (
    InvalidArgumentError,
    InvalidConfigError,
    LogClosedError,
    LogcoreError,
    LogLockedError,
    OffsetOutOfRangeError,
    UnsupportedCompressionTypeError,
)


def values_of(log):
    return [record.value for record in log]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda log: log.append("text"), TypeError),
        (lambda log: log.append(b"", key=1), TypeError),
        (lambda log: log.append(b"", timestamp=-5), InvalidArgumentError),
        (lambda log: log.append(b"", timestamp=2**70), OverflowError),
        (lambda log: log.append(b"", headers=[(b"a", b"")]), TypeError),
        (lambda log: log.append(b"", headers=[("a",)]), ValueError),
        (lambda log: log.append_batch([b"", "text"]), TypeError),
        (lambda log: log.append_batch(5), TypeError),
        (lambda log: log.append_batch([b"a"], [b"k", b"k"]), InvalidArgumentError),
        (lambda log: log.append_batch([b"a"], None, []), InvalidArgumentError),
        (lambda log: log.append_batch([b"a"], None, [-7]), InvalidArgumentError),
        (lambda log: log.append_buffer("text", [4]), TypeError),
        (lambda log: log.append_raw("text"), TypeError),
        (lambda log: log.read(-1), OffsetOutOfRangeError),
        (lambda log: log.read(1), OffsetOutOfRangeError),
        (lambda log: log.read(0, 0), InvalidArgumentError),
        (lambda log: log.read(0, max_bytes=0), InvalidArgumentError),
        (lambda log: log.read_values(7), OffsetOutOfRangeError),
        (lambda log: log.read_batches(7), OffsetOutOfRangeError),
        (lambda log: log.read_batches(0, -1), InvalidArgumentError),
        (lambda log: log.read_columns(7), OffsetOutOfRangeError),
        (lambda log: log.fetch_range(7, 100), OffsetOutOfRangeError),
        (lambda log: log.to_arrow(max_rows=0), InvalidArgumentError),
        (lambda log: log.truncate(-1), LogcoreError),
        (lambda log: log.delete_before(1), OffsetOutOfRangeError),
        (lambda log: log.offset_for_time(-1), InvalidArgumentError),
        (lambda log: log.offset_for_time("yesterday"), InvalidArgumentError),
        (lambda log: log.wait(0, -1), InvalidArgumentError),
        (lambda log: log.wait(0, float("nan")), InvalidArgumentError),
    ],
)
def test_bad_arguments_are_refused_and_change_nothing(log, call, error):
    with pytest.raises(error):
        call(log)
    assert (log.start_offset, log.end_offset) == (0, 0)
    assert log.append(b"still fine") == 0


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"durability": "maybe"}, InvalidArgumentError),
        ({"compression": "brotli"}, UnsupportedCompressionTypeError),
        ({"linger_ms": -1}, InvalidArgumentError),
        ({"segment_bytes": 1}, InvalidConfigError),
        ({"cleanup_policy": "burn"}, InvalidConfigError),
        ({"config": {"segment.ms": "soon"}}, InvalidConfigError),
        ({"config": {"no.such.key": 1}}, InvalidArgumentError),
    ],
)
def test_bad_settings_are_refused(tmp_path, settings, error):
    with pytest.raises(error):
        Log(tmp_path / "log", **settings)


def test_use_after_close(tmp_path):
    log = Log(tmp_path / "log")
    log.append(b"a")
    log.close()
    log.close()
    assert log.closed
    calls = [
        lambda: log.append(b""), lambda: log.append_batch([b""]),
        lambda: log.append_buffer(b"", []), lambda: log.append_raw(b""),
        lambda: log.read(0), lambda: log.read_values(0),
        lambda: list(log), lambda: list(log.values()), lambda: log.read_batches(0),
        lambda: log.read_columns(0), log.to_arrow, lambda: log.fetch_range(0, 1), log.flush,
        lambda: log.start_offset, lambda: log.end_offset, lambda: log.recovery_point,
        lambda: log.offset_for_time(0), lambda: log.truncate(0), lambda: log.delete_before(0),
        log.apply_retention, log.roll, lambda: log.wait(0), log.stat, lambda: len(log),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(LogClosedError):
            call()
    assert "closed" in repr(log)


def test_a_second_writer_is_refused_and_told_who_has_it(tmp_path):
    with Log(tmp_path / "log"):
        with pytest.raises(LogLockedError) as caught:
            Log(tmp_path / "log")
        assert caught.value.path == str(tmp_path / "log")
        program = f"from logcore import Log; Log({str(tmp_path / 'log')!r})"
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "LogLockedError" in done.stderr
        assert str(os.getpid()) in done.stderr
    Log(tmp_path / "log").close()


def test_a_log_is_the_same_after_reopening(tmp_path):
    with Log(tmp_path / "log", linger_ms=1000) as log:
        log.append(b"lingering")
        log.append_batch([b"a", b"b"])
    with Log(tmp_path / "log") as log:
        assert values_of(log) == [b"lingering", b"a", b"b"]
        report = log.stat().recovery
        assert report is not None
        assert report.was_clean
        assert log.recovery_point == 3


def test_a_log_that_was_never_closed_is_collected_in_order(tmp_path):
    Log(tmp_path / "log", linger_ms=60_000).append(b"a")
    with Log(tmp_path / "log") as log:
        assert values_of(log) == [b"a"]


def test_flush_moves_the_recovery_point(log):
    log.append_batch([b"a", b"b"])
    assert log.flush() == log.recovery_point == 2


def test_truncate_removes_whole_batches_from_an_offset_on(log):
    log.append_batch([b"a", b"b"])
    log.append_batch([b"c", b"d"])
    assert log.truncate(3) == 2
    assert values_of(log) == [b"a", b"b"]
    assert log.append(b"e") == 2


def test_records_below_the_start_cannot_be_read(log):
    log.append_batch([b"a", b"b", b"c"])
    assert log.delete_before(2) == 2
    assert (log.start_offset, len(log)) == (2, 1)
    assert values_of(log) == [b"c"]
    with pytest.raises(OffsetOutOfRangeError) as caught:
        log.read(1)
    assert (caught.value.offset, caught.value.start, caught.value.end) == (1, 2, 3)


def test_retention_by_size_deletes_the_oldest_segments(tmp_path):
    with Log(tmp_path / "log", segment_bytes=1000, retention_bytes=2500) as log:
        for _ in range(10):
            log.append(bytes(900))
        # The upkeep that a roll asks for may have been here first.
        deleted = log.apply_retention()
        start = log.start_offset
        assert deleted == list(range(start - len(deleted), start))
        assert start > 0
        assert log.apply_retention() == []


def test_roll_starts_a_segment_once(log):
    log.append(b"a")
    assert log.roll() == 1 == log.roll()
    assert [base for base, _ in log.stat().segments] == [0, 1]


def test_a_log_is_refused_in_a_forked_child_and_stays_whole(tmp_path):
    log = Log(tmp_path / "log", linger_ms=60_000)
    log.append(b"parent")
    child = os.fork()
    if child == 0:
        try:
            log.append(b"child")
        except LogClosedError as error:
            ok = "fork" in str(error)
        else:
            ok = False
        del log
        os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    log.append(b"parent again")
    log.close()
    with Log(tmp_path / "log") as log:
        assert values_of(log) == [b"parent", b"parent again"]


def test_a_configured_key_wins_over_its_argument(tmp_path):
    settings = SimpleNamespace(segment_bytes=10_000, config={"segment.bytes": 1000})
    with Log(tmp_path / "log", **vars(settings)) as log:
        for _ in range(3):
            log.append(bytes(900))
        assert len(log.stat().segments) == 3


def test_a_forked_child_has_lingering_records_written_in_time(tmp_path):
    with Log(tmp_path / "parent", linger_ms=1) as log:
        log.append(b"starts the parent's thread")
        child = os.fork()
        if child == 0:
            own = Log(tmp_path / "child", linger_ms=1)
            own.append(b"a")
            (file,) = (tmp_path / "child").glob("*.log")
            until = time.monotonic() + 10
            while file.stat().st_size == 0 and time.monotonic() < until:
                time.sleep(0.01)
            os._exit(0 if file.stat().st_size else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
