"""Protobuf with a registry: there and back, imports registered, and what is refused."""

import sys

import pytest
from google.api import metric_pb2
from google.protobuf import timestamp_pb2
from google.rpc import error_details_pb2
from google.type import money_pb2

from logcore.common import errors
from logcore.serialization import (
    ProtobufDeserializer,
    ProtobufSerializer,
    Schema,
    SchemaRegistry,
)
from logcore.serialization.protobuf_schema import Protobuf, text_of
from tests.serialization.lying_registry import LyingRegistry, said

PRICE = money_pb2.Money(currency_code="EUR", units=3)
TEXT = (
    'syntax="proto3"; package google.type; message Other {} '
    "message Money { string currency_code = 1; int64 units = 2; int32 nanos = 3; }"
)


@pytest.fixture
def server():
    with LyingRegistry() as running:
        yield running


@pytest.fixture
def local(server):
    """A client of a registry that says what a test tells it to."""
    with SchemaRegistry(server.url, max_retries=0) as client:
        yield client


def offered(text):
    """Return the answer of a registry that has a schema under every id."""
    return said({"schema": text, "schemaType": "PROTOBUF", "id": 7, "subject": "s", "version": 1})


class TestBesideARegistry:
    pytestmark = pytest.mark.peer

    def test_there_and_back(self, registry, topic):
        data = ProtobufSerializer(registry, money_pb2.Money).serialize(topic, PRICE)
        found = registry.latest(f"{topic}-value")
        assert data == b"\0" + found.id.to_bytes(4) + b"\0\x0a\x03EUR\x10\x03"
        registry.clear_caches()
        back = ProtobufDeserializer(registry, money_pb2.Money).deserialize(topic, data)
        assert back == PRICE
        made = ProtobufDeserializer(registry).deserialize(topic, data)
        assert (made.currency_code, made.units) == ("EUR", 3)
        assert ProtobufSerializer(registry).serialize(topic, None) is None
        assert ProtobufDeserializer(registry).deserialize(topic, None) is None

    def test_a_message_inside_another(self, registry, topic):
        kind = error_details_pb2.BadRequest.FieldViolation
        data = ProtobufSerializer(registry).serialize(topic, kind(field="table"))
        assert data is not None
        assert data[5:8] == bytes([4, 2 * way(error_details_pb2.BadRequest), 0])
        registry.clear_caches()
        assert ProtobufDeserializer(registry, kind).deserialize(topic, data).field == "table"
        assert ProtobufDeserializer(registry).deserialize(topic, data).field == "table"

    def test_imports_are_registered_and_referred_to(self, registry, topic):
        metric = metric_pb2.MetricDescriptor(name="lag", labels=[{"key": "group"}])
        data = ProtobufSerializer(registry).serialize(topic, metric)
        references = registry.latest(f"{topic}-value").schema.references
        assert {each.subject for each in references} == {
            "google/api/label.proto", "google/api/launch_stage.proto",
        }  # fmt: skip
        registry.clear_caches()
        again = ProtobufSerializer(registry, auto_register_schemas=False)
        assert again.serialize(topic, metric) == data
        registry.clear_caches()
        made = ProtobufDeserializer(registry).deserialize(topic, data)
        assert (made.name, made.labels[0].key) == ("lag", "group")

    def test_the_latest_version_has_the_message_elsewhere(self, registry, topic):
        registry.register(f"{topic}-value", Schema(TEXT, "PROTOBUF"))
        registry.clear_caches()
        latest = ProtobufSerializer(registry, use_latest_version=True)
        data = latest.serialize(topic, PRICE)
        assert data is not None
        assert data[5:7] == b"\2\2"
        registry.clear_caches()
        made = ProtobufDeserializer(registry, money_pb2.Money).deserialize(topic, data)
        assert made == PRICE
        with pytest.raises(errors.UnfitValueError, match=r"google\.protobuf\.Timestamp"):
            latest.serialize(topic, timestamp_pb2.Timestamp())

    @pytest.mark.parametrize(
        ("strategy", "subject"),
        [("RecordNameStrategy", "{1}"), ("TopicRecordNameStrategy", "{0}-{1}")],
    )
    def test_subjects(self, registry, topic, strategy, subject):
        serializer = ProtobufSerializer(registry, is_key=True, subject_name_strategy=strategy)
        serializer.serialize(topic, PRICE)
        assert subject.format(topic, "google.type.Money") in registry.subjects()


def way(kind):
    return list(kind.DESCRIPTOR.file.message_types_by_name).index(kind.DESCRIPTOR.name)


def test_a_value_that_is_no_such_message(server, local):
    server.script = [offered(text_of(money_pb2.DESCRIPTOR))]
    for value in ({"units": 3}, b"bytes", timestamp_pb2.Timestamp()):
        with pytest.raises(errors.UnfitValueError, match="is not Money of Protobuf") as caught:
            ProtobufSerializer(local, money_pb2.Money).serialize("orders", value)
        assert caught.value.topic == "orders"
    with pytest.raises(errors.UnfitValueError, match="a message"):
        ProtobufSerializer(local).serialize("t", {})


def test_a_message_that_lacks_what_is_required(server, local):
    text = 'syntax="proto2"; message A { required int32 a = 1; }'
    schema = Protobuf(Schema(text, "PROTOBUF"))
    server.script = [offered(text)]
    message = schema.message_class(schema.message((0,), "t"))()
    with pytest.raises(errors.UnfitValueError, match="A cannot be written"):
        ProtobufSerializer(local).serialize("t", message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "indexes of its message do not end"),
        (b"\2\6", "no message at"),
        (b"\2\2\x0a\xff", "no data of google.type.Money"),
        (b"\2\2" + b"\x0b" * 500, "no data of google.type.Money"),
        (b"\xff\xff\xff\xff\xff\xff", "do not end"),
    ],
)
def test_bytes_that_are_no_message(server, local, data, message):
    server.script = [offered(TEXT)]
    with pytest.raises(errors.MalformedDataError, match=message) as caught:
        ProtobufDeserializer(local).deserialize("orders", b"\0\0\0\0\7" + data)
    assert caught.value.topic == "orders"


def test_another_message_than_is_asked_for(server, local):
    server.script = [offered(TEXT)]
    deserializer = ProtobufDeserializer(local, money_pb2.Money)
    with pytest.raises(
        errors.SchemaError, match=r"google\.type\.Other, and not a google\.type\.Money"
    ):
        deserializer.deserialize("t", b"\0\0\0\0\7\0")


def test_a_schema_of_another_kind(server, local):
    server.script = [said({"schema": '"int"'})]
    with pytest.raises(errors.SchemaError, match="AVRO"):
        ProtobufDeserializer(local).deserialize("t", b"\0\0\0\0\7\0")


def test_without_the_package(monkeypatch, local):
    monkeypatch.setitem(sys.modules, "google.protobuf.message", None)
    for make in (ProtobufSerializer, ProtobufDeserializer):
        with pytest.raises(errors.MissingPackageError, match=r"pip install 'logcore\[protobuf\]'"):
            make(local)
