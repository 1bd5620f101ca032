"""Protobuf schemas of a registry: text and base64, imports, and ways to messages."""

import base64

import pytest
from google.protobuf import json_format
from google.type import money_pb2

from logcore.common.errors import MalformedDataError, SchemaError, UnfitValueError
from logcore.serialization import Schema, SchemaReference, SchemaRegistry
from logcore.serialization.protobuf_schema import (
    Protobuf,
    description_of,
    googles_module,
    is_known,
    text_of,
    way_to,
)
from tests.serialization.lying_registry import LyingRegistry, said

SHOP = """
syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
import "google/type/money.proto";
import "confluent/meta.proto";
import "confluent/type/decimal.proto";
message Order {
  map<string, int32> tags = 4;
  message Line { string what = 1; message Extra { bool hot = 1; } }
  repeated Line lines = 1;
  google.protobuf.Timestamp at = 2;
  google.type.Money price = 3;
  confluent.type.Decimal tip = 5;
}
message Empty {}
"""


def proto(text=SHOP, *references):
    return Schema(text, "PROTOBUF", references)


def test_text_and_base64_are_both_read():
    from_text = Protobuf(proto())
    from_base64 = Protobuf(proto(text_of(from_text.file)))
    folded = "\n".join([text_of(from_text.file)[:60], text_of(from_text.file)[60:]])
    for schema in (from_text, from_base64, Protobuf(proto(folded))):
        assert schema.indexes_of("shop.Order.Line.Extra", "t") == (0, 0, 0)
        kind = schema.message_class(schema.message((0,), "t"))
        order = kind(lines=[{"what": "tea"}], tags={"a": 1})
        order.at.FromJsonString("2026-01-02T03:04:05Z")
        order.price.currency_code = "EUR"
        told = json_format.MessageToDict(kind.FromString(order.SerializeToString()))
        assert told == {
            "tags": {"a": 1}, "lines": [{"what": "tea"}], "at": "2026-01-02T03:04:05Z",
            "price": {"currencyCode": "EUR"},
        }  # fmt: skip


def test_ways_count_messages_before_maps_in_text_and_in_their_order_in_a_description():
    schema = Protobuf(proto())
    ways = ((0,), (1,), (0, 0), (0, 0, 0), (0, 1))
    assert [schema.message(way, "t").full_name for way in ways] == [
        "shop.Order", "shop.Empty", "shop.Order.Line", "shop.Order.Line.Extra",
        "shop.Order.TagsEntry",
    ]  # fmt: skip
    for way in ((2,), (0, 2), (1, 0)):
        with pytest.raises(MalformedDataError, match="no message at"):
            schema.message(way, "t")
    for name in ("shop.None", "google.protobuf.Timestamp"):
        with pytest.raises(UnfitValueError, match=name):
            schema.indexes_of(name, "t")
    assert way_to(money_pb2.Money.DESCRIPTOR) == (0,)


def test_what_needs_no_reference():
    known = ["google/protobuf/any.proto", "google/type/date.proto", "confluent/meta.proto"]
    assert [is_known(name) for name in (*known, "google/api/http.proto", "a.proto")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert googles_module("google/type/money.proto") is money_pb2
    assert googles_module("os.proto") is googles_module("google/none.proto") is None


@pytest.mark.peer
def test_files_that_import_each_other(registry, topic):
    registry.register(f"{topic}-b", proto('syntax="proto3"; package b; message B { int32 n = 1; }'))
    to_b = SchemaReference("dir/b.proto", f"{topic}-b", 1)
    middle = 'syntax="proto3"; import public "dir/b.proto"; message A { b.B b = 1; }'
    registry.register(f"{topic}-a", proto(middle, to_b))
    to_a = SchemaReference("a.proto", f"{topic}-a", 1)
    top = 'syntax="proto3"; import "a.proto"; message C { A a = 1; b.B b = 2; }'
    number = registry.register(f"{topic}-c", proto(top, to_a))
    registry.clear_caches()
    schema = Protobuf(registry.schema(number), registry)
    kind = schema.message_class(schema.message((0,), "t"))
    assert json_format.MessageToDict(kind(a={"b": {"n": 7}})) == {"a": {"b": {"n": 7}}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "no .proto file"),
        ("", "no Protobuf schema|no message"),
        ('syntax="proto3"; import "a.proto";', "imports a.proto"),
        ('syntax="proto3"; import "google/none.proto";', "googleapis-common-protos"),
        ('syntax="proto3"; message A { B b = 1; }', "no Protobuf schema"),
        ('syntax="proto3"; message A {} message A {}', "no Protobuf schema"),
        ('syntax="proto3"; message A { int32 a = 1; int32 b = 1; }', "no Protobuf schema"),
        (base64.b64encode(b"\x0a\xff").decode(), "no .proto file"),
    ],
)
def test_what_is_no_schema(text, message):
    with pytest.raises((SchemaError, MalformedDataError), match=message):
        Protobuf(proto(text), topic="orders").message((0,), "orders")


def test_a_file_that_imports_itself():
    reference = {"name": "a.proto", "subject": "a", "version": 1}
    text = 'syntax="proto3"; import "a.proto"; message A {}'
    answer = {"schema": text, "schemaType": "PROTOBUF", "references": [reference], "id": 1}
    with (
        LyingRegistry([said(answer | {"subject": "a", "version": 1})]) as server,
        SchemaRegistry(server.url) as registry,
        pytest.raises(SchemaError),
    ):
        Protobuf(proto(text, SchemaReference("a.proto", "a", 1)), registry)


def test_a_schema_of_another_kind():
    with pytest.raises(SchemaError, match="AVRO"):
        description_of(Schema('"int"'), "a", "t")
