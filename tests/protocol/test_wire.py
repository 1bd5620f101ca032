"""Varints, tagged sections, and packers by count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.errors import UnsupportedVersionError
from logcore.protocol import wire
from logcore.protocol.errors import MalformedMessageError, UnencodableMessageError


@given(st.integers(0, wire.INT32_MAX), st.binary(max_size=3))
def test_a_varint_is_read_back(value, before):
    written = wire.varint(value)
    assert len(written) <= 5
    data = before + written + b"\xff"
    end = len(before) + len(written)
    assert wire.read_varint(data, len(before)) == (value, end)
    assert wire.read_varint(memoryview(data), len(before)) == (value, end)


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02"), (16384, "808001")]
)
def test_varints_are_kafkas(value, expected):
    assert wire.varint(value).hex() == expected


@pytest.mark.parametrize("data", ["ffffffffff", "ffffffffff01", "ffffffff0f", "808080808000"])
def test_a_varint_that_is_no_length_is_malformed(data):
    with pytest.raises(MalformedMessageError):
        wire.read_varint(bytes.fromhex(data), 0)


@pytest.mark.parametrize("data", ["", "80", "ffff"])
def test_a_varint_cut_short(data):
    with pytest.raises(IndexError):
        wire.read_varint(bytes.fromhex(data), 0)


def test_unknown_tagged_fields_are_skipped():
    data = bytes.fromhex("00 02 6161 8101 00") + b"next"
    assert wire.skip_tags(data, 0, len(data), 2) == 7
    many = b"\x01" + bytes.fromhex("00 00") * 200
    assert wire.skip_tags(many, 0, len(many), 0x80 | 0x48) == 401


def test_a_tagged_field_beyond_the_end_is_malformed():
    with pytest.raises(MalformedMessageError, match="tagged field"):
        wire.skip_tags(bytes.fromhex("00 05 61"), 0, 3, 1)


def test_strings_are_bounded_on_the_way_out():
    assert wire.string_varint(32768) == wire.varint(32768)
    with pytest.raises(UnencodableMessageError):
        wire.string_varint(32769)


def test_a_lacking_field_is_an_unsupported_version():
    with pytest.raises(UnsupportedVersionError, match="version 3 has no a field"):
        wire.lacking("a field", 3)


def test_packers_are_made_per_length_and_forgotten_before_they_pile_up():
    packers = wire.Packers(("hB", "i", "B", "q", ""))
    assert packers[2, 1](7, 3, 10, 11, 2, 12).hex() == (
        "0007 03 0000000a 0000000b 02 000000000000000c".replace(" ", "")
    )
    one = wire.Packers(("", "i", "B"))
    for count in range(3 * wire.PACKERS_MAX):
        assert len(one[count](*range(count), 1)) == 4 * count + 1
        assert len(one) <= wire.PACKERS_MAX


def test_unpackers_are_made_per_length_and_forgotten_before_they_pile_up():
    unpackers = wire.Unpackers("h")
    for count in range(3 * wire.PACKERS_MAX):
        assert unpackers[count](b"\x00\x01" * count) == (1,) * count
        assert len(unpackers) <= wire.PACKERS_MAX
