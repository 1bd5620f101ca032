"""Lines of source, and the facts about fields that both ways of a codec need."""

from logcore.protocol.messages.fetch import FetchPartition, FetchRequest
from logcore.protocol.messages.produce import ProduceRequest
from logcore.protocol.schema import Struct
from logcore.protocol.source import (
    Source,
    element_size_min,
    exists,
    may_be_null,
    reaches,
    size_min,
)
from logcore.protocol.types import array, int64, string, uuid


def test_blocks_indent_and_functions_come_first():
    source = Source()
    with source.block("def outer(x):"):
        with source.function("def inner(x):"):
            source.line("return x + 1")
        source.line("return inner(x) * 2")
    assert source.text().splitlines() == [
        "def inner(x):",
        "    return x + 1",
        "def outer(x):",
        "    return inner(x) * 2",
    ]
    assert source.compile("outer", "a test")(3) == 8


def test_an_object_keeps_its_name():
    source = Source()
    thing = object()
    name = source.bind(thing, "x")
    assert source.bind(thing, "y") == name
    assert source.bind(object(), "x") != name
    assert source.namespace[name] is thing
    made = source.bind_once("key", list, "m")
    assert source.bind_once("key", dict, "m") == made
    assert source.namespace[made] == []


def test_fields_by_version():
    cluster_id = FetchRequest.FIELDS["cluster_id"]
    assert [exists(cluster_id, version) for version in (11, 12)] == [False, True]
    assert [may_be_null(cluster_id, version) for version in (11, 12)] == [False, True]


def test_what_a_message_reaches():
    assert reaches(ProduceRequest, {"records"})
    assert not reaches(FetchRequest, {"records", "bytes"})
    assert reaches(FetchRequest, {"uuid"})


class Element(Struct):
    number: int = int64("0-1")
    name: str = string("0+")
    ids: list[bytes] = array(uuid, "0+")


def test_the_fewest_bytes_of_a_struct():
    assert size_min(Element, 0, flexible=False) == 8 + 2 + 4
    assert size_min(Element, 2, flexible=True) == 1 + 1 + 1
    assert size_min(FetchPartition, 12, flexible=True) == 4 + 4 + 8 + 4 + 8 + 4 + 1
    assert element_size_min(Element.FIELDS["ids"], 0, flexible=True) == 16
