"""Every (API, version) that kafka-python knows too: both write and read the same bytes.

kafka-python compiles its codec from Kafka's own tables, and shares nothing with ours.
"""

import importlib
import pkgutil
import warnings

import pytest

from logcore.common.uuids import ZERO_UUID
from logcore.protocol import messages
from logcore.protocol.messages.api_versions import ApiVersionsResponse
from logcore.protocol.source import exists
from tests.protocol.catalogue import Values, every_version, name_of

SAMPLES = 5


def peer_classes():
    root = importlib.import_module("kafka.protocol")
    base = importlib.import_module("kafka.protocol.api_message").ApiMessage
    found = {}
    for info in pkgutil.walk_packages(root.__path__, "kafka.protocol."):
        if ".old" in info.name or ".generate" in info.name:
            continue
        for each in vars(importlib.import_module(info.name)).values():
            if isinstance(each, type) and issubclass(each, base) and each is not base:
                found[each.__name__] = each
    return found


with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it reads its tables in an old way
    PEERS = peer_classes()

SHARED = [
    (cls, version)
    for cls, version in every_version(messages)
    if cls.__name__ in PEERS and version <= PEERS[cls.__name__].max_version
]


def test_it_knows_most_of_what_we_know():
    assert len(SHARED) > 300


def same(ours, theirs, struct, version):
    """Compare field by field, by name; what kafka-python names otherwise fails here."""
    for name, field in struct.FIELDS.items():
        if not exists(field, version) or "authorized_operations" in name:  # it makes a set of them
            continue
        mine, other = getattr(ours, name), getattr(theirs, name)
        if field.of is None:
            if field.kind == "uuid":
                other = raw(other)
            assert mine == other, name
        elif field.is_array and mine is not None:
            for pair in zip(mine, other, strict=True):
                same(*pair, field.of, version)


def raw(value):
    """What kafka-python makes of an id, as bytes."""
    if isinstance(value, list):
        return [raw(each) for each in value]
    return ZERO_UUID if value is None else value.bytes


@pytest.mark.parametrize(("cls", "version"), SHARED, ids=name_of)
def test_both_write_and_read_the_same_bytes(cls, version):
    peer = PEERS[cls.__name__]
    values = Values((cls.__name__, version), plain=True)
    for _ in range(SAMPLES):
        message = values.message(cls, version)
        if cls is ApiVersionsResponse:
            message.error_code = 0  # with an error it expects the body of version 0
        written = message.encode_bytes(version)
        theirs = peer.decode(written, version=version)
        theirs._header = None  # its decode leaves this out, and its encode asks for it
        assert bytes(theirs.encode(version=version)) == written
        assert cls.decode(written, version) == message
        same(message, theirs, cls, version)
