"""Data that would do harm is stopped; other data is let pass."""

import io
import json

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.errors import MalformedDataError
from logcore.serialization.avro_bounds import DECIMAL_BYTES_MAX, check, risks_of
from logcore.serialization.avro_schema import definition, parse

NODE = {
    "type": "record", "name": "Node", "fields": [
        {"name": "children", "type": {"type": "array", "items": "Node"}},
        {"name": "value", "type": ["null", "long", "string", {"type": "map", "values": "double"}]},
        {"name": "kind", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}},
        {"name": "hash", "type": {"type": "fixed", "name": "F", "size": 3}},
        {"name": "flags", "type": ["null", {"type": "array", "items": "boolean"}]},
        {"name": "rest", "type": "bytes"},
    ],
}  # fmt: skip
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
EMPTY = {"type": "array", "items": {"type": "record", "name": "Empty", "fields": []}}


def of(schema):
    return parse(json.dumps(schema))


def zigzag(number):
    number = (number << 1) ^ (number >> 63)
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*made, number])


def written(schema, value):
    sink = io.BytesIO()
    fastavro.schemaless_writer(sink, definition(of(schema)), value)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("schema", "nests", "counts", "has_decimals"),
    [
        (NODE, True, False, False),
        (EMPTY, False, True, False),
        ({"type": "array", "items": "null"}, False, True, False),
        ({"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}}, False, True, False),
        ({"type": "map", "values": "null"}, False, False, False),
        (DECIMAL, False, False, True),
        ({"type": "array", "items": "int"}, False, False, False),
        ({"type": "record", "name": "R", "fields": [
            {"name": "a", "type": {"type": "fixed", "name": "F", "size": 2}},
            {"name": "b", "type": "F"}]}, False, False, False),
    ],
)  # fmt: skip
def test_what_data_of_a_schema_could_do(schema, nests, counts, has_decimals):
    found = risks_of(of(schema))
    assert (found.nests, found.counts, found.has_decimals) == (nests, counts, has_decimals)


def test_only_such_data_is_walked():
    assert risks_of(of(NODE)).are_in(b"")
    assert not risks_of(of(DECIMAL)).are_in(bytes(10))
    assert risks_of(of(DECIMAL)).are_in(bytes(DECIMAL_BYTES_MAX + 1))


leaf = st.fixed_dictionaries(
    {
        "children": st.just([]),
        "value": st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5)
        | st.dictionaries(st.text(max_size=3), st.floats(), max_size=3),
        "kind": st.sampled_from("AB"),
        "hash": st.binary(min_size=3, max_size=3),
        "flags": st.none() | st.lists(st.booleans(), max_size=3),
        "rest": st.binary(max_size=5),
    }
)  # fmt: skip
nodes = st.recursive(
    leaf,
    lambda inner: st.builds(
        lambda node, children: node | {"children": children}, leaf, st.lists(inner, max_size=3)
    ),
    max_leaves=8,
)


@given(nodes, st.data())
def test_sound_data_passes_and_cut_data_does_not(node, draw):
    data = written(NODE, node)
    check(of(NODE), b"head" + data, 4, "t")
    cut = draw.draw(st.integers(0, len(data) - 1))
    with pytest.raises(MalformedDataError, match="cut off"):
        check(of(NODE), data[:cut], 0, "t")


@given(st.binary(max_size=60))
def test_no_bytes_do_harm(data):
    for schema in (NODE, EMPTY, DECIMAL):
        try:
            check(of(schema), data, 0, "t")
        except MalformedDataError as error:
            assert error.topic == "t"  # noqa: PT017 - some bytes are sound


@pytest.mark.parametrize(
    ("schema", "data", "message"),
    [
        (EMPTY, zigzag(2**60) + b"\0", "1152921504606846976 elements"),
        (EMPTY, (zigzag(-(2**60)) + zigzag(0)) + b"\0", "elements"),
        ({"type": "array", "items": "null"}, (zigzag(60_000) * 2) + b"\0", "120000 elements"),
        (NODE, zigzag(1) * 100_000, "more than 500 deep"),
        (DECIMAL, zigzag(5000) + bytes(5000), "decimal of 5000 bytes"),
        ("string", zigzag(2**60), "cut off"),
        ("bytes", zigzag(-7), "of -7 bytes"),
        (["null", "int"], zigzag(2), "no branch 2"),
        (["null", "int"], zigzag(-1), "no branch -1"),
        ("long", b"\xff" * 20, "no number"),
        ({"type": "map", "values": "null"}, zigzag(1) + zigzag(-3), "cut off"),
    ],
)
def test_what_is_stopped(schema, data, message):
    with pytest.raises(MalformedDataError, match=message):
        check(of(schema), data, 0, "t")
