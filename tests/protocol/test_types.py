"""The functions that make fields."""

from typing import Any

import pytest

from logcore.common.uuids import ZERO_UUID
from logcore.protocol import types
from logcore.protocol.field import Field
from logcore.protocol.schema import Message, Struct
from logcore.protocol.wire import FORMATS

PRIMITIVES = {
    "bool": types.boolean,
    "int8": types.int8,
    "int16": types.int16,
    "uint16": types.uint16,
    "int32": types.int32,
    "uint32": types.uint32,
    "int64": types.int64,
    "float64": types.float64,
    "uuid": types.uuid,
    "string": types.string,
    "bytes": types.binary,
}


@pytest.mark.parametrize(("kind", "make"), PRIMITIVES.items())
def test_a_primitive_makes_a_field_of_its_kind(kind, make):
    field = make("1+", tag=3, ignorable=True)
    assert isinstance(field, Field)
    assert (field.kind, field.versions, field.tag, field.ignorable) == (kind, "1+", 3, True)
    assert not field.is_array
    element: Any = types.array(make, "0+")
    assert (element.kind, element.is_array, element.of) == (kind, True, None)


def test_the_defaults_are_kafkas():
    fields: list[tuple[Any, object]] = [
        (types.int32("0+"), 0),
        (types.boolean("0+"), False),
        (types.string("0+"), ""),
        (types.string("0+", nullable="0+"), ""),
        (types.binary("0+"), b""),
        (types.uuid("0+"), ZERO_UUID),
        (types.records("0+"), None),
    ]
    assert [field.default for field, _ in fields] == [default for _, default in fields]


def test_structs_and_their_arrays():
    class Part(Struct):
        number: int = types.int32("0+")

    class Whole(Message, versions="0"):
        part: Part = types.struct(Part, "0+")
        parts: list[Part] = types.array(Part, "0+")
        maybe: Part | None = types.struct(Part, "0+", nullable="0+", default=None)

    whole = Whole(part=Part(number=1), parts=[Part(number=2)], maybe=Part(number=3))
    assert Whole.decode(whole.encode_bytes(0), 0) == whole
    assert whole.encode_bytes(0).hex() == "00000001" + "00000001" + "00000002" + "01" + "00000003"
    assert Whole().encode_bytes(0).hex() == "00000000" + "00000000" + "ff"


def test_every_fixed_primitive_has_a_format():
    assert set(FORMATS) == set(PRIMITIVES) - {"string", "bytes"}
