"""Text, UUIDs, bytes and nothing have the bytes that Apache Kafka's serializers give them."""

import uuid
from typing import Any

import pytest

from logcore import serialization
from logcore.common.errors import InvalidArgumentError, MalformedDataError, UnfitValueError

text: Any = serialization

# What org.apache.kafka.common.serialization of Apache Kafka 4.3.1 wrote.
WORDS = "gr\u00fc\u00df\u20ac\U0001f968"
GOLDEN = [
    ("utf-8", WORDS, "6772c3bcc39fe282acf09fa5a8"),
    ("utf-8", "", ""),
    ("UTF-16", WORDS, "feff0067007200fc00df20acd83edd68"),
    ("UTF-16BE", WORDS, "0067007200fc00df20acd83edd68"),
    ("ISO-8859-1", WORDS[:4], "6772fcdf"),
]


@pytest.mark.parametrize(("encoding", "value", "written"), GOLDEN)
def test_text_is_kafkas(encoding, value, written):
    assert text.StringSerializer(encoding).serialize("t", value).hex() == written
    assert text.StringDeserializer(encoding).deserialize("t", bytes.fromhex(written)) == value


def test_utf_16_without_a_mark_is_big_endian_as_in_java():
    assert text.StringDeserializer("utf-16").deserialize("t", b"\0g") == "g"
    assert text.StringDeserializer("utf-16").deserialize("t", b"\xff\xfeg\0") == "g"


def test_what_an_encoding_lacks_is_not_replaced():
    with pytest.raises(UnfitValueError, match="latin"):
        text.StringSerializer("latin-1").serialize("t", "\u20ac")
    with pytest.raises(UnfitValueError, match="give a str"):
        text.StringSerializer().serialize("t", b"bytes")
    with pytest.raises(MalformedDataError, match="utf-8"):
        text.StringDeserializer().deserialize("t", b"\xff")
    with pytest.raises(InvalidArgumentError, match="klingon"):
        text.StringSerializer("klingon")


def test_uuids_are_kafkas():
    value, written = (
        uuid.UUID("0123456789abcdef0123456789abcdef"),
        ("30313233343536372d383961622d636465662d303132332d343536373839616263646566"),
    )
    assert text.UUIDSerializer().serialize("t", value).hex() == written
    assert text.UUIDDeserializer().deserialize("t", bytes.fromhex(written)) == value
    with pytest.raises(MalformedDataError, match="no UUID"):
        text.UUIDDeserializer().deserialize("t", b"\xff")
    with pytest.raises(UnfitValueError, match=r"uuid\.UUID"):
        text.UUIDSerializer().serialize("t", str(value))


def test_bytes_stay_bytes():
    for given in (b"\0\xff", bytearray(b"\0\xff"), memoryview(b"\0\xff")):
        assert text.BytesSerializer().serialize("t", given) == b"\0\xff"
    assert text.BytesDeserializer().deserialize("t", b"\0\xff") == b"\0\xff"
    with pytest.raises(UnfitValueError, match="str"):
        text.BytesSerializer().serialize("t", "text")


def test_nothing_is_nothing():
    assert text.VoidSerializer().serialize("t", None) is None
    assert text.VoidDeserializer().deserialize("t", None) is None
    with pytest.raises(UnfitValueError, match="nothing"):
        text.VoidSerializer().serialize("t", 0)
    with pytest.raises(MalformedDataError, match="0 bytes"):
        text.VoidDeserializer().deserialize("t", b"")


@pytest.mark.parametrize("kind", ["String", "UUID", "Bytes"])
def test_none_stays_none(kind):
    assert getattr(text, f"{kind}Serializer")().serialize("t", None) is None
    assert getattr(text, f"{kind}Deserializer")().deserialize("t", None) is None
