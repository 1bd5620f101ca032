"""``readonly=True``: following a log that another process writes, and refusing to write."""

import subprocess
import sys

import pytest

from logcore import Log
from logcore.common.errors import InvalidArgumentError, LogClosedError, LogReadOnlyError

WRITER = """
import sys
from logcore import Log
with Log(sys.argv[1], segment_bytes=2000) as log:
    for line in sys.stdin:
        print(log.append(line.strip().encode()), flush=True)
"""


@pytest.fixture
def writer(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path / "log")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def append(text):
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(text + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield append
        process.stdin.close()


def test_a_follower_sees_what_another_process_appends(writer, tmp_path):
    writer("first")
    with Log(tmp_path / "log", readonly=True) as log:
        assert list(log.values()) == [b"first"]
        for n in range(100):
            assert writer("x" * 50 + str(n)) == n + 1
        assert log.wait(100, 10)
        assert log.end_offset == 101
        assert [r.offset for r in log.iter(1)] == list(range(1, 101))
        assert log.read_values(100) == [b"x" * 50 + b"99"]
        assert len(log.stat().segments) > 1
        assert log.stat().recovery is None
        assert log.offset_for_time(0) == 0
        assert log.verify().problems == []


def test_following_by_iteration(writer, tmp_path):
    writer("0")
    with Log(tmp_path / "log", readonly=True) as log:
        seen = []
        for record in log.iter(follow=True, timeout=0.2):
            seen.append(record.offset)
            if len(seen) < 5:
                writer("more")
        assert seen == [0, 1, 2, 3, 4]


def test_a_follower_refuses_to_write(tmp_path):
    Log(tmp_path / "log").close()
    with Log(tmp_path / "log", readonly=True) as log:
        writes = [
            lambda: log.append(b""), lambda: log.append_batch([b""]), log.flush, log.roll,
            lambda: log.append_buffer(b"a", [1]), lambda: log.append_raw(b""),
            lambda: log.truncate(0), lambda: log.delete_before(0), log.apply_retention, log.compact,
            lambda: log.recovery_point,
        ]  # fmt: skip
        for write in writes:
            with pytest.raises(LogReadOnlyError):
                write()
    for call in (lambda: log.read(0), lambda: log.append(b""), lambda: log.end_offset):
        with pytest.raises(LogClosedError):
            call()


def test_a_follower_needs_a_log(tmp_path):
    with pytest.raises(InvalidArgumentError, match="does not exist"):
        Log(tmp_path / "none", readonly=True)


def test_a_view_of_a_follower_keeps_it_open(tmp_path):
    with Log(tmp_path / "log") as log:
        log.append_batch([b"a", b"b"])
    follower = Log(tmp_path / "log", readonly=True)
    columns = follower.read_columns(0)
    with pytest.raises(BufferError):
        follower.close()
    assert columns.values() == [b"a", b"b"]
    del columns
    follower.close()
