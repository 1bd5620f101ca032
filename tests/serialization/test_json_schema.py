"""JSON with a schema of a registry: what fits, references, and what is refused."""

import json
import sys
from dataclasses import asdict, dataclass

import pytest

from logcore.common import errors
from logcore.serialization import (
    JsonSchemaDeserializer,
    JsonSchemaSerializer,
    Schema,
    SchemaReference,
    SchemaRegistry,
)
from logcore.serialization.json_schema import JsonSchema
from tests.serialization.lying_registry import LyingRegistry, said

DIALECT = "http://json-schema.org/draft-07/schema#"
ORDER = {
    "$schema": DIALECT,
    "title": "Order",
    "type": "object",
    "properties": {"table": {"type": "integer"}, "what": {"type": "array"}},
    "required": ["table"],
    "additionalProperties": False,
}


@pytest.fixture
def server():
    with LyingRegistry() as running:
        yield running


@pytest.fixture
def local(server):
    """A client of a registry that says what a test tells it to."""
    with SchemaRegistry(server.url, max_retries=0) as client:
        yield client


def offered(schema):
    """Return the answer of a registry that has a schema under every id."""
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return said({"schema": text, "schemaType": "JSON", "id": 7, "subject": "s", "version": 1})


class TestBesideARegistry:
    pytestmark = pytest.mark.peer

    def test_there_and_back(self, registry, topic):
        value = {"table": 4, "what": ["caf\xe9"]}
        data = JsonSchemaSerializer(registry, ORDER).serialize(topic, value)
        found = registry.latest(f"{topic}-value")
        assert data == b"\0" + found.id.to_bytes(4) + '{"table":4,"what":["caf\xe9"]}'.encode()
        registry.clear_caches()
        assert JsonSchemaDeserializer(registry).deserialize(topic, data) == value
        assert JsonSchemaSerializer(registry, ORDER).serialize(topic, None) is None
        assert JsonSchemaDeserializer(registry).deserialize(topic, None) is None

    @pytest.mark.parametrize("place", ["", "http://localhost/shop/order.json"])
    def test_references(self, registry, topic, place):
        line = {"$schema": DIALECT, "type": "object", "properties": {"n": {"type": "integer"}}}
        registry.register(f"{topic}-line", Schema(json.dumps(line), "JSON"))
        order = {"$schema": DIALECT, "type": "array", "items": {"$ref": "line.json"}}
        text = json.dumps(order | ({"$id": place} if place else {}))
        schema = Schema(text, "JSON", (SchemaReference("line.json", f"{topic}-line", 1),))
        serializer = JsonSchemaSerializer(registry, schema)
        data = serializer.serialize(topic, [{"n": 1}])
        assert data is not None
        assert data[5:] == b'[{"n":1}]'
        with pytest.raises(
            errors.UnfitValueError, match=r"\$\[0\]\.n: 'x' is not of type 'integer'"
        ):
            serializer.serialize(topic, [{"n": "x"}])

    def test_subjects_are_called_after_titles(self, registry, topic):
        JsonSchemaSerializer(
            registry, ORDER, subject_name_strategy="TopicRecordNameStrategy"
        ).serialize(topic, {"table": 1})
        assert registry.versions(f"{topic}-Order") == (1,)

    def test_the_latest_version(self, registry, topic):
        registry.register(f"{topic}-value", Schema(json.dumps(ORDER), "JSON"))
        registry.clear_caches()
        latest = JsonSchemaSerializer(registry, use_latest_version=True)
        with pytest.raises(errors.UnfitValueError, match="'table' is a required property"):
            latest.serialize(topic, {})
        assert latest.serialize(topic, {"table": 1})


def test_objects_of_a_program(server, local):
    @dataclass
    class Order:
        table: int

    server.script = [offered(ORDER)]
    data = JsonSchemaSerializer(local, ORDER, to_dict=asdict).serialize("t", Order(4))
    made = JsonSchemaDeserializer(local, from_dict=lambda told: Order(**told))
    assert made.deserialize("t", data) == Order(4)


def test_checks_may_be_left_out(server, local):
    server.script = [offered(ORDER)]
    told = {"json.fail.invalid.schema": False}
    data = JsonSchemaSerializer(local, ORDER, config=told).serialize("t", {"guests": 2})
    assert JsonSchemaDeserializer(local, config=told).deserialize("t", data) == {"guests": 2}
    with pytest.raises(errors.MalformedDataError, match="'table' is a required"):
        JsonSchemaDeserializer(local).deserialize("t", data)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"table": "4"}, r"\$\.table: '4' is not of type 'integer'"),
        ({"table": 4, "guests": 2}, "guests"),
        ({"table": 4, "what": [{1, 2}]}, "none that JSON has"),
        ("x" * 100_000, "is not of type 'object'|\\.\\.\\."),
    ],
)
def test_a_value_that_does_not_fit(server, local, value, message):
    server.script = [offered(ORDER)]
    with pytest.raises(errors.UnfitValueError, match=message) as caught:
        JsonSchemaSerializer(local, ORDER).serialize("orders", value)
    assert caught.value.topic == "orders"
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("data", [b"", b"{", b'{"table": NaN}', b"[" * 200_000])
def test_bytes_that_are_no_json(server, local, data):
    server.script = [offered(ORDER)]
    with pytest.raises(errors.MalformedDataError, match="no JSON"):
        JsonSchemaDeserializer(local).deserialize("t", b"\0\0\0\0\7" + data)


@pytest.mark.parametrize(
    "schema", ["nonsense", "7", '{"type": "no such"}', '{"properties": 7}', "[" * 100_000]
)
def test_what_is_no_schema(local, schema):
    with pytest.raises(errors.SchemaError, match="no JSON Schema"):
        JsonSchemaSerializer(local, schema)


def test_nothing_is_fetched_from_where_a_schema_points(server, local):
    """A schema of somebody else's must not make us ask addresses of their choice."""
    for target in (f"{server.url}/secret", "file:///etc/passwd", "other.json"):
        checker = JsonSchema(Schema(json.dumps({"$ref": target}), "JSON"), local)
        with pytest.raises(errors.SchemaError, match="not among its references"):
            checker.problem(7)
    assert not server.asked


def test_a_schema_that_refers_to_itself_without_an_end():
    checker = JsonSchema(Schema('{"$ref": "#"}', "JSON"))
    assert "without an end" in (checker.problem(7) or "")


def test_true_is_a_schema():
    assert JsonSchema(Schema("true", "JSON")).problem({"any": "thing"}) is None
    assert JsonSchema(Schema("false", "JSON")).problem(7)


def test_a_schema_of_another_kind(server, local):
    server.script = [said({"schema": '"int"'})]
    with pytest.raises(errors.SchemaError, match="AVRO"):
        JsonSchemaDeserializer(local).deserialize("t", b"\0\0\0\0\7{}")


def test_without_the_package(monkeypatch, local):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    for make in (JsonSchemaSerializer, JsonSchemaDeserializer):
        with pytest.raises(
            errors.MissingPackageError, match=r"pip install 'logcore\[jsonschema\]'"
        ):
            make(local)
