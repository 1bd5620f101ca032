"""`logcore produce` in formats, and `logcore consume` as the way back."""

import json

import pytest

from logcore.testing.topics import fresh_name

ORDER = {
    "type": "record", "name": "Order", "fields": [
        {"name": "table", "type": "int"},
        {"name": "raw", "type": "bytes", "default": ""},
        {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}],
         "default": None}],
}  # fmt: skip
VALUE = {"table": 4, "raw": "\0\xe9", "at": "2026-01-02T03:04:05.678000+00:00"}
PROTO = """syntax = "proto3";
message Other {}
message Order { int32 table = 1; string note = 2; }
"""
TABLE = {
    "$schema": "http://json-schema.org/draft-07/schema#", "title": "T", "type": "object",
    "properties": {"table": {"type": "integer"}},
}  # fmt: skip


WRITTEN = {
    "avro": (ORDER, VALUE),
    "protobuf:Order": (PROTO, {"table": 4, "note": "x"}),
    "json-schema": (TABLE, {"table": 4}),
}


@pytest.fixture
def run(logcore, our_cluster):
    """Run `logcore COMMAND` on our broker; returns what it printed."""

    def run(*arguments, code=0, stdin=None):
        return logcore(*arguments, "-b", our_cluster, code=code, stdin=stdin).output

    return run


@pytest.fixture
def back(run):
    """Read a topic in some format; returns keys and values."""

    def back(topic, *arguments):
        lines = run("consume", topic, *arguments, "-o", "json").splitlines()
        return [(row["key"], row["value"]) for row in map(json.loads, lines)]

    return back


@pytest.fixture
def file(tmp_path):
    """Write a schema; returns its file."""

    def write(schema):
        path = tmp_path / "schema"
        path.write_text(schema if isinstance(schema, str) else json.dumps(schema))
        return path

    return write


@pytest.fixture
def place(apicurio_registry):
    """The options that say where the registry is."""
    return ("--registry", apicurio_registry.url)


def test_plain_formats(run, back):
    topic = fresh_name()
    told = ("--key-format", "long", "--value-format", "double")
    run("produce", topic, "-k", ":", *told, stdin="1:1.5\n2:-2\n")
    assert back(topic, *told) == [(1, 1.5), (2, -2.0)]
    run("produce", topic, "--json", *told, stdin='{"key": 3, "value": null}\n')
    assert back(topic, *told)[2:] == [(3, None)]


def test_text_stands_as_it_is(run, back):
    topic = fresh_name()
    number = "00000000-0000-0000-0000-000000000001"
    told = ("--key-format", "uuid", "--value-format", "string")
    run("produce", topic, "-k", "|", *told, stdin=f"{number}|two pretzels\n")
    assert back(topic, *told) == [(number, "two pretzels")]


def test_json_is_checked(run, back):
    topic = fresh_name()
    refused = run("produce", topic, "--value-format", "json", stdin='{"a": 1}\nno\n', code=1)
    assert "record 2, its value" in refused
    assert "those before it are sent" in " ".join(refused.split())
    assert back(topic, "--value-format", "json") == [(None, {"a": 1})]


@pytest.mark.peer
@pytest.mark.parametrize("name", WRITTEN)
def test_formats_of_a_registry(run, back, file, place, name):
    topic, (schema, value) = fresh_name(), WRITTEN[name]
    told = ("--value-format", name, *place)
    line = json.dumps(value) + "\n"
    run("produce", topic, *told, "--value-schema", file(schema), stdin=line)
    run("produce", topic, *told, stdin=line)
    reading = ("--value-format", name.partition(":")[0], *place)
    assert back(topic, *reading) == [(None, value)] * 2
    copy = run("consume", topic, *reading, "-o", "json")
    run("produce", topic, "--json", *told, "-X", "use.latest.version=true", stdin=copy)
    assert back(topic, *reading) == [(None, value)] * 4
    refused = run("produce", topic, *told, stdin='{"table": "four"}\n', code=1)
    assert "record 1, its value" in refused


@pytest.mark.peer
def test_keys_and_null(run, back, file, place):
    topic = fresh_name()
    keys = ("--key-format", "avro", "--key-schema", file('"string"'), *place)
    run("produce", topic, "-k", " ", "--null", *keys, stdin='"a" x\n"b" \n')
    assert back(topic, "--key-format", "avro", *place) == [("a", "x"), ("b", None)]
    base64 = '{"key": "c", "value_base64": "/w=="}\n'
    run("produce", topic, "--json", *keys, "--value-format", "integer", stdin=base64)
    data = run("consume", topic, "--last", 1, "-o", "json")
    assert json.loads(data)["value_base64"] == "/w=="


@pytest.mark.peer
def test_no_schema_to_write_with(run, place):
    topic = fresh_name()
    told = ("--value-format", "avro", *place)
    assert "Subject" in run("produce", topic, *told, stdin="1\n", code=1)
    latest = ("-X", "use.latest.version=false")
    assert "give a schema" in run("produce", topic, *told, *latest, stdin="1\n", code=2)


def test_what_is_refused(run, file):
    topic = fresh_name()
    nowhere = ("--registry", "127.0.0.1:1", "-X", "max.retries=0")
    nonsense = ("--value-format", "avro", "--value-schema", file("nonsense"), *nowhere)
    assert "no Avro schema" in run("produce", topic, *nonsense, stdin="1\n", code=1)
    away = ("--value-format", "avro", "--value-schema", file('"int"'), *nowhere)
    assert "no schema registry answers" in " ".join(
        run("produce", topic, *away, stdin="1\n", code=1).split()
    )
    assert "no format" in run("produce", topic, "--value-format", "registry", stdin="", code=2)
    assert "--registry URL" in run("produce", topic, "--value-format", "avro", stdin="", code=2)


def test_a_dry_run_asks_no_registry(run, file):
    told = ("--value-format", "avro", "--value-schema", file('"int"'), "--registry", "127.0.0.1:1")
    assert "value: 7" in run("produce", "t", *told, "--dry-run", stdin="7\n")
