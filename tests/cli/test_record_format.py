"""Formats show what kcat's tokens stand for, and nothing is guessed."""

import pytest

from logcore.cli.record_format import parse_format, record_line, record_object
from logcore.record import ConsumerRecord

RECORD = ConsumerRecord(
    "t", 3, 7, b"k", b"v\xff", timestamp=1000, headers=(("h", b"1"), ("n", None))
)
NULLS = ConsumerRecord("t", 0, 0, None, None)


def test_tokens():
    shown = parse_format(r"%t %p %o %k %s %T %K %S %h %%\n\x41")(RECORD)
    assert shown == b"t 3 7 k v\xff 1000 1 2 h=1,n= %\nA"
    assert parse_format("%k|%s|%K|%S")(NULLS) == b"||-1|-1"
    assert parse_format("%R%s")(RECORD) == b"\0\0\0\2v\xff"
    assert parse_format("%R")(NULLS) == b"\xff\xff\xff\xff"


@pytest.mark.parametrize("template", ["%x", r"\q", "%", "%s%", "\\"])
def test_what_means_nothing(template):
    with pytest.raises(ValueError, match="means nothing"):
        parse_format(template)


@pytest.mark.parametrize("command", [("consume", "t"), ("share", "consume", "g", "t")])
def test_what_means_nothing_is_a_usage_error(logcore, command):
    told = logcore(*command, "--format", "%x", "-b", "127.0.0.1:1", code=2).stderr
    assert "Invalid value for '--format': %x means nothing" in told


def test_json_and_lines():
    shown = record_object(RECORD)
    assert shown["value_base64"]
    assert (shown["topic"], shown["partition"], shown["offset"]) == ("t", 3, 7)
    assert shown["headers"] == [{"name": "h", "value": "1"}, {"name": "n", "value": None}]
    assert record_line(NULLS).split("\t")[0] == "t-0"
