"""Avro with a registry: there and back, between versions, and what is refused."""

import datetime
import decimal
import json
import sys
import threading
import uuid
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from logcore.common import errors
from logcore.serialization import (
    AvroDeserializer,
    AvroSerializer,
    Schema,
    SchemaReference,
    SchemaRegistry,
)
from tests.serialization.lying_registry import LyingRegistry, refusal, said

ORDER = {
    "type": "record",
    "name": "shop.Order",
    "fields": [
        {"name": "table", "type": "int"},
        {"name": "what", "type": {"type": "array", "items": "string"}},
        {"name": "note", "type": ["null", "string"], "default": None},
    ],
}
VALUE = {"table": 4, "what": ["pretzel", "coffee"], "note": "quick"}


@pytest.fixture
def server():
    with LyingRegistry() as running:
        yield running


@pytest.fixture
def local(server):
    """A client of a registry that says what a test tells it to."""
    with SchemaRegistry(server.url, max_retries=0) as client:
        yield client


def offered(schema):
    """Return the answer of a registry that has a schema under every id."""
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return said({"schema": text, "id": 7, "subject": "s", "version": 1})


class TestBesideARegistry:
    pytestmark = pytest.mark.peer

    def test_there_and_back(self, registry, topic):
        serializer, deserializer = AvroSerializer(registry, ORDER), AvroDeserializer(registry)
        data = serializer.serialize(topic, VALUE)
        found = registry.latest(f"{topic}-value")
        assert (
            data == b"\0" + found.id.to_bytes(4) + b"\x08\x04\x0epretzel\x0ccoffee\x00\x02\x0aquick"
        )
        assert deserializer.deserialize(topic, data) == VALUE
        assert serializer.serialize(topic, None) is deserializer.deserialize(topic, None) is None

    def test_logical_types(self, registry, topic):
        kinds = {
            "at": (
                "long",
                "timestamp-millis",
                datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC),
            ),
            "day": ("int", "date", datetime.date(2026, 1, 2)),
            "time": ("long", "time-micros", datetime.time(1, 2, 3, 4)),
            "id": ("string", "uuid", uuid.UUID(int=5)),
        }
        fields = [
            {"name": name, "type": {"type": kind, "logicalType": logical}}
            for name, (kind, logical, _) in kinds.items()
        ]
        price = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
        fields.append({"name": "price", "type": price})
        value = {name: told for name, (_, _, told) in kinds.items()} | {
            "price": decimal.Decimal("-12.34")
        }
        schema = {"type": "record", "name": "L", "fields": fields}
        data = AvroSerializer(registry, schema).serialize(topic, value)
        assert AvroDeserializer(registry).deserialize(topic, data) == value

    def test_a_reader_of_another_version(self, registry, topic):
        data = AvroSerializer(registry, ORDER).serialize(topic, VALUE)
        newer = {
            "type": "record", "name": "shop.Order", "fields": [
                {"name": "table", "type": "long"},
                {"name": "paid", "type": "boolean", "default": False},
                {"name": "remark", "aliases": ["note"], "type": ["null", "string"]},
            ],
        }  # fmt: skip
        found = AvroDeserializer(registry, newer).deserialize(topic, data)
        assert found == {"table": 4, "paid": False, "remark": "quick"}
        stricter = ORDER | {"fields": [{"name": "guests", "type": "int"}]}
        with pytest.raises(errors.SchemaError, match="cannot read what was written"):
            AvroDeserializer(registry, stricter).deserialize(topic, data)

    def test_the_latest_version_is_written_with(self, registry, topic):
        registry.register(f"{topic}-value", Schema(json.dumps(ORDER)))
        registry.clear_caches()
        latest = AvroSerializer(registry, use_latest_version=True)
        data = latest.serialize(topic, VALUE)
        assert AvroDeserializer(registry).deserialize(topic, data) == VALUE
        wider = ORDER | {"fields": [*ORDER["fields"], {"name": "guests", "type": "int"}]}
        registry.register(f"{topic}-value", Schema(json.dumps(wider)))
        registry.clear_caches()
        with pytest.raises(errors.UnfitValueError, match="lacks guests"):
            latest.serialize(topic, VALUE)

    def test_records_of_other_schemas(self, registry, topic):
        money = '{"type":"record","name":"shop.Money","fields":[{"name":"sum","type":"int"}]}'
        registry.register(f"{topic}-money", Schema(money))
        text = json.dumps(["null", {"type": "array", "items": "shop.Money"}])
        needs = Schema(text, references=(SchemaReference("shop.Money", f"{topic}-money", 1),))
        data = AvroSerializer(registry, needs).serialize(topic, [{"sum": 1}, {"sum": 2}])
        registry.clear_caches()
        assert AvroDeserializer(registry).deserialize(topic, data) == [{"sum": 1}, {"sum": 2}]

    def test_objects_of_a_program(self, registry, topic):
        @dataclass
        class Order:
            table: int
            what: list[str]
            note: str | None = None

        order = Order(4, ["tea"])
        data = AvroSerializer(registry, ORDER, to_dict=asdict).serialize(topic, order)
        made = AvroDeserializer(registry, from_dict=lambda told: Order(**told))
        assert made.deserialize(topic, data) == order

    @pytest.mark.parametrize(
        ("strategy", "subject"),
        [("RecordNameStrategy", "shop.Order"), ("TopicRecordNameStrategy", "{}-shop.Order")],
    )
    def test_subjects(self, registry, topic, strategy, subject):
        schema = ORDER | {"doc": f"of {topic}"}
        AvroSerializer(registry, schema, subject_name_strategy=strategy).serialize(topic, VALUE)
        assert subject.format(topic) in registry.subjects()

    def test_keys_have_a_subject_of_their_own(self, registry, topic):
        data = AvroSerializer(registry, '"string"', is_key=True).serialize(topic, "table 4")
        assert AvroDeserializer(registry).deserialize(topic, data) == "table 4"
        assert registry.versions(f"{topic}-key") == (1,)

    def test_a_schema_that_the_registry_does_not_take(self, registry, topic):
        registry.register(f"{topic}-value", Schema(json.dumps(ORDER)))
        registry.set_config("FULL", subject=f"{topic}-value")
        other = ORDER | {"fields": [{"name": "guests", "type": "int"}]}
        with pytest.raises(errors.IncompatibleSchemaError):
            AvroSerializer(registry, other).serialize(topic, {"guests": 1})

    def test_an_id_that_the_registry_does_not_know(self, registry, topic):
        with pytest.raises(errors.SchemaNotFoundError):
            AvroDeserializer(registry).deserialize(topic, b"\0\0\x7f\0\0data")


CASH = {"type": "record", "name": "shop.Cash", "fields": [{"name": "sum", "type": "int"}]}
CARD = {"type": "record", "name": "shop.Card", "fields": [{"name": "sum", "type": "int"}]}


def test_records_that_look_alike_are_named(server, local):
    server.script = [offered([CASH, CARD])]
    serializer, topic = AvroSerializer(local, [CASH, CARD]), "t"
    data = serializer.serialize(topic, ("shop.Card", {"sum": 1}))
    assert data == b"\0\0\0\0\7\x02\x02"
    assert AvroDeserializer(local).deserialize(topic, data) == {"sum": 1}
    named = AvroDeserializer(local, names_branches=True).deserialize(topic, data)
    assert named == ("shop.Card", {"sum": 1})
    assert serializer.serialize(topic, named) == data


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"table": 4}, "lacks what"),
        ({**VALUE, "table": 1.5}, r"shop\.Order\.table: 1\.5 is no int"),
        ({**VALUE, "tabel": 1}, "did you mean table"),
        ({**VALUE, "note": "\ud800"}, "surrogates"),
        ("text", "give a dict, or to_dict"),
    ],
)
def test_a_value_that_does_not_fit(server, local, value, message):
    server.script = [offered(ORDER)]
    with pytest.raises(errors.UnfitValueError, match=message) as caught:
        AvroSerializer(local, ORDER).serialize("orders", value)
    assert caught.value.topic == "orders"


def test_a_decimal_that_would_lose_digits(server, local):
    schema = {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}
    server.script = [offered(schema)]
    for digits in ("1.234", "12345.00"):
        with pytest.raises(errors.UnfitValueError, match="decimal"):
            AvroSerializer(local, schema).serialize("t", decimal.Decimal(digits))


def test_a_value_in_a_union_is_not_cut(server, local):
    stamp = {"type": "long", "logicalType": "timestamp-millis"}
    schema = ["null", {"type": "int", "logicalType": "date"}, stamp, "double"]
    server.script = [offered(schema)]
    now = datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC)
    for value in (now, now.date(), 0.5, None):
        data = AvroSerializer(local, schema).serialize("t", value)
        assert AvroDeserializer(local).deserialize("t", data) == value
    with pytest.raises(errors.UnfitValueError, match="no record Other"):
        AvroSerializer(local, [CASH, CARD]).serialize("t", {"-type": "Other", "sum": 1})


NODE = {"type": "record", "name": "N", "fields": [{"name": "next", "type": ["null", "N"]}]}
NULLS = {"type": "array", "items": "null"}
PRICE = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
LONG_ONE = b"\x80\x89\x7a" + bytes(1_000_000)


@pytest.mark.parametrize(
    ("schema", "data", "message"),
    [
        (ORDER, b"", "no data of the Avro schema shop.Order"),
        (ORDER, b"\x08\x04\x0epret", "no data"),
        (ORDER, b"\x08\x00\x00left over", "9 bytes are left over"),
        ("string", b"\x80\x80\x80\x80\x80\x80\x80\x80\x20", "no data"),
        ("string", b"\x02\xff", "no data"),
        ({"type": "array", "items": "int"}, b"\x80\x80\x80\x80\x80\x80\x80\x80\x20\x02", "no data"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, b"\x08", "no data"),
        (
            {"type": "long", "logicalType": "timestamp-millis"},
            b"\xfe" + b"\xff" * 8 + b"\x01",
            "no data",
        ),
        (NULLS, b"\x80\x80\x80\x80\x80\x80\x80\x80\x20\x00", "elements"),
        (NODE, b"\x02" * 1_000_000, "deep"),
        (PRICE, LONG_ONE, "a decimal of 1000000 bytes"),
    ],
    ids=range(11),
)
def test_bytes_that_are_no_data_of_the_schema(server, local, schema, data, message):
    server.script = [offered(schema if isinstance(schema, dict) else f'"{schema}"')]
    with pytest.raises(errors.MalformedDataError, match=message) as caught:
        AvroDeserializer(local).deserialize("orders", b"\0\0\0\0\7" + data)
    assert caught.value.topic == "orders"


@pytest.mark.parametrize("data", [b"", b"\0\0", b"plain text"])
def test_bytes_that_are_no_frame(local, server, data):
    with pytest.raises(errors.MalformedDataError):
        AvroDeserializer(local).deserialize("t", data)
    assert not server.asked


def test_data_and_values_without_an_end_do_not_end_the_process(server, local):
    server.script = [offered(NODE)]
    value: Any = None
    for _ in range(50_000):
        value = {"next": value}
    found = []

    def on_a_small_stack():
        for work in (
            lambda: AvroSerializer(local, NODE).serialize("t", value),
            lambda: AvroDeserializer(local).deserialize("t", b"\0\0\0\0\7" + b"\x02" * 50_000),
        ):
            with pytest.raises(errors.SerializationError, match="deep"):
                work()
            found.append(True)

    thread = threading.Thread(target=on_a_small_stack)
    thread.start()
    thread.join()
    assert found == [True, True]
    while value:
        value = value["next"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (offered("no schema"), errors.SchemaError),
        (said({"schema": "{}", "schemaType": "JSON"}), errors.SchemaError),
        (refusal(404, 40403), errors.SchemaNotFoundError),
        (refusal(503, 50003), errors.SchemaRegistryBusyError),
        (said({"schema": '"x.Y"', "references": [{"name": "x", "subject": "s", "version": 1}]}),
         errors.SchemaRegistryAnswerError),
    ],
)  # fmt: skip
def test_a_schema_that_cannot_be_had(server, local, answer, kind):
    server.script = [answer]
    with pytest.raises(kind):
        AvroDeserializer(local).deserialize("t", b"\0\0\0\0\7\2")


def test_a_registry_that_is_away():
    with SchemaRegistry("127.0.0.1:1", max_retries=0) as away:
        with pytest.raises(errors.SchemaRegistryUnreachableError):
            AvroSerializer(away, '"int"').serialize("t", 1)
        with pytest.raises(errors.SchemaRegistryUnreachableError):
            AvroDeserializer(away).deserialize("t", b"\0\0\0\0\7\2")


def test_guids_are_understood(server, local):
    server.script = [offered('"int"')]
    guid = uuid.UUID(int=9)
    assert AvroDeserializer(local).deserialize("t", b"\1" + guid.bytes + b"\x0e") == 7
    assert str(guid) in server.asked[0].line


def test_schemas_that_are_none(local):
    for given in ("nonsense", {"type": "record"}, Schema("{}", "JSON")):
        with pytest.raises(errors.SchemaError):
            AvroSerializer(local, given)
        with pytest.raises(errors.SchemaError):
            AvroDeserializer(local, given)
    bad_default = ORDER | {"fields": [{"name": "a", "type": "int", "default": "x"}]}
    with pytest.raises(errors.SchemaError, match="no Avro schema"):
        AvroSerializer(local, bad_default)


def test_without_the_package(monkeypatch, local):
    monkeypatch.setitem(sys.modules, "fastavro", None)
    for make in (AvroSerializer, AvroDeserializer):
        with pytest.raises(errors.MissingPackageError, match=r"pip install 'logcore\[avro\]'"):
            make(local)
