"""A record never takes more room than is waited for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.producer.room import Sizes, room_for
from logcore.record.encoding import RecordAccumulator
from tests.record.accumulating import accumulator

FIELD = st.none() | st.binary(max_size=300)
HEADERS = st.lists(st.tuples(st.text(max_size=30), FIELD), max_size=10)


def taken(into: RecordAccumulator, *record: Any) -> int:
    before = into.used_bytes
    assert into.append("topic", *record) is not None
    return into.used_bytes - before


@given(FIELD, FIELD, HEADERS, st.integers(0, 1 << 62))
def test_no_record_takes_more(value, key, headers, timestamp):
    into = accumulator()
    taken(into, b"first")  # and with it the header of the batch
    assert taken(into, value, key, 0, headers, timestamp) <= room_for(value, key, headers)


@given(st.lists(st.tuples(st.integers(-1, 50), st.integers(-1, 50)), min_size=1, max_size=5))
def test_columns_take_what_their_records_take(lengths):
    values, keys = zip(*lengths, strict=True)
    kinds: list[Callable[..., Any]] = [list, np.int32, np.int64]
    for kind in kinds:
        sizes = Sizes(kind(values), kind(keys))
        assert len(sizes) == len(lengths)
        for at, (value, key) in enumerate(lengths):
            assert sizes.room_at(at) == room_for(bytes(max(value, 0)), bytes(max(key, 0)))
    assert Sizes([3], None).room_at(0) == room_for(b"abc")


@pytest.mark.parametrize("header", [(b"name", b"1"), ("name", "1"), ("name", 0), 5])
def test_headers_that_would_be_refused_are_refused_the_same_way(header):
    with pytest.raises(TypeError):
        accumulator().append("topic", b"v", None, 0, [header], 0)
    with pytest.raises(TypeError):
        room_for(b"v", None, [header])


def test_headers_may_be_a_mapping():
    assert room_for(b"", None, {"a": b"1"}) == room_for(b"", None, [("a", b"1")])
