"""Records as commands read them, beside what test_log_write.py shows of them in use."""

import io

import pytest

from logcore.cli.entries import Entry, arriving_lines, data_of, entry_of_json, size_of


def test_lines_arrive_as_they_are_written() -> None:
    assert list(arriving_lines(io.BytesIO(b"a\nb\nc"))) == [[b"a", b"b"], [b"c"]]
    assert list(arriving_lines(io.BytesIO(b""))) == []


def test_records_in_json() -> None:
    line = b'{"key": "k", "value_base64": "/wA=", "headers": [{"name": "h", "value": null}]}'
    assert entry_of_json(line) == Entry(b"\xff\x00", b"k", [("h", None)], None)
    assert data_of({"value": {"a": 1}}, "value") == b'{"a": 1}'


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b'{"value_base64": "!!"}',
        b'{"timestamp": 1e3}',
        b'{"timestamp": 99999999999999999999}',
        b'{"key": "\\ud800"}',
        b'{"headers": [{"value": "x"}]}',
        b"\xff",
    ],
)
def test_what_is_no_record(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a record"):
        entry_of_json(line)


def test_the_size_of_what_is_no_file_is_unknown() -> None:
    assert size_of(io.BytesIO(b"abc")) == 0
