"""What fits a schema, and where it does not."""

import datetime
import decimal
import io
import json
import math
import uuid
from typing import Any

import fastavro
import pytest

from logcore.serialization.avro_fit import fit_of
from logcore.serialization.avro_schema import definition, parse

NOW = datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC)
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}
ORDER = {
    "type": "record", "name": "Order", "fields": [
        {"name": "table", "type": "int"},
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "lines", "type": {"type": "array", "items": {
            "type": "record", "name": "Line", "fields": [{"name": "n", "type": "long"}]}},
            "default": []},
    ],
}  # fmt: skip
CASH = {"type": "record", "name": "Cash", "fields": [{"name": "sum", "type": "int"}]}
CARD = {"type": "record", "name": "Card", "fields": [{"name": "number", "type": "string"}]}


def logical(kind, name):
    return {"type": kind, "logicalType": name}


def fit(schema, value):
    return fit_of(parse(json.dumps(schema)))(value, 0)


FITTING = [
    ("null", None), ("boolean", True), ("int", -(2**31)), ("long", 2**63 - 1), ("float", 1),
    ("float", math.inf), ("double", 1.5), ("bytes", b"x"), ("bytes", bytearray(b"x")),
    ("string", ""), ({"type": "array", "items": "int"}, [1, 2]),
    ({"type": "array", "items": "int"}, ()), ({"type": "map", "values": "int"}, {"a": 1}),
    ({"type": "enum", "name": "E", "symbols": ["A"]}, "A"),
    ({"type": "fixed", "name": "F", "size": 2}, b"ab"),
    (logical("int", "date"), NOW.date()), (logical("int", "date"), 7),
    (logical("long", "timestamp-millis"), NOW), (logical("long", "time-micros"), NOW.time()),
    (logical("string", "uuid"), uuid.UUID(int=1)), (logical("string", "strange"), "x"),
    (DECIMAL, decimal.Decimal("12.34")),
    (ORDER, {"table": 1}), (ORDER, {"table": 1, "note": "x", "lines": [{"n": 1}]}),
    (["null", CASH, CARD], {"number": "1"}), (["null", CASH, CARD], ("Cash", {"sum": 1})),
    (["null", CASH, CARD], {"-type": "Cash", "sum": 1}), (["null", "int"], None),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value"), FITTING, ids=range(len(FITTING)))
def test_what_fits_is_written(schema, value):
    assert fit(schema, value) is None
    sink = io.BytesIO()
    fastavro.schemaless_writer(sink, definition(parse(json.dumps(schema))), value)


NOT_FITTING = [
    ("null", 0, "no null"), ("boolean", 1, "no boolean"), ("boolean", "no", "no boolean"),
    ("int", 2**31, "no int"), ("int", 1.5, "1.5 is no int"), ("int", True, "no int"),
    ("long", 2**63, "no long"), ("float", 1e300, "no float"), ("double", "1", "no double"),
    ("bytes", "x", "no bytes"), ("string", b"x", "no string"),
    ({"type": "array", "items": "int"}, "abc", "give a list"),
    ({"type": "array", "items": "int"}, [1, "x"], "[1]: 'x' is no int"),
    ({"type": "map", "values": "int"}, {1: 1}, "no text"),
    ({"type": "map", "values": "int"}, [1], "give a dict"),
    ({"type": "map", "values": "int"}, {"a": None}, "['a']: None is no int"),
    ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, "C", "there are A, B"),
    ({"type": "fixed", "name": "F", "size": 2}, b"abc", "3 bytes are not the 2 of F"),
    (logical("int", "date"), NOW, "no date"),
    (logical("long", "timestamp-millis"), "2026", "no time"),
    (DECIMAL, 1.5, "no decimal"),
    (ORDER, None, "give a dict"), (ORDER, {}, "lacks table"),
    (ORDER, {"table": 1, "not": "x"}, "no field not (did you mean note?)"),
    (ORDER, {"table": 1, "lines": [{"n": 1}, {"n": "x"}]}, ".lines[1].n: 'x' is no long"),
    (ORDER, {"table": 1, "note": 7}, ".note: 7 is no string"),
    (["null", CASH, CARD], {"sum": "x"}, "none of null, Cash, Card"),
    (["null", CASH, CARD], ("Coin", {}), "has no Coin"),
    (["null", CASH, CARD], ("Card", {}), "lacks number"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "problem"), NOT_FITTING, ids=range(len(NOT_FITTING)))
def test_what_does_not_fit_says_where(schema, value, problem):
    assert problem in (fit(schema, value) or "it fits")


def test_a_value_without_an_end_is_not_followed():
    node = {"type": "record", "name": "N", "fields": [{"name": "next", "type": ["null", "N"]}]}
    value: Any = None
    for _ in range(200):
        value = {"next": value}
    assert fit(node, value) is None
    for _ in range(100_000):
        value = {"next": value}
    assert "too deep" in (fit(node, value) or "")
    while value:  # without a recursion as deep as it
        value = value["next"]
