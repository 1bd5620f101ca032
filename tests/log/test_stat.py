"""`Log.stat` and the report of what opening found."""

import pytest

from logcore import Log


def test_a_log_tells_its_state(tmp_path):
    with Log(tmp_path / "log", segment_bytes=1000) as log:
        for _ in range(3):
            log.append(bytes(600))
        stat = log.stat()
    assert stat.path == str(tmp_path / "log")
    assert (stat.start_offset, stat.end_offset) == (0, 3)
    assert [base for base, _ in stat.segments] == [0, 1, 2]
    assert stat.size_bytes == sum(size for _, size in stat.segments) > 1800


def test_a_torn_tail_is_reported(tmp_path):
    with Log(tmp_path / "log") as log:
        log.append_batch([b"whole"])
        log.append_batch([b"torn"])
        size = log.stat().size_bytes
    (file,) = (tmp_path / "log").glob("*.log")
    (tmp_path / "log" / ".kafka_cleanshutdown").unlink()
    for name in ("recovery-point-offset-checkpoint",):
        (tmp_path / "log" / name).unlink()
    with file.open("r+b") as opened:
        opened.truncate(size - 3)
    with Log(tmp_path / "log") as log:
        report = log.stat().recovery
        assert report is not None
        assert not report.was_clean
        assert report.segments_walked == 1
        assert report.truncated_bytes > 0
        assert report.truncated_reason
        assert list(log.values()) == [b"whole"]


def test_its_values_do_not_change(tmp_path):
    with Log(tmp_path / "log") as log:
        stat = log.stat()
    with pytest.raises(AttributeError):
        stat.end_offset = 9  # type: ignore[misc]
