"""Compiling on first use, and what a caller is told when a message cannot be read or written."""

import pytest

from logcore.common.errors import UnsupportedVersionError
from logcore.protocol.errors import MalformedMessageError, UnencodableMessageError
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.fetch import FetchRequest
from logcore.protocol.messages.list_offsets import ListOffsetsRequest
from logcore.protocol.schema import Message
from logcore.protocol.types import int8, int32, string


class Small(Message, versions="0-2"):
    number: int = int32("0+")
    name: str = string("1+")
    level: int = int8("2+", default=3, ignorable=True)


def test_a_codec_is_compiled_once_and_kept():
    class Kept(Message, versions="0-1"):
        number: int = int32("0+")

    assert not Kept._readers
    assert not Kept._writers
    Kept.decode(Kept(number=1).encode_bytes(0), 0)
    reader, writer = Kept._readers[0], Kept._writers[0]
    Kept.decode(Kept(number=1).encode_bytes(0), 0)
    assert Kept._readers == {0: reader}
    assert Kept._writers == {0: writer}


@pytest.mark.parametrize("version", [-1, 3, 19])
def test_a_version_that_is_not_there(version):
    with pytest.raises(UnsupportedVersionError, match=f"has versions 0 to 2, not {version}"):
        Small().encode(version)
    with pytest.raises(UnsupportedVersionError, match=f"has versions 0 to 2, not {version}"):
        Small.decode(b"", version)


def test_a_value_that_a_version_lacks_is_refused_unless_ignorable():
    with pytest.raises(UnsupportedVersionError, match=r"version 0 has no Small\.name"):
        Small(name="a").encode(0)
    assert Small(level=9).encode_bytes(1) == Small().encode_bytes(1)
    assert Small.decode(Small(level=9).encode_bytes(1), 1).level == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", 2**31),
        ("number", "one"),
        ("number", None),
        ("name", None),
        ("name", "x" * 32768),
        ("name", "\ud800"),
        ("name", 7),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name, value):
    message = Small(**{name: value})
    with pytest.raises(UnencodableMessageError, match="Small, version 1"):
        message.encode(1)


def test_a_string_has_at_most_32767_bytes_in_flexible_versions_too():
    request = ListOffsetsRequest()
    assert request.encode(6)
    topic = CreatableTopic(name="x" * 32767)
    assert CreateTopicsRequest.decode(
        CreateTopicsRequest(topics=[topic]).encode_bytes(7), 7
    ).topics == [topic]
    with pytest.raises(UnencodableMessageError, match="32768 bytes is too long"):
        CreateTopicsRequest(topics=[CreatableTopic(name="x" * 32768)]).encode(7)


def test_malformed_bytes_say_where():
    with pytest.raises(MalformedMessageError, match=r"Small\.name at 6 declares 9, in 8 bytes"):
        Small.decode(bytes.fromhex("00000001 0009 6161"), 1)
    with pytest.raises(MalformedMessageError, match="Small version 1"):
        Small.decode(bytes.fromhex("00000001 0002 ff61"), 1)
    with pytest.raises(MalformedMessageError, match="FetchRequest version 4"):
        FetchRequest.decode(b"", 4)


def test_a_message_is_found_behind_other_bytes():
    written = b"header" + Small(number=7, name="a").encode_bytes(1)
    assert Small.decode(memoryview(written), 1, 6) == Small(number=7, name="a")
