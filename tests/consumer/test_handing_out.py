"""Handing out what was fetched: one by one, in lists, in columns."""

from typing import Any

import pytest

from logcore.client.positions import TopicPartition
from logcore.common.errors import SerializationError
from logcore.consumer.handing_out import HandingOut
from logcore.consumer.subscription import FetchBuffer, PartitionState
from logcore.record.decoding import FetchedRecords
from tests.record.batches import batch_of


def buffered(*chunks: list[bytes]) -> tuple[FetchBuffer, Any]:
    """Return a buffer with chunks of one partition, and that partition."""
    state = PartitionState(TopicPartition("t", 0), fetch_offset=0)
    buffer = FetchBuffer()
    offset = 0
    for values in chunks:
        data = batch_of(*values, base_offset=offset)
        buffer.put(state, FetchedRecords("t", 0, data, offset))
        offset += len(values)
    return buffer, state


def test_chunks_come_one_after_the_other_and_more_is_asked_for():
    taken = []
    buffer, state = buffered([b"a", b"b", b"c"], [b"d"])
    hand = HandingOut(buffer, lambda: taken.append(1), 2)
    values = []
    while hand.next_chunk() is not None:
        values.append([record.value for record in hand.slice_of(state)])
    assert [each for each in values if each] == [[b"a", b"b"], [b"c"], [b"d"]]
    assert (len(taken), state.position, list(hand.slice_of(state))) == (2, 4, [])


def test_lists_and_columns_take_the_rest():
    buffer, state = buffered([b"a", b"b", b"c", b"d"], [b"e"])
    hand = HandingOut(buffer, lambda: None, 500)
    assert hand.next_chunk() == state
    assert [record.offset for record in hand.take_from(state, 3)] == [0, 1, 2]
    topic, partition, columns = hand.columns_from(state)
    assert (topic, partition, columns.values()) == ("t", 0, [b"d"])
    assert hand.next_chunk() == state
    assert (len(hand.take_from(state, 9)), hand.next_chunk()) == (1, None)
    assert hand.take_from(state, 9) == []


def test_a_paused_partition_is_left_in_the_middle():
    buffer, state = buffered([b"a", b"b"])
    hand = HandingOut(buffer, lambda: None, 500)
    hand.next_chunk()
    hand.take_from(state, 1)
    state.is_paused = True
    assert hand.next_chunk() is None


def test_deserializers_see_bytes_and_their_errors_have_a_place():
    buffer, state = buffered([b"1", b"x", b"3"])
    hand = HandingOut(buffer, lambda: None, 500, None, int)
    assert hand.next_chunk() == state
    records = iter(hand.slice_of(state))
    assert next(records).value == 1
    with pytest.raises(SerializationError, match="t-0 at offset 1") as caught:
        next(records)
    assert (caught.value.topic, caught.value.partition, caught.value.offset) == ("t", 0, 1)
    assert [record.value for record in hand.take_from(state, 9)] == [3]
