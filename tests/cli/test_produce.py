"""`logcore produce`."""

import json
from dataclasses import replace

import click
import confluent_kafka
import pytest

from logcore.cli.produce import Sent, Shape, unescaped
from logcore.testing.topics import fresh_name


@pytest.fixture
def records(cluster):
    """Return the first records of a topic, as a client of another make reads them."""

    def read(topic, count):
        consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": cluster,
                "group.id": fresh_name("group"),
                "auto.offset.reset": "earliest",
            }
        )
        consumer.subscribe([topic])
        found = consumer.consume(count, timeout=20)
        consumer.close()
        return [(one.key(), one.value(), one.headers()) for one in found]

    return read


def test_lines_of_stdin(records, topic, logcore, cluster):
    sent = logcore("produce", topic, "-b", cluster, stdin="one\ntwo\nthree").stdout
    assert "records: 3" in sent
    assert {value for _, value, _ in records(topic, 3)} == {b"one", b"two", b"three"}


def test_keys_headers_nulls_and_files(logcore, cluster, records, topic, tmp_path):
    file = tmp_path / "lines"
    file.write_bytes(b"a\tone\nb\t\nno key\n")
    arguments = ("-k", "\\t", "-H", "trace=7", "-H", "trace=8", "--null", "-z", "zstd", "-p", 1)
    report = logcore("produce", topic, file, *arguments, "-b", cluster, "-o", "json").stdout
    assert json.loads(report)["records"] == 3
    assert records(topic, 3) == [
        (b"a", b"one", [("trace", b"7"), ("trace", b"8")]),
        (b"b", None, [("trace", b"7"), ("trace", b"8")]),
        (None, b"no key", [("trace", b"7"), ("trace", b"8")]),
    ]


def test_records_in_json(logcore, cluster, records, topic):
    line = '{"key": "k", "value": {"a": 1}, "headers": [{"name": "h", "value": "x"}]}\n\n'
    logcore("produce", topic, "--json", "-b", cluster, stdin=line)
    assert records(topic, 1) == [(b"k", b'{"a": 1}', [("h", b"x")])]


def test_a_dry_run_sends_nothing(logcore, ask_json, cluster, topic):
    shown = logcore("produce", topic, "--dry-run", "-b", cluster, stdin="one\n").stdout
    assert "value: one" in shown
    rows = ask_json("topic", "truncate", topic, "--dry-run")
    assert [row["start_after"] for row in rows] == [0, 0, 0]


def test_what_fails_is_said(logcore, cluster, topic):
    told = logcore("produce", topic, "-p", 9, "-b", cluster, stdin="x\n", code=1).output
    assert "9" in told
    broken = logcore("produce", topic, "--json", "-b", cluster, stdin="[]\n", code=1).output
    assert "not a record" in broken


def test_a_line_becomes_a_record():
    shape = Shape(as_json=False, delimiter=b":", empty_is_null=False, headers=[])
    assert replace(shape, key=b"all").entry(b"v")[:2] == (b"v", b"all")
    assert replace(shape, key=b"all").entry(b"k:v")[:2] == (b"v", b"k")
    assert shape.entry(b"k:v:w")[:2] == (b"v:w", b"k")
    assert shape.entry(b"v")[:2] == (b"v", None)
    assert unescaped("\\t") == b"\t"
    for wrong in ("", "\\"):
        with pytest.raises(click.UsageError, match="key-delimiter"):
            unescaped(wrong)
    assert Sent().acknowledged == 0
