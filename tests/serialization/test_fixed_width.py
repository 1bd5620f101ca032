"""Numbers and truth values have the bytes that Apache Kafka's serializers give them."""

import math
import re

import pytest

from logcore import serialization
from logcore.common.errors import MalformedDataError, UnfitValueError

# What org.apache.kafka.common.serialization of Apache Kafka 4.3.1 wrote.
GOLDEN = [
    ("Integer", 0, "00000000"),
    ("Integer", -1, "ffffffff"),
    ("Integer", 2**31 - 1, "7fffffff"),
    ("Integer", -(2**31), "80000000"),
    ("Long", -2, "fffffffffffffffe"),
    ("Long", 2**63 - 1, "7fffffffffffffff"),
    ("Long", -(2**63), "8000000000000000"),
    ("Short", 258, "0102"),
    ("Short", -3, "fffd"),
    ("Short", -32768, "8000"),
    ("Float", 0.0, "00000000"),
    ("Float", -0.0, "80000000"),
    ("Float", 1.5, "3fc00000"),
    ("Float", 3.4028234663852886e38, "7f7fffff"),
    ("Float", 1.401298464324817e-45, "00000001"),
    ("Float", -math.inf, "ff800000"),
    ("Float", math.nan, "7fc00000"),
    ("Double", -1.25, "bff4000000000000"),
    ("Double", math.pi, "400921fb54442d18"),
    ("Double", 5e-324, "0000000000000001"),
    ("Double", math.inf, "7ff0000000000000"),
    ("Double", math.nan, "7ff8000000000000"),
    ("Boolean", True, "01"),
    ("Boolean", False, "00"),
]


def pair(kind):
    names = f"{kind}Serializer", f"{kind}Deserializer"
    return [getattr(serialization, name)() for name in names]


@pytest.mark.parametrize(("kind", "value", "written"), GOLDEN)
def test_bytes_are_kafkas(kind, value, written):
    serializer, deserializer = pair(kind)
    assert serializer.serialize("t", value).hex() == written
    back = deserializer.deserialize("t", bytes.fromhex(written))
    assert type(back) is type(value)
    assert repr(back) == repr(value)


@pytest.mark.parametrize("kind", sorted({row[0] for row in GOLDEN}))
def test_none_stays_none_and_other_lengths_are_refused(kind):
    serializer, deserializer = pair(kind)
    assert serializer.serialize("t", None) is deserializer.deserialize("t", None) is None
    for data in (b"", b"123", b"123456789"):
        with pytest.raises(MalformedDataError, match="byte") as caught:
            deserializer.deserialize("t", data)
        assert caught.value.topic == "t"
    with pytest.raises(UnfitValueError, match="'7'"):
        serializer.serialize("t", "7")


@pytest.mark.parametrize(
    ("kind", "value"),
    [("Short", 32768), ("Integer", 2**31), ("Long", 2**63), ("Long", True), ("Integer", 1.5),
     ("Float", 1e39), ("Boolean", 1)],
)  # fmt: skip
def test_what_does_not_fit_is_refused(kind, value):
    with pytest.raises(UnfitValueError, match=re.escape(str(value))):
        pair(kind)[0].serialize("t", value)


def test_a_float_may_be_given_as_an_int():
    assert pair("Double")[0].serialize("t", 1) == pair("Double")[0].serialize("t", 1.0)


def test_a_byte_that_is_no_truth_value():
    with pytest.raises(MalformedDataError, match="byte 2"):
        pair("Boolean")[1].deserialize("t", b"\x02")
