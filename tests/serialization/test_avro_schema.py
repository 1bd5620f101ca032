"""Avro schemas: names, namespaces, references, and what is none."""

import json

import fastavro
import pytest

from logcore.common.errors import SchemaError
from logcore.serialization.avro_schema import Type, definition, parse, reachable

ORDER = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "doc": "An order.",
    "fields": [
        {"name": "id", "type": {"type": "fixed", "name": "Id", "size": 4}},
        {"name": "parent", "type": ["null", "Order"], "default": None},
        {"name": "lines", "type": {"type": "array", "items": {
            "type": "record", "name": "lines.Line", "fields": [
                {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
                {"name": "other", "type": "Kind"},
                {"name": "id", "type": "shop.Id"}]}}},
        {"name": "tags", "type": {"type": "map", "values": {"type": "long"}}},
        {"name": "price", "type": {
            "type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    ],
}  # fmt: skip


def fields(root):
    return {each.name: each.type for each in root.fields}


def test_names_are_resolved_in_their_namespaces():
    root = parse(json.dumps(ORDER))
    assert root.name == "shop.Order"
    found = fields(root)
    assert found["parent"].parts[1] is root
    line = found["lines"].parts[0]
    assert line.name == "lines.Line"
    assert fields(line)["kind"].name == "lines.Kind"
    assert fields(line)["other"] is fields(line)["kind"]
    assert fields(line)["id"] is found["id"]
    assert found["price"].logical == "decimal"
    assert found["price"].more == {"precision": 9, "scale": 2}


def test_a_definition_needs_nothing_else():
    told = definition(parse(json.dumps(ORDER)))
    assert told["doc"] == "An order."
    assert told["fields"][1]["default"] is None
    assert "default" not in definition(parse(json.dumps(ORDER)), has_defaults=False)["fields"][1]
    assert told == definition(parse(json.dumps(told)))
    canonical = fastavro.schema.to_parsing_canonical_form
    assert canonical(fastavro.parse_schema(told)) == canonical(fastavro.parse_schema(ORDER))


def test_each_type_inside_is_reached_once():
    root = parse(json.dumps(ORDER))
    kinds = [each.kind for each in reachable(root)]
    assert kinds.count("record") == 2
    assert kinds.count("fixed") == kinds.count("enum") == 1


def test_types_of_other_schemas():
    named: dict[str, Type] = {}
    parse('{"type":"record","name":"shop.Money","fields":[{"name":"c","type":"string"}]}', named)
    text = '{"type":"array","items":["null","shop.Money"]}'
    told = definition(parse(text, named))
    assert told["items"][1]["name"] == "shop.Money"
    with pytest.raises(SchemaError, match="among the references"):
        parse(text)


NONSENSE = [
    "", "{", "nonsense", "7", "null", "{}", '"in"', '{"type": 7}', '{"type": "array"}',
    '{"type": "map"}', '{"type": "record", "name": "R"}', '{"type": "record", "fields": []}',
    '{"type": "record", "name": "1R", "fields": []}', '{"type": "record", "name": 7, "fields": []}',
    '{"type": "record", "name": "R", "fields": [7]}',
    '{"type": "record", "name": "R", "fields": [{"name": "a"}]}',
    '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}',
    '{"type": "enum", "name": "E"}', '{"type": "enum", "name": "E", "symbols": ["A", "A"]}',
    '{"type": "enum", "name": "E", "symbols": [7]}', '{"type": "fixed", "name": "F"}',
    '{"type": "fixed", "name": "F", "size": -1}', '["int", "int"]', '["int", ["string"]]',
    '[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"F","size":1}]',
    "[" * 100_000, '{"type":' * 5000 + '"int"' + "}" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("text", NONSENSE, ids=range(len(NONSENSE)))
def test_what_is_no_schema(text):
    with pytest.raises(SchemaError) as caught:
        parse(text, topic="orders")
    assert caught.value.topic == "orders"
    assert len(str(caught.value)) < 400
