"""Dicts as messages of Protobuf."""

import sys

import pytest

from logcore.common import errors
from logcore.serialization import ProtobufDictSerializer, RegistryDeserializer, SchemaRegistry
from tests.serialization.lying_registry import LyingRegistry, said

SHOP = """syntax = "proto3"; package shop; import "google/protobuf/timestamp.proto";
message Empty {}
message Order { int32 table_number = 1; bytes raw = 2; google.protobuf.Timestamp at = 3;
  message Line { string what = 1; } repeated Line lines = 4; map<string, int64> tags = 5; }"""
VALUE = {
    "table_number": 4, "raw": "AP8=", "at": "2026-01-02T03:04:05Z", "lines": [{"what": "tea"}],
    "tags": {"a": "7"},
}  # fmt: skip


@pytest.fixture
def server():
    with LyingRegistry([said({"id": 7})]) as running:
        yield running


@pytest.fixture
def local(server):
    """A client of a registry that takes everything."""
    with SchemaRegistry(server.url, max_retries=0) as client:
        yield client


@pytest.mark.peer
def test_there_and_back(registry, topic):
    serializer = ProtobufDictSerializer(registry, SHOP, "shop.Order")
    data = serializer.serialize(topic, VALUE)
    assert data is not None
    assert data[5:7] == b"\2\2"
    assert registry.latest(f"{topic}-value").schema.text == SHOP
    registry.clear_caches()
    assert RegistryDeserializer(registry).to_json(topic, data) == VALUE
    latest = ProtobufDictSerializer(registry, message="shop.Order.Line", use_latest_version=True)
    line = latest.serialize(topic, {"what": "tea"})
    assert line is not None
    assert line[5:] == b"\4\2\0\x0a\3tea"


def test_the_first_message_is_meant_where_none_is_named(local):
    assert ProtobufDictSerializer(local, SHOP).serialize("t", {}) == b"\0\0\0\0\7\0"
    assert ProtobufDictSerializer(local, SHOP).serialize("t", None) is None


@pytest.mark.parametrize(
    "value", [{"tabel": 1}, {"table_number": "x"}, {"lines": 7}, {"at": "now"}, 7, [], "text"]
)
def test_a_value_that_does_not_fit(local, value):
    with pytest.raises(errors.UnfitValueError, match=r"does not fit shop\.Order") as caught:
        ProtobufDictSerializer(local, SHOP, "shop.Order").serialize("orders", value)
    assert caught.value.topic == "orders"


def test_messages_that_are_not_there(local):
    with pytest.raises(errors.UnfitValueError, match=r"no message shop\.None"):
        ProtobufDictSerializer(local, SHOP, "shop.None")
    with pytest.raises(errors.SchemaError, match="has no message"):
        ProtobufDictSerializer(local, 'syntax = "proto3";')
    with pytest.raises(errors.SchemaError, match=r"no \.proto file"):
        ProtobufDictSerializer(local, "nonsense")


def test_without_the_package(monkeypatch, local):
    monkeypatch.setitem(sys.modules, "google.protobuf.json_format", None)
    with pytest.raises(errors.MissingPackageError, match=r"pip install 'logcore\[protobuf\]'"):
        ProtobufDictSerializer(local)
