"""What was written with a registry is read by what its schema is."""

import datetime
import json
import subprocess
import sys

import pytest
from google.type import money_pb2

from logcore.common.errors import MalformedDataError, SchemaError
from logcore.serialization import (
    AvroSerializer,
    JsonSchemaSerializer,
    ProtobufSerializer,
    RegistryDeserializer,
    SchemaRegistry,
)
from tests.serialization.lying_registry import LyingRegistry, said

DAY = {"type": "int", "logicalType": "date"}
TABLE = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}


@pytest.mark.peer
def test_all_three(registry, topic):
    price = money_pb2.Money(currency_code="EUR", units=3)
    written = {
        "avro": AvroSerializer(registry, DAY).serialize(f"{topic}-a", datetime.date(2026, 1, 2)),
        "proto": ProtobufSerializer(registry).serialize(f"{topic}-p", price),
        "json": JsonSchemaSerializer(registry, TABLE).serialize(f"{topic}-j", {"table": 4}),
    }
    registry.clear_caches()
    reader = RegistryDeserializer(registry)
    assert reader.deserialize(topic, written["avro"]) == datetime.date(2026, 1, 2)
    assert reader.deserialize(topic, written["proto"]).units == 3
    assert reader.deserialize(topic, written["json"]) == {"table": 4}
    assert [reader.to_json(topic, data) for data in written.values()] == [
        "2026-01-02", {"currency_code": "EUR", "units": "3"}, {"table": 4},
    ]  # fmt: skip
    assert reader.deserialize(topic, None) is reader.to_json(topic, None) is None
    with pytest.raises(SchemaError, match="one of JSON, and not of AVRO"):
        RegistryDeserializer(registry, only="AVRO").deserialize(topic, written["json"])


def test_a_type_that_nobody_knows():
    script = [said({"schema": "x", "schemaType": "XML"})]
    with LyingRegistry(script) as server, SchemaRegistry(server.url) as registry:
        reader = RegistryDeserializer(registry)
        with pytest.raises(SchemaError, match="one of XML, and not of AVRO or JSON or PROTOBUF"):
            reader.deserialize("t", b"\0\0\0\0\7data")
        with pytest.raises(MalformedDataError, match="not written with a"):
            reader.to_json("t", json.dumps({"plain": "json"}).encode())


def test_no_package_is_imported_before_its_data_comes():
    probe = "import sys, logcore.serialization.auto; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", probe]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert {"fastavro", "google.protobuf", "jsonschema"}.isdisjoint(loaded)
