"""What we make of a .proto file is what protoc makes of it."""

import base64
import importlib
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, struct_pb2, timestamp_pb2
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.errors import SchemaError
from logcore.serialization.proto_text import parse

GOLDEN = Path(__file__).parents[1] / "golden" / "proto"
GOOGLES = Path(importlib.import_module("google.type.date_pb2").__file__ or "").parents[2]
FILES = sorted(str(path.relative_to(GOOGLES)) for path in GOOGLES.glob("google/**/*.proto"))


def kept(options, *names):
    """Return what of some options changes bytes or names."""
    return {name: getattr(options, name) for name in names if options.HasField(name)}


def field(each):
    found = {name: value for name, value in fields_of(each) if name not in ("options", "json_name")}
    return found | kept(each.options, "packed")


def fields_of(message):
    return [(descriptor.name, value) for descriptor, value in message.ListFields()]


def enum(each):
    values = [(value.name, value.number) for value in each.value]
    return each.name, values, kept(each.options, "allow_alias")


def message(each):
    """Return what a message is; those of maps come last, in any order of a description."""
    inner = sorted(each.nested_type, key=lambda nested: nested.options.map_entry)
    return {
        "name": each.name,
        "fields": [field(one) for one in each.field],
        "extensions": [field(one) for one in each.extension],
        "oneofs": [one.name for one in each.oneof_decl],
        "ranges": [(one.start, one.end) for one in each.extension_range],
        "enums": [enum(one) for one in each.enum_type],
        "messages": [message(one) for one in inner],
        **kept(each.options, "map_entry"),
    }


def file(described):
    """Return what a file is, as far as data depends on it."""
    return {
        "package": described.package,
        "imports": list(described.dependency),
        "public": list(described.public_dependency),
        "weak": list(described.weak_dependency),
        "syntax": described.syntax or "proto2",
        "messages": [message(one) for one in described.message_type],
        "enums": [enum(one) for one in described.enum_type],
        "extensions": [field(one) for one in described.extension],
    }


def in_a_pool(described, imported=()):
    """Return a file as it comes back from where its names are resolved."""
    pool = descriptor_pool.DescriptorPool()

    def add(each):
        for name in each.dependency:
            try:
                pool.FindFileByName(name)
            except KeyError:
                module = importlib.import_module(f"{name[:-6].replace('/', '.')}_pb2")
                add(descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb))
        pool.Add(each)

    for module in imported:
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    add(described)
    found = descriptor_pb2.FileDescriptorProto()
    pool.FindFileByName(described.name).CopyToProto(found)
    return found


@pytest.mark.parametrize("name", FILES)
def test_googles_files_are_what_protoc_made_of_them(name):
    module = importlib.import_module(f"{name[:-6].replace('/', '.')}_pb2")
    truth = descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
    made = in_a_pool(parse((GOOGLES / name).read_text("utf-8"), name))
    assert file(made) == file(truth)


@pytest.mark.parametrize("name", ["strange2", "strange3"])
def test_strange_files_are_what_protoc_made_of_them(name):
    text = (GOLDEN / f"{name}.desc").read_text()
    truth = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(text))
    source = (GOLDEN / f"{name}.proto").read_text("utf-8")
    made = in_a_pool(parse(source, f"{name}.proto"), (timestamp_pb2, duration_pb2, struct_pb2))
    assert file(made) == file(truth)


def test_a_map_written_out_as_confluents_registry_does():
    source = """syntax = "proto3";
    message A { repeated .A.BsEntry bs = 1;
      message BsEntry { option map_entry = true; string key = 1; int32 value = 2; } }"""
    made = parse(source, "a")
    assert made.message_type[0].nested_type[0].options.map_entry
    in_a_pool(made)


def test_a_name_may_be_a_keyword_or_taken():
    source = 'syntax="proto3"; message A { optional int32 x = 1; int32 _x = 2; string option = 3; }'
    made = parse(source, "a").message_type[0]
    assert [one.name for one in made.oneof_decl] == ["X_x"]
    assert [one.name for one in made.field] == ["x", "_x", "option"]


FLAWS = {
    "nonsense": "line 1",
    'syntax = "proto4";': "proto4",
    'edition = "2023";': "edition",
    "message": "line 1",
    "message A {": "line 1",
    "message A { int32 a = 0; }": "a number from 1",
    "message A { int32 a = 536870912; }": "a number from 1",
    "message A { int32 = 1; }": "a name",
    "message A {\n\n int32 a 1; }": "line 3: '='",
    "message A { map<int32> a = 1; }": "','",
    "message A { int32 a = 1 [deprecated]; }": "name",
    "message A { oneof b { int32 c = 1 } }": "';'",
    "enum A { B = x; }": "number",
    "import 7;": "text",
    "service A { rpc": "'}'",
    "message A { " * 20_000: "deep",
    "?": "what is",
}


@pytest.mark.parametrize("source", FLAWS, ids=range(len(FLAWS)))
def test_what_is_no_file(source):
    with pytest.raises(SchemaError, match=FLAWS[source]) as caught:
        parse(source, "a", "orders")
    assert caught.value.topic == "orders"


WORDS = [
    "message", "enum", "oneof", "map", "optional", "repeated", "group", "extend", "extensions",
    "option", "reserved", "service", "import", "package", "syntax", "A", "int32", "=", "1", ";",
    "{", "}", "[", "]", "<", ">", "(", ")", ",", '"proto3"', "-", "to", "max", "default", ".",
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_no_text_does_harm(words):
    try:
        parse(" ".join(words), "a")
    except SchemaError as error:
        assert "no .proto file" in str(error)  # noqa: PT017 - some texts are files
