"""Records and reports as text and JSON."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from logcore.cli import output
from logcore.record import Record


@dataclass
class Part:
    name: str
    size_bytes: int


@dataclass
class Report:
    path: Path
    parts: list[Part]


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (None, {"value": None}),
        (b"", {"value": ""}),
        ("Übung".encode(), {"value": "Übung"}),
        (b"\xff\x00", {"value_base64": "/wA="}),
    ],
)
def test_bytes_are_text_where_they_can_be(data, shown):
    assert output.field("value", data) == shown


def test_a_terminal_is_sent_no_control_characters():
    assert output.bytes_text(b"a\tb\x1b[2J\xff") == "a\\tb\\x1b[2J\\xff"
    assert output.bytes_text(None) == "-"


def test_times_are_utc_and_no_time_is_the_number():
    assert output.time_text(1_372_953_600_123) == "2013-07-04T16:00:00.123Z"
    assert output.time_text(1 << 62) == str(1 << 62)


def test_a_report_is_one_object_or_lines(capsys):
    report = Report(Path("few"), [Part("a", 1), Part("b", 2)])
    output.print_report(report, "json")
    expected = {
        "path": "few",
        "parts": [{"name": "a", "size_bytes": 1}, {"name": "b", "size_bytes": 2}],
    }
    assert json.loads(capsys.readouterr().out) == expected
    output.print_report(report, "text")
    shown = "path: few\nparts:\n  name=a  size_bytes=1\n  name=b  size_bytes=2\n"
    assert capsys.readouterr().out == shown


def test_records_pass_through_the_bar_unchanged():
    records = [Record(offset, 0, None, None, ()) for offset in range(3)]
    assert list(output.shown_progress(records, 0, 3)) == records
