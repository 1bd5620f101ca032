"""`logcore consume` in formats: plain ones, and those of a schema registry."""

import decimal
import json
import subprocess
import sys

import pytest

from logcore.cli.connecting import ClusterOptions
from logcore.cli.formats import Formats
from logcore.producer.producer import Producer
from logcore.serialization import (
    AvroSerializer,
    DoubleSerializer,
    JsonSchemaSerializer,
    LongSerializer,
    ProtobufDictSerializer,
    SchemaRegistry,
)
from logcore.testing.topics import fresh_name

ORDER = {
    "type": "record", "name": "Order", "fields": [
        {"name": "table", "type": "int"},
        {"name": "price", "type": {
            "type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "day", "type": ["null", {"type": "int", "logicalType": "date"}]}],
}  # fmt: skip
DIALECT = "http://json-schema.org/draft-07/schema#"


@pytest.fixture
def sent(our_cluster):
    """Send values, as bytes, to a new topic of ours; returns its name."""

    def send(*values, key=None):
        topic = fresh_name()
        with Producer(bootstrap_servers=our_cluster) as producer:
            for value in values:
                producer.send(topic, value, key)
        return topic

    return send


@pytest.fixture
def shown(logcore, our_cluster):
    """Run `logcore consume` on our broker; returns what it printed."""

    def run(*arguments, code=0):
        return logcore("consume", *arguments, "-b", our_cluster, code=code).output

    return run


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("string", b"caf\xc3\xa9", "caf\xe9"),
        ("json", b'{"a": [1, null]}', {"a": [1, None]}),
        ("integer", b"\xff\xff\xff\xfe", -2),
        ("long", LongSerializer().serialize("t", 2**40), 2**40),
        ("short", b"\1\2", 258),
        ("double", DoubleSerializer().serialize("t", float("nan")), "NaN"),
        ("float", b"\x3f\xc0\0\0", 1.5),
        ("boolean", b"\1", True),
        ("uuid", b"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_plain_formats(sent, shown, name, data, told):
    topic = sent(data, None, key=data)
    lines = shown(topic, "--value-format", name, "--key-format", name, "-o", "json").splitlines()
    assert [(row["key"], row["value"]) for row in map(json.loads, lines)] == [
        (told, told), (told, None),
    ]  # fmt: skip
    text = told if isinstance(told, str) else json.dumps(told)
    assert shown(topic, "--value-format", name, "-n", 1).rstrip().endswith(text)
    assert shown(topic, "--value-format", name, "--format", "%s|", "-n", 1) == f"{text}|"
    assert shown(topic, "--value-format", name, "--grep", "no such") == ""


def test_halves_of_characters_do_not_break_the_output(sent, shown):
    topic = sent(b'{"a": "\\ud800!"}')
    assert shown(topic, "--value-format", "json").endswith('{"a": "\\\\ud800!"}\n')
    line = shown(topic, "--value-format", "json", "-o", "json")
    assert json.loads(line)["value"] == {"a": "\\ud800!"}


@pytest.mark.peer
def test_formats_of_a_registry(apicurio_registry, sent, shown):
    proto = 'syntax = "proto3"; message Order { int32 table_number = 1; }'
    with SchemaRegistry(apicurio_registry.url) as registry:
        name = fresh_name()
        order = {"table": 4, "price": decimal.Decimal("1.50"), "day": None}
        avro = AvroSerializer(registry, ORDER).serialize(f"{name}-a", order)
        message = ProtobufDictSerializer(registry, proto).serialize(
            f"{name}-p", {"table_number": 4}
        )
        checked = JsonSchemaSerializer(registry, {"$schema": DIALECT}).serialize(
            f"{name}-j", {"a": 1}
        )
    topic = sent(avro, message, checked, None)
    place = ("--registry", apicurio_registry.url)
    lines = shown(topic, "--value-format", "registry", *place, "-o", "json").splitlines()
    assert [json.loads(line)["value"] for line in lines] == [
        {"table": 4, "price": "1.50", "day": None}, {"table_number": 4}, {"a": 1}, None,
    ]  # fmt: skip
    assert '{"table": 4, "price": "1.50", "day": null}' in shown(
        topic,
        "--value-format",
        "avro",
        "-n",
        1,
        "-X",
        f"schema.registry.url={apicurio_registry.url}",
    )
    refused = shown(topic, "--value-format", "avro", *place, code=1)
    assert f"{topic}-0 at offset 1: the value cannot be read" in refused
    assert "one of PROTOBUF, and not of AVRO" in refused
    assert "go on after it with -p 0 --offset 2" in refused


def test_what_cannot_be_read(sent, shown):
    topic = sent(b"plain text")
    nowhere = ("--registry", "127.0.0.1:1")
    assert "not written with a schema registry" in " ".join(
        shown(topic, "--value-format", "registry", *nowhere, code=1).split()
    )
    assert "an integer has 4 bytes" in shown(topic, "--value-format", "integer", code=1)
    assert "--registry URL" in shown(topic, "--value-format", "avro", code=2)
    assert "there are bytes, string" in shown(topic, "--value-format", "avvro", code=2)
    assert "no format" in shown(topic, "--value-format", "avro:Order", code=2)
    framed = sent(b"\0\0\0\0\7data")
    assert "no schema registry answers" in shown(
        framed, "--value-format", "avro", *nowhere, "-X", "max.retries=0", code=1
    )


def test_settings_of_the_registry_are_not_the_clients(sent, shown):
    topic = sent(b"x")
    told = ("-X", "schema.registry.url=127.0.0.1:1", "-X", "basic.auth.user.info=a:b")
    assert "x" in shown(topic, *told)
    assert "Unknown schema registry config name" in shown(
        topic, "--value-format", "avro", *told, "-X", "schema.registry.urls=x", code=2
    )
    formats = Formats("bytes", "avro", None)
    settings = {"client.id": "me", "max.retries": "1", "use.latest.version": "true"}
    apart, cluster = formats.apart(ClusterOptions("b", settings))
    assert cluster.settings == {"client.id": "me"}
    assert apart.settings == {"max.retries": "1", "use.latest.version": "true"}


def test_nothing_of_formats_is_imported_without_one():
    probe = "import sys, logcore.cli.consume, logcore.cli.produce; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", probe]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in loaded if name.startswith("logcore.serialization")]
