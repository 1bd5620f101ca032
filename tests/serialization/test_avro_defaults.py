"""Defaults of fields: values of their types, and of each record its own."""

import copy
import datetime
import decimal
import json
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common import errors
from logcore.serialization import AvroDeserializer, AvroSerializer, SchemaRegistry
from logcore.serialization.avro_defaults import may_lack
from logcore.serialization.avro_schema import parse
from logcore.serialization.registry.schema import Schema

UTC = datetime.UTC


class Memory(SchemaRegistry):
    """A registry that keeps schemas in itself."""

    def __init__(self) -> None:
        self.schemas: list[Schema] = []

    def register(self, subject: str, schema: Schema, *, normalize: bool = False) -> int:
        del subject, normalize
        self.schemas.append(schema)
        return len(self.schemas)

    def schema(
        self,
        id: int,  # noqa: A002 - as the registry has it
        *,
        subject: str | None = None,
        format: str | None = None,  # noqa: A002 - as the registry has it
    ) -> Schema:
        del subject, format
        return self.schemas[id - 1]


def record(name, *fields):
    return {"type": "record", "name": name, "fields": list(fields)}


def field(name, kind, *default):
    told = {"name": name, "type": kind}
    return told | {"default": default[0]} if default else told


def logical(kind, logical_type, **more):
    return {"type": kind, "logicalType": logical_type, **more}


INNER = record("Q", field("q", "int", 3), field("l", {"type": "array", "items": "int"}, []))
NODE = record(
    "N",
    field("n", "bytes", "\u00ff"),
    field("next", ["null", "N"], None),
    field("kids", {"type": "array", "items": "N"}, [{"kids": []}]),
)
LEAF: dict[str, Any] = {"n": b"\xff", "next": None, "kids": []}

DEFAULTS: list[tuple[Any, Any, Any]] = [
    ("bytes", "\u00ff", b"\xff"), ("string", "\u00ff", "\u00ff"), ("double", 0, 0.0),
    ({"type": "double"}, 0, 0.0), ("float", "Infinity", float("inf")), ("boolean", True, True),
    ({"type": "fixed", "name": "F", "size": 2}, "\u0000\u00ff", b"\0\xff"),
    ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, "B", "B"),
    (logical("bytes", "decimal", precision=4, scale=2), "\u0001", decimal.Decimal("0.01")),
    (logical("long", "timestamp-millis"), 0, datetime.datetime(1970, 1, 1, tzinfo=UTC)),
    (logical("int", "date"), 5, datetime.date(1970, 1, 6)),
    (logical("string", "uuid"), str(uuid.UUID(int=7)), uuid.UUID(int=7)),
    (INNER, {}, {"q": 3, "l": []}), (INNER, {"q": 4}, {"q": 4, "l": []}),
    ({"type": "array", "items": INNER}, [{}, {"l": [1]}], [{"q": 3, "l": []}, {"q": 3, "l": [1]}]),
    ({"type": "map", "values": "bytes"}, {"a": "\u00fe"}, {"a": b"\xfe"}),
    (["bytes", "null"], "\u00ff", b"\xff"), (["null", "bytes"], None, None),
    (["null", "bytes"], "\u00ff", b"\xff"), (["double", "long"], 5, 5.0),
    ([logical("int", "date"), "long", "null"], 5, datetime.date(1970, 1, 6)),
    (["null", INNER], None, None), ([INNER, "null"], {}, {"q": 3, "l": []}),
    (["null", {"type": "array", "items": ["double", "long"]}], [5], [5.0]),
    (NODE, {}, {"n": b"\xff", "next": None, "kids": [LEAF]}),
    (["null", NODE], {"next": {"kids": []}},
     {"n": b"\xff", "next": LEAF, "kids": [LEAF]}),
]  # fmt: skip
OLD = record("R", field("z", "int"))


def newer(kind, default):
    return record("R", field("z", "int"), field("new", kind, default))


def shared(old, value, new, **how):
    """Return what writes a value, and reads it as another schema has it."""
    registry = Memory()
    data = AvroSerializer(registry, old).serialize("t", value)
    return AvroDeserializer(registry, new, **how), data


@pytest.mark.parametrize(("kind", "default", "value"), DEFAULTS, ids=range(len(DEFAULTS)))
def test_a_field_that_was_not_written_has_its_default(kind, default, value):
    reader, data = shared(OLD, {"z": 1}, newer(kind, default))
    found = reader.deserialize("t", data)
    assert found == {"z": 1, "new": value}
    assert type(found["new"]) is type(value)


@pytest.mark.parametrize(("kind", "default", "value"), DEFAULTS, ids=range(len(DEFAULTS)))
def test_a_field_that_is_not_given_is_written_as_its_default(kind, default, value):
    reader, data = shared(newer(kind, default), {"z": 1}, None)
    assert reader.deserialize("t", data) == {"z": 1, "new": value}


def test_no_record_shares_a_default_with_another():
    for kind, default, value in DEFAULTS:
        reader, data = shared(OLD, {"z": 1}, newer(kind, default))
        first, second = reader.deserialize("t", data), reader.deserialize("t", data)
        if isinstance(value, list | dict):
            assert first["new"] is not second["new"]
            first["new"].clear()
        assert second == reader.deserialize("t", data) == {"z": 1, "new": value}


def wrapped(inner):
    return record(
        "Top",
        field("a", {"type": "array", "items": ["null", inner]}),
        field("m", {"type": "map", "values": "R"}),
        field("u", ["null", record("Other", field("x", "int")), "R"]),
    )


@pytest.mark.parametrize("names_branches", [False, True])
def test_defaults_of_records_inside(names_branches):
    new = newer({"type": "array", "items": "int"}, [])
    value = {"a": [None, {"z": 1}, {"z": 2}], "m": {"k": {"z": 3}}, "u": {"z": 4}}
    reader, data = shared(wrapped(OLD), value, wrapped(new), names_branches=names_branches)
    found = reader.deserialize("t", data)
    plain = json.loads(json.dumps(found))
    made = [{"z": n, "new": []} for n in range(1, 5)]
    union = ["R", made[3]] if names_branches else made[3]
    assert plain["m"] == {"k": made[2]}
    assert plain["u"] == union
    assert [part[1] if isinstance(part, list) else part for part in plain["a"]] == [None, *made[:2]]
    found["m"]["k"]["new"].append(1)
    assert reader.deserialize("t", data)["m"]["k"]["new"] == []


def test_defaults_of_a_recursive_type():
    old = record("N", field("v", "int"), field("next", ["null", "N"]))
    new = copy.deepcopy(old)
    new["fields"].append(field("tags", {"type": "array", "items": "string"}, []))
    new["fields"].append(field("mark", "bytes", "\u00ff"))
    value = {"v": 1, "next": {"v": 2, "next": None}}
    reader, data = shared(old, value, new)
    more = {"tags": [], "mark": b"\xff"}
    assert reader.deserialize("t", data) == value | more | {"next": {"v": 2, "next": None} | more}


def test_a_symbol_that_a_reader_lacks():
    old, new = ({"type": "enum", "name": "E", "symbols": each} for each in (["A", "B"], ["A"]))
    reader, data = shared(old, "B", new | {"default": "A"})
    assert reader.deserialize("t", data) == "A"


def test_schemas_whose_root_is_no_record():
    for wrap, value in (("array", [{"z": 1}]), ("map", {"k": {"z": 1}})):
        key = "items" if wrap == "array" else "values"
        old, new = ({"type": wrap, key: each} for each in (OLD, newer("bytes", "\u00ff")))
        reader, data = shared(old, value, new)
        full: Any = copy.deepcopy(value)
        (inner,) = full.values() if isinstance(full, dict) else full
        inner["new"] = b"\xff"
        assert reader.deserialize("t", data) == full
        again, data = shared(new, value, None)
        assert again.deserialize("t", data) == full
    reader, data = shared(["null", newer("bytes", "\u00ff")], {"z": 1}, None)
    assert reader.deserialize("t", data) == {"z": 1, "new": b"\xff"}


BAD = [
    ("int", 2**40, "no int"), ("int", "x", "'x' is no int"), ("bytes", "\u0100", "latin-1"),
    ("bytes", 5, "no bytes"), ({"type": "fixed", "name": "F", "size": 2}, "x", "1 bytes"),
    ({"type": "enum", "name": "E", "symbols": ["A"]}, "B", "no E"),
    (["null", "int"], "x", "none of"),
    (INNER, {"q": None}, "no int"), (record("M", field("m", "int")), {}, "lacks m"),
    (record("N", field("n", "N", {})), {}, "itself inside"), ("double", "x", "float"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "default", "message"), BAD, ids=range(len(BAD)))
def test_a_default_that_does_not_fit(kind, default, message):
    for make in (AvroSerializer, AvroDeserializer):
        with pytest.raises(errors.SchemaError, match=message):
            make(Memory(), newer(kind, default))


def test_what_may_lack_fields():
    new = newer({"type": "array", "items": "int"}, [])
    old, now = parse(json.dumps(OLD)), parse(json.dumps(new))
    assert may_lack(old, now)
    assert not may_lack(now, now)
    assert not may_lack(old, parse(json.dumps(newer("int", 0))))
    assert not may_lack(old, parse(json.dumps(new | {"name": "Other"})))
    assert may_lack(old, parse(json.dumps(new | {"name": "Other", "aliases": ["x.R"]})))
    called = record("R", field("new", "int"))
    assert not may_lack(parse(json.dumps(called)), now)
    renamed = copy.deepcopy(new)
    renamed["fields"][1] |= {"name": "newer", "aliases": ["new"]}
    assert not may_lack(parse(json.dumps(called)), parse(json.dumps(renamed)))


# A kind is a schema, and a strategy of pairs: a default in JSON, and the value that it means.
def leaf(schema, values, mean=lambda given: given):
    return schema, values.map(lambda given: (given, mean(given)))


LEAVES = [
    leaf("int", st.integers(-(2**31), 2**31 - 1)),
    leaf("double", st.floats(allow_nan=False, allow_infinity=False)),
    leaf("string", st.text(max_size=3)),
    leaf("boolean", st.booleans()),
    leaf("bytes", st.binary(max_size=3).map(lambda b: b.decode("latin-1")),
         lambda text: text.encode("latin-1")),
    leaf(logical("int", "date"), st.integers(0, 9999),
         lambda days: datetime.date(1970, 1, 1) + datetime.timedelta(days)),
    leaf(logical("bytes", "decimal", precision=9, scale=2), st.integers(0, 99).map(chr),
         lambda text: decimal.Decimal(ord(text)).scaleb(-2)),
    leaf({"type": "enum", "name": "E", "symbols": ["A", "B"]}, st.sampled_from("AB")),
]  # fmt: skip


def listed(kind):
    pairs = st.lists(kind[1], max_size=2)
    meant = pairs.map(lambda each: ([a for a, _ in each], [b for _, b in each]))
    return {"type": "array", "items": kind[0]}, meant


def mapped(kind):
    pairs = st.dictionaries(st.text(max_size=2), kind[1], max_size=2)
    meant = pairs.map(
        lambda each: ({k: a for k, (a, _) in each.items()}, {k: b for k, (_, b) in each.items()})
    )
    return {"type": "map", "values": kind[0]}, meant


def united(kind):
    return ["null", kind[0]], st.one_of(st.just((None, None)), kind[1])


@st.composite
def recorded(draw, kinds):
    """Draw a record, of whose fields those with a default may be left out of a default."""
    schema: dict[str, Any] = record("R")
    parts = []
    for index, (kind, pairs) in enumerate(draw(st.lists(kinds, max_size=3))):
        inner = draw(pairs)
        schema["fields"].append(field(f"f{index}", kind, inner[0]))
        parts.append(st.one_of(pairs.map(lambda pair: (True, *pair)), st.just((False, *inner))))
    meant = st.tuples(*parts).map(
        lambda each: (
            {f"f{i}": given for i, (there, given, _) in enumerate(each) if there},
            {f"f{i}": value for i, (_, _, value) in enumerate(each)},
        )
    )
    return schema, meant


def extended(kinds):
    plain = kinds.filter(lambda kind: not isinstance(kind[0], list))
    return st.one_of(kinds.map(listed), kinds.map(mapped), plain.map(united), recorded(kinds))


def numbered(schema, count):
    """Return a schema with names that are all different."""
    if isinstance(schema, list):
        return [numbered(each, count) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: numbered(part, count) if key in ("type", "items", "values") else part
        for key, part in schema.items()
    }
    if schema.get("type") in ("record", "enum"):
        count.append(None)
        made["name"] = f"T{len(count)}"
    if "fields" in schema:
        made["fields"] = [numbered(each, count) for each in schema["fields"]]
    return made


@given(st.recursive(st.sampled_from(LEAVES), extended, max_leaves=5), st.data())
def test_defaults_are_what_they_mean(kind, data):
    default, value = data.draw(kind[1])
    new = newer(numbered(kind[0], []), default)
    reader, old = shared(OLD, {"z": 1}, new)
    assert reader.deserialize("t", old) == {"z": 1, "new": value}
    reader, given_none = shared(new, {"z": 1}, None)
    assert reader.deserialize("t", given_none) == {"z": 1, "new": value}
    _, given_all = shared(new, {"z": 1, "new": value}, None)
    assert given_all == given_none
