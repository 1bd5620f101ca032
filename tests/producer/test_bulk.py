"""Many records of one call: what they take, and where they go on."""

import numpy as np
import pytest

from logcore.common.errors import InvalidArgumentError
from logcore.producer.bulk import Buffers, Bulk, Lists, pairs
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
    assert records.room_at(0) == room_for(VALUES[0], KEYS[0])


def test_pairs_want_as_many_keys_as_values():
    assert list(pairs([1, 2], None)) == [(1, None), (2, None)]
    assert list(pairs([1, 2], "ab")) == [(1, "a"), (2, "b")]
    with pytest.raises(InvalidArgumentError, match="2 values and 1 keys"):
        pairs([1, 2], ["a"])
