"""`logcore log append` and `compact`."""

import io

import pytest

from logcore import Log
from logcore.cli.entries import Entry, arriving_lines, entry_of_json


def values(path):
    with Log(path, readonly=True) as log:
        return [(record.key, record.value) for record in log]


def test_arguments_become_records(logcore_json, tmp_path):
    report = logcore_json("log", "append", tmp_path / "new", "one", "two", "--key", "k")
    assert report == [{"appended": 2, "first_offset": 0, "end_offset": 2}]
    assert values(tmp_path / "new") == [(b"k", b"one"), (b"k", b"two")]


def test_lines_of_stdin_become_records(logcore, tmp_path):
    shown = logcore("log", "append", tmp_path / "new", stdin="one\n\nthree").stdout
    assert shown == "appended: 3\nfirst_offset: 0\nend_offset: 3\n"
    assert values(tmp_path / "new") == [(None, b"one"), (None, b""), (None, b"three")]


def test_what_dump_prints_append_takes_back(logcore, few, tmp_path):
    dumped = logcore("log", "dump", few, "--records", "-o", "json").stdout
    logcore("log", "append", tmp_path / "copy", "--json", stdin=dumped)
    assert logcore("log", "dump", tmp_path / "copy", "--records", "-o", "json").stdout == dumped


@pytest.mark.parametrize("line", ["{", "7", '{"headers": 3}', '{"value_base64": "%"}'])
def test_a_line_that_is_no_record_is_refused(logcore, tmp_path, line):
    assert "Error: " in logcore("log", "append", tmp_path, "--json", line, code=1).stderr


def test_a_json_record_may_hold_a_json_value():
    assert entry_of_json(b'{"value": {"a": 1}, "timestamp": 5}') == Entry(
        b'{"a": 1}', None, None, 5
    )


def test_a_second_writer_is_refused(logcore, few):
    with Log(few):
        stderr = logcore("log", "append", few, "value", code=1).stderr
    assert stderr.count("\n") == 1


def test_lines_are_passed_on_as_they_arrive():
    class Slow(io.BytesIO):
        def read1(self, size=-1):  # noqa: ARG002
            return self.read(3)

    assert list(arriving_lines(Slow(b"a\nbc\nd\nef"))) == [[b"a"], [b"bc"], [b"d"], [b"ef"]]


def test_compact_keeps_the_newest_of_each_key(logcore_json, tmp_path):
    path = tmp_path / "keyed"
    with Log(path, cleanup_policy="compact") as log:
        for number in range(50):
            log.append(b"%d" % number, b"k%d" % (number % 5))
    (report,) = logcore_json("log", "compact", path)
    assert (report["records_read"], report["records_kept"]) == (50, 5)
    kept = [b"45", b"46", b"47", b"48", b"49"]
    assert [value for _, value in values(path)] == kept


def test_compact_removes_records_without_a_key_only_if_told(logcore, logcore_json, tmp_path):
    path = tmp_path / "mixed"
    with Log(path) as log:
        log.append(b"old", b"k")
        log.append(b"new", b"k")
        log.append(b"of nobody")
    before = values(path)
    assert "offset 2 has no key" in logcore("log", "compact", path, code=1).stderr
    assert values(path) == before
    (report,) = logcore_json("log", "compact", path, "--unkeyed")
    assert (report["records_read"], report["records_kept"]) == (3, 1)
    assert values(path) == [(b"k", b"new")]
