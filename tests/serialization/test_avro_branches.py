"""Unions: no value goes into a branch that loses of it what another would keep."""

import datetime
import decimal
import io
import json
import time
import uuid
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.serialization.avro_branches import branches_of, is_open
from logcore.serialization.avro_fit import fit_of
from logcore.serialization.avro_schema import definition, parse

UTC = datetime.UTC
NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=UTC)
ODD = NOW.replace(microsecond=6007)


def logical(kind, logical_type, **more):
    return {"type": kind, "logicalType": logical_type, **more}


DATE, TIME = logical("int", "date"), logical("int", "time-millis")
MILLIS, MICROS = logical("long", "timestamp-millis"), logical("long", "timestamp-micros")
LOCAL = logical("long", "local-timestamp-micros")
PRICE = logical("bytes", "decimal", precision=4, scale=2)
SUM = logical("fixed", "decimal", name="Sum", size=8, precision=12, scale=3)
ID = logical("string", "uuid")
ENUM = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
FIXED = {"type": "fixed", "name": "F", "size": 2}


def record(name, **fields):
    told = [{"name": field, "type": kind} for field, kind in fields.items()]
    return {"type": "record", "name": name, "fields": told}


WIDE, EXACT = record("Wide", n="double"), record("Exact", n="long")


def trip(schema, value, *, names=False):
    """Return what comes back of a value that its branches were chosen for."""
    root = parse(json.dumps(schema))
    assert fit_of(root)(value, 0) is None
    named = branches_of(root, lambda each: each.name or each.kind)
    sink = io.BytesIO()
    fastavro.schemaless_writer(sink, definition(root), value if named is None else named(value))
    sink.seek(0)
    found = fastavro.schemaless_reader(sink, definition(root), None, return_record_name=names)
    assert not sink.read()
    return found


CHOSEN = [
    (["null", DATE, MILLIS], NOW), (["null", MILLIS, DATE], NOW.date()), (["null", MILLIS], NOW),
    ([TIME, MICROS], NOW), ([DATE, LOCAL], NOW.replace(tzinfo=None)),
    (["null", "double", "long"], 2**60 + 1), (["null", "float", "int"], 16777217),
    (["double", "long"], 5), (["float", "double"], 0.1), (["int", "float"], 0.5),
    ([DATE, "long"], 5),
    ([PRICE, SUM], decimal.Decimal("1.234")), ([SUM, PRICE], decimal.Decimal("1.23")),
    ([PRICE, FIXED], b"ab"), ([FIXED, "bytes"], b"abc"), ([FIXED, "bytes"], b"ab"),
    ([ID, ENUM], "A"), ([ENUM, ID], uuid.UUID(int=7)), ([ENUM, "string"], "C"),
    ([WIDE, EXACT], {"n": 2**60 + 1}), ([WIDE, EXACT], {"n": 0.5}),
    ([{"type": "map", "values": "double"}, EXACT], {"n": 2**60 + 1}),
    (["null", {"type": "array", "items": ["double", "long"]}], [2**60 + 1, 0.5, 1]),
    (["null", record("R", u=["null", DATE, MILLIS], v="string")], {"u": NOW, "v": "x"}),
    ({"type": "map", "values": ["float", "int"]}, {"a": 16777217, "b": 0.5}),
    (record("N", next=["null", "N"], n=["double", "long"]),
     {"next": {"next": None, "n": 2**60 + 1}, "n": 0.5}),
    (["null", "string", "int"], "x"), (["null", "string", "int"], None),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value"), CHOSEN, ids=range(len(CHOSEN)))
def test_the_branch_that_keeps_the_value_is_taken(schema, value):
    found = trip(schema, value)
    assert found == value
    assert type(found) is type(value)


def test_a_branch_that_is_named_is_taken():
    assert trip(["long", "double"], ("double", 5)) == 5.0
    assert trip([WIDE, EXACT], ("Exact", {"n": 5}), names=True) == ("Exact", {"n": 5})
    inner = ["null", record("R", u=["long", "double", "string"])]
    assert trip(inner, {"u": ("string", "x")}) == {"u": "x"}
    assert trip([WIDE, EXACT], {"-type": "Exact", "n": 5}, names=True) == ("Exact", {"n": 5})
    with pytest.raises(ValueError, match="no record Other"):
        trip([WIDE, EXACT], {"-type": "Other", "n": 5})


def test_the_first_of_equal_branches_is_taken():
    assert trip(["float", "double"], 5) == trip(["float", MILLIS], 5) == 5.0
    assert trip([record("A", n="long"), EXACT], {"n": 1}, names=True) == ("A", {"n": 1})


def test_what_needs_no_choice_is_left_alone():
    node = record("N", next=["null", "N"], what=["null", "string", "int", "bytes"])
    assert not is_open(parse(json.dumps(node)))
    assert branches_of(parse(json.dumps(node)), lambda each: each.kind) is None
    root = parse(json.dumps(record("R", u=["int", "double"], v=ORDERS)))
    named = branches_of(root, lambda each: each.kind)
    value: Any = {"u": 1, "v": [{}]}
    assert named is not None
    assert named(value)["v"] is value["v"]
    assert value == {"u": 1, "v": [{}]}


ORDERS = {"type": "array", "items": {"type": "record", "name": "O", "fields": []}}


def test_records_that_look_alike_inside_each_other_take_no_time():
    other = record("B", n="float", next=["null", "A", "B"])
    schema = ["null", record("A", n="float", next=["null", "A", other]), "B"]
    value: Any = None
    for _ in range(40):
        value = {"n": 0.1, "next": value}
    began = time.monotonic()
    assert trip(schema, value)["next"]["next"]
    assert time.monotonic() - began < 5


def test_values_may_be_as_deep_as_without_a_choice():
    value: Any = None
    for _ in range(250):
        value = {"next": value, "n": 2**60 + 1}
    found = trip(record("N", next=["null", "N"], n=["double", "long"]), value)
    while found["next"]:
        found = found["next"]
    assert found == {"next": None, "n": 2**60 + 1}
    with pytest.raises(ValueError, match="no record Other"):
        trip(["null", record("R", n=["double", "long"])], {"-type": "Other", "n": 1})


LEAVES: list[Any] = [
    "int", "long", "float", "double", "string", "bytes", "boolean", DATE, TIME, MILLIS, MICROS,
    LOCAL, PRICE, SUM, ID, ENUM, FIXED,
]  # fmt: skip
VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.integers(-9, 9), st.floats(allow_nan=False),
    st.floats(width=32, allow_nan=False), st.text(max_size=3), st.sampled_from(["A", "B"]),
    st.binary(max_size=3), st.booleans(), st.uuids(), st.dates(), st.times(),
    st.sampled_from([NOW, ODD, NOW.replace(tzinfo=None)]),
    st.decimals(places=3, min_value=-999, max_value=999), st.decimals(places=2, max_value=99,
    min_value=-99),
)  # fmt: skip


def kind_of(leaf):
    return leaf if isinstance(leaf, str) else leaf.get("name", leaf["type"])


@st.composite
def unions(draw):
    return draw(st.lists(st.sampled_from(LEAVES), min_size=1, unique_by=kind_of, max_size=5))


WRAPS = {
    "as it is": (lambda u: u, lambda v: v),
    "array": (lambda u: {"type": "array", "items": u}, lambda v: [v]),
    "map": (lambda u: {"type": "map", "values": u}, lambda v: {"k": v}),
    "record": (lambda u: record("R", f=u), lambda v: {"f": v}),
    "union": (lambda u: ["null", record("R", f=u), "string"], lambda v: {"f": v}),
}


def alone(leaf, value):
    """Return what a leaf without a choice gives back, or None."""
    if fit_of(parse(json.dumps(leaf)))(value, 0) is not None:
        return None
    try:
        return trip(leaf, value)
    except (ValueError, TypeError, OverflowError):
        return None


@given(unions(), VALUES, st.sampled_from(sorted(WRAPS)))
def test_a_value_that_a_branch_keeps_is_kept(union, value, wrap):
    results = [alone(leaf, value) for leaf in union]
    equal = [each for each in results if each is not None and each == value]
    same = [each for each in equal if type(each) is type(value)]
    if not equal:
        return
    wrapped, put = WRAPS[wrap]
    found = trip(wrapped(union), put(value))
    assert found == put(value)
    if same:
        assert repr(found) == repr(put(same[0]))
