"""Many records of one call: what they take, and where they go on."""

import numpy as np
import pytest

from logcore.common.errors import InvalidArgumentError
from logcore.producer.bulk import Buffers, Bulk, Lists, columns, pairs
from logcore.producer.room import room_for
from tests.record.accumulating import accumulator

VALUES = [b"a" * 900, None, b"c" * 900, b"d"]
KEYS = [b"1", b"2", None, b"4"]


def lengths(fields):
    return np.array([-1 if each is None else len(each) for each in fields], np.int32)


def joined(fields):
    return b"".join(each for each in fields if each is not None)


@pytest.mark.parametrize(
    "records",
    [
        Lists("t", VALUES, KEYS, 0, 99),
        Buffers("t", joined(VALUES), lengths(VALUES), joined(KEYS), lengths(KEYS), 0, 99),
    ],
    ids=["lists", "buffers"],
)
def test_they_go_on_where_there_was_no_more_room(records: Bulk):
    to = accumulator(memory_bytes=1200)
    to.set_partitions("t", 1, [0])
    first, _ = records.append(to, 0)
    assert (len(records), first) == (4, 2)
    assert not to.has_room(records.room_at(first))
    batch = to.take("t", 0)
    assert batch is not None
    to.release(batch)
    rest, tickets = records.append(to, first)
    assert (first + rest, len(tickets)) == (4, 1)
    assert [records.room_at(at) for at in range(4)] == list(map(room_for, VALUES, KEYS))


@pytest.mark.parametrize("kind", ["binary", "large_string", "chunked", "polars"])
def test_columns_of_arrow_are_taken_as_they_are(kind):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is a peer of the benches")
    texts = ["a" * 900, None, "c" * 900, "d"]
    if kind == "polars":
        polars = pytest.importorskip("polars", reason="polars is a peer of the benches")
        values, keys = polars.Series(texts), polars.Series(KEYS)
    elif kind == "chunked":
        values, keys = pyarrow.chunked_array([texts[:1], texts[1:]]), pyarrow.array(KEYS)
    else:
        padded = pyarrow.array(["cut off", *texts], getattr(pyarrow, kind)())
        values, keys = padded[1:], pyarrow.array(KEYS, pyarrow.binary())
    records = columns("t", values, None, keys, None, 0, 99)
    test_they_go_on_where_there_was_no_more_room(records)


def test_columns_that_make_no_sense_are_refused():
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is a peer of the benches")
    with pytest.raises(TypeError, match="values are list, no column of Arrow's: say how long"):
        columns("t", [b"a"], None, None, None, None, None)
    with pytest.raises(TypeError, match="of bytes or text, not of Int64"):
        columns("t", pyarrow.array([1]), None, None, None, None, None)
    with pytest.raises(TypeError, match="pass one column"):
        columns("t", pyarrow.table({"a": ["b"]}), None, None, None, None, None)
    with pytest.raises(InvalidArgumentError, match="key_lengths without lengths"):
        columns("t", pyarrow.array(["a"]), None, None, [1], None, None)
    records = columns("t", pyarrow.array(["a"]), None, pyarrow.array(["a", "b"]), None, None, None)
    with pytest.raises(InvalidArgumentError, match="as many keys as values"):
        records.append(accumulator(), 0)


def test_pairs_want_as_many_keys_as_values():
    assert list(pairs([1, 2], None)) == [(1, None), (2, None)]
    assert list(pairs([1, 2], "ab")) == [(1, "a"), (2, "b")]
    with pytest.raises(InvalidArgumentError, match="2 values and 1 keys"):
        pairs([1, 2], ["a"])
