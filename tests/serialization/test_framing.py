"""The frame of Confluent's serializers, byte by byte."""

import contextlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.errors import MalformedDataError
from logcore.serialization.framing import (
    Framed,
    framed,
    head,
    packed_indexes,
    unpacked_indexes,
)


def test_the_head():
    assert head(1).hex() == "0000000001"
    assert framed(head(2**31 - 1) + b"data", "t") == Framed(2**31 - 1, 5)
    guid = uuid.UUID(int=7)
    assert framed(b"\x01" + guid.bytes + b"data", "t") == Framed(str(guid), 17)


# As Confluent's Java serializer writes them: {1, 0} is 4 2 0.
@pytest.mark.parametrize(
    ("indexes", "packed"),
    [((0,), "00"), ((1,), "0202"), ((1, 0), "040200"), ((0, 0), "040000"), ((0, 64), "04008001")],
)
def test_the_way_to_a_message(indexes, packed):
    assert packed_indexes(indexes).hex() == packed
    assert unpacked_indexes(bytes.fromhex(packed) + b"x", 0, "t") == (indexes, len(packed) // 2)


def test_the_first_message_may_be_written_at_length():
    assert unpacked_indexes(b"\x02\x00", 0, "t") == ((0,), 2)


@given(st.lists(st.integers(0, 2**31), min_size=1, max_size=20), st.integers(0, 2**31 - 1))
def test_what_was_framed_is_found_again(indexes, schema_id):
    data = head(schema_id) + packed_indexes(tuple(indexes)) + b"rest"
    found = framed(data, "t")
    assert found.id == schema_id
    assert unpacked_indexes(data, found.start, "t") == (tuple(indexes), len(data) - 4)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no bytes"),
        (b"\0", "cut off"),
        (b"\0\0\0\1", "cut off"),
        (b"\1" + bytes(15), "cut off"),
        (b"\0\xff\xff\xff\xff", "-1"),
        (b'{"a": 1}', "begins with b'{'"),
        (b"\2\0\0\0\1", "begins with"),
    ],
)
def test_what_is_no_frame(data, message):
    with pytest.raises(MalformedDataError, match=message) as caught:
        framed(data, "orders")
    assert caught.value.topic == "orders"


@pytest.mark.parametrize("data", ["", "02", "80", "8080808080", "01", "0201", "ffffffff7f", "d803"])
def test_what_is_no_way(data):
    with pytest.raises(MalformedDataError):
        unpacked_indexes(bytes.fromhex(data), 0, "t")


@given(st.binary(max_size=40))
def test_no_bytes_do_harm(data):
    for read in (lambda: framed(data, "t"), lambda: unpacked_indexes(data, 0, "t")):
        with contextlib.suppress(MalformedDataError):
            read()
