"""Confluent's serializers read what ours write to a registry, and ours what theirs write.

One exception is the registry's: Apicurio has no description of a Protobuf file for whoever asks it
for one (`format=serialized`), as Confluent's deserializer does; it is run without the registry.
"""

import datetime
import decimal
import itertools
import json
import uuid

import pytest
from google.api import metric_pb2
from google.rpc import error_details_pb2
from google.type import money_pb2

from logcore.serialization import (
    AvroDeserializer,
    AvroSerializer,
    JsonSchemaDeserializer,
    JsonSchemaSerializer,
    ProtobufDeserializer,
    ProtobufSerializer,
    RegistryDeserializer,
    Schema,
    SchemaReference,
    SchemaRegistry,
)

confluent = pytest.importorskip("confluent_kafka.schema_registry")
their_avro = pytest.importorskip("confluent_kafka.schema_registry.avro")
their_json = pytest.importorskip("confluent_kafka.schema_registry.json_schema")
their_protobuf = pytest.importorskip("confluent_kafka.schema_registry.protobuf")
serialization = pytest.importorskip("confluent_kafka.serialization")

pytestmark = pytest.mark.peer
NAMES = itertools.count()
STRATEGY = {"subject.name.strategy.type": "TOPIC"}

ORDER = {
    "type": "record", "name": "shop.Order", "fields": [
        {"name": "table", "type": "int"},
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "price", "type": {
            "type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "lines", "type": {"type": "array", "items": {
            "type": "record", "name": "Line", "fields": [
                {"name": "what", "type": "string"},
                {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
                {"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 2}}]}}},
        {"name": "tags", "type": {"type": "map", "values": ["double", "boolean"]}},
    ],
}  # fmt: skip
VALUE = {
    "table": -4, "note": "caf\xe9",
    "at": datetime.datetime(2026, 1, 2, 3, 4, 5, 678000, datetime.UTC),
    "day": datetime.date(1969, 7, 20), "id": uuid.UUID(int=2**100),
    "price": decimal.Decimal("-1.50"),
    "lines": [{"what": "tea", "kind": "B", "hash": b"\0\xff"}], "tags": {"a": 1.5, "b": True},
}  # fmt: skip
DIALECT = "http://json-schema.org/draft-07/schema#"
TABLE = {"$schema": DIALECT, "title": "T", "type": "object",
         "properties": {"table": {"type": "integer"}}}  # fmt: skip
MESSAGES = [
    money_pb2.Money(currency_code="EUR", units=3, nanos=-5),
    error_details_pb2.BadRequest.FieldViolation(field="table", description="gone"),
    metric_pb2.MetricDescriptor(name="lag", labels=[{"key": "group"}]),
]


@pytest.fixture
def ours(apicurio_registry):
    with SchemaRegistry(apicurio_registry.url) as client:
        yield client


@pytest.fixture
def theirs(apicurio_registry):
    with confluent.SchemaRegistryClient({"url": apicurio_registry.url}) as client:
        yield client


@pytest.fixture
def topic():
    return f"beside-confluent-{next(NAMES)}"


def place(topic):
    return serialization.SerializationContext(topic, serialization.MessageField.VALUE)


def test_avro(ours, theirs, topic):
    write = their_avro.AvroSerializer(theirs, json.dumps(ORDER), conf=STRATEGY)
    read = their_avro.AvroDeserializer(theirs, conf=STRATEGY)
    by_us = AvroSerializer(ours, ORDER).serialize(topic, VALUE)
    by_them = write(VALUE, place(topic))
    assert by_us == by_them
    assert read(by_us, place(topic)) == VALUE
    for reader in (AvroDeserializer(ours), RegistryDeserializer(ours)):
        assert reader.deserialize(topic, by_them) == VALUE


def test_avro_of_a_reader_and_with_references(ours, theirs, topic):
    money = '{"type":"record","name":"shop.Money","fields":[{"name":"sum","type":"int"}]}'
    ours.register(f"{topic}-money", Schema(money))
    text = '{"type":"record","name":"shop.Bill","fields":[{"name":"total","type":"shop.Money"}]}'
    named = "shop.Money", f"{topic}-money", 1
    by_us = AvroSerializer(ours, Schema(text, references=(SchemaReference(*named),))).serialize(
        topic, {"total": {"sum": 7}}
    )
    schema = confluent.Schema(text, "AVRO", [confluent.SchemaReference(*named)])
    by_them = their_avro.AvroSerializer(theirs, schema, conf=STRATEGY)(
        {"total": {"sum": 7}}, place(topic)
    )
    assert by_us == by_them
    wider = json.loads(text)
    wider["fields"][0]["type"] = json.loads(money)
    wider["fields"].append({"name": "paid", "type": "boolean", "default": True})
    expected = {"total": {"sum": 7}, "paid": True}
    assert AvroDeserializer(ours, wider).deserialize(topic, by_them) == expected
    read = their_avro.AvroDeserializer(theirs, json.dumps(wider), conf=STRATEGY)
    assert read(by_us, place(topic)) == expected


def test_json(ours, theirs, topic):
    value = {"table": 4, "note": "caf\xe9"}
    write = their_json.JSONSerializer(json.dumps(TABLE), theirs, conf=STRATEGY)
    read = their_json.JSONDeserializer(
        json.dumps(TABLE), schema_registry_client=theirs, conf=STRATEGY
    )
    by_us = JsonSchemaSerializer(ours, TABLE).serialize(topic, value)
    by_them = write(value, place(topic))
    assert by_us is not None
    assert by_us[:5] == by_them[:5]
    assert read(by_us, place(topic)) == value
    for reader in (JsonSchemaDeserializer(ours), RegistryDeserializer(ours)):
        assert reader.deserialize(topic, by_them) == value


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_protobuf(ours, theirs, topic, message):
    kind = type(message)
    by_us = ProtobufSerializer(ours, kind).serialize(topic, message)
    by_them = their_protobuf.ProtobufSerializer(kind, theirs, STRATEGY)(message, place(topic))
    assert by_us == by_them
    assert their_protobuf.ProtobufDeserializer(kind, None)(by_us, place(topic)) == message
    assert ProtobufDeserializer(ours, kind).deserialize(topic, by_them) == message
    made = RegistryDeserializer(ours).deserialize(topic, by_them)
    assert made.SerializeToString() == message.SerializeToString()


def test_what_they_registered_we_find(ours, theirs, topic):
    schema = confluent.Schema(json.dumps(ORDER), "AVRO")
    number = theirs.register_schema(topic, schema)
    assert ours.latest(topic).id == ours.lookup(topic, Schema(json.dumps(ORDER))).id == number
    assert theirs.get_latest_version(topic).version == ours.latest(topic).version
