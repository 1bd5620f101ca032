"""Avro values as JSON, there and back."""

import datetime
import decimal
import json
import math
import uuid

import pytest

from logcore.common.errors import UnfitValueError
from logcore.serialization.avro_fit import fit_of
from logcore.serialization.avro_json import from_json, to_json
from logcore.serialization.avro_schema import parse

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=datetime.UTC)


def of(schema):
    return parse(json.dumps(schema))


def logical(kind, name, **more):
    return {"type": kind, "logicalType": name, **more}


PAIRS = [
    ("null", None, None), ("boolean", True, True), ("long", 7, 7), ("string", "x", "x"),
    ("double", 1.5, 1.5), ("double", math.inf, "Infinity"), ("float", -math.inf, "-Infinity"),
    ("bytes", b"\x00\xffa", "\x00\xffa"),
    ({"type": "fixed", "name": "F", "size": 1}, b"\xe9", "\xe9"),
    (logical("int", "date"), NOW.date(), "2026-01-02"),
    (logical("long", "timestamp-millis"), NOW, "2026-01-02T03:04:05.678000+00:00"),
    (logical("long", "local-timestamp-micros"), NOW.replace(tzinfo=None),
     "2026-01-02T03:04:05.678000"),
    (logical("int", "time-millis"), datetime.time(3, 4), "03:04:00"),
    (logical("bytes", "decimal", precision=9, scale=2), decimal.Decimal("-12.50"), "-12.50"),
    ({"type": "array", "items": ["null", "bytes"]}, [None, b"\xe9"], [None, "\xe9"]),
    ({"type": "map", "values": logical("int", "date")}, {"a": NOW.date()}, {"a": "2026-01-02"}),
    ({"type": "record", "name": "R", "fields": [{"name": "a", "type": ["null", "int"]}]},
     {"a": 1}, {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "shown"), PAIRS, ids=range(len(PAIRS)))
def test_there_and_back(schema, value, shown):
    assert to_json(value) == shown
    json.dumps(to_json(value), allow_nan=False)
    assert from_json(shown, of(schema)) == value
    assert fit_of(of(schema))(value, 0) is None


def test_what_has_no_word_in_json():
    assert to_json(math.nan) == "NaN"
    assert math.isnan(from_json("NaN", of("double")))
    assert to_json(uuid.UUID(int=1)) == "00000000-0000-0000-0000-000000000001"
    assert to_json(("shop.Cash", {"a": b"x"})) == ["shop.Cash", {"a": "x"}]


CASH = {"type": "record", "name": "shop.Cash", "fields": [{"name": "sum", "type": "int"}]}
CARD = {
    "type": "record", "name": "shop.Card", "fields": [
        {"name": "sum", "type": "int"}, {"name": "number", "type": "string"}],
}  # fmt: skip
UNION = ["null", "string", CASH, CARD, {"type": "map", "values": "string"}]


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (None, None),
        ("x", "x"),
        ({"string": "x"}, ("string", "x")),
        ({"sum": 1}, ("shop.Cash", {"sum": 1})),
        ({"sum": 1, "number": "2"}, ("shop.Card", {"sum": 1, "number": "2"})),
        ({"shop.Card": {"sum": 1, "number": "2"}}, ("shop.Card", {"sum": 1, "number": "2"})),
        ({"map": {"a": "b"}}, ("map", {"a": "b"})),
        ({"a": "b"}, {"a": "b"}),
        ({"a": 7}, {"a": 7}),
    ],
)
def test_branches_may_be_named_or_not(given, made):
    assert from_json(given, of(UNION)) == made


@pytest.mark.parametrize(
    ("schema", "given"),
    [
        (logical("int", "date"), "tomorrow"),
        (logical("bytes", "decimal", precision=9, scale=2), "a lot"),
        ("bytes", "\u20ac"),
    ],
)
def test_text_that_is_not_what_the_schema_has(schema, given):
    with pytest.raises(UnfitValueError, match="is no"):
        from_json(given, of(schema))


def test_numbers_may_stand_for_decimals_and_times():
    price = logical("bytes", "decimal", precision=9, scale=2)
    assert from_json(1.5, of(price)) == decimal.Decimal("1.5")
    assert from_json(7, of(logical("long", "timestamp-millis"))) == 7
    assert from_json({"b": 1}, of(CASH)) == {"b": 1}
