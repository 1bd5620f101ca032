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


def test_compaction_keeps_the_newest_record_of_each_key(tmp_path):
    with Log(tmp_path / "log", cleanup_policy="compact") as log:
        for n in range(10):
            log.append_batch([b"%d" % n] * 3, [b"a", b"b", b"c%d" % n])
        report = log.compact()
        kept = {(r.offset, r.key, r.value) for r in log}
        assert kept == {(27, b"a", b"9"), (28, b"b", b"9")} | {
            (n * 3 + 2, b"c%d" % n, b"%d" % n) for n in range(10)
        }
        assert (report.records_read, report.records_kept) == (30, 12)
        assert report.bytes_after < report.bytes_before
        assert log.append(b"next", key=b"k") == 30


def test_verify_counts_what_it_checked_and_tells_progress(tmp_path):
    told = []
    with Log(tmp_path / "log", segment_bytes=1000) as log:
        for _ in range(3):
            log.append_batch([bytes(300)] * 2)
        report = log.verify(lambda done, total: told.append((done, total)))
        assert (report.segments, report.batches, report.records) == (3, 3, 6)
        assert report.size_bytes == log.stat().size_bytes
        assert report.problems == []
        assert told[-1] == (report.size_bytes, report.size_bytes)


def test_verify_reports_damage(tmp_path):
    with Log(tmp_path / "log") as log:
        log.append_batch([bytes(100)])
        (file,) = (tmp_path / "log").glob("*.log")
        with file.open("r+b") as opened:
            opened.seek(100)
            opened.write(b"!")
        (problem,) = log.verify().problems
        assert "00000000000000000000.log" in problem


def test_what_the_progress_raises_is_raised(tmp_path):
    with Log(tmp_path / "log") as log:
        log.append(b"a")
        with pytest.raises(ZeroDivisionError):
            log.verify(lambda done, _: done / 0)
