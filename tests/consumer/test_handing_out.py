"""Handing out what was fetched: one by one, in lists, in columns."""

from typing import Any

import pytest

from logcore.client.positions import TopicPartition
from logcore.common.errors import CorruptMessageError, SerializationError
from logcore.consumer.handing_out import HandingOut
from logcore.consumer.interceptor import ConsumerInterceptor
from logcore.consumer.preparing import Preparing
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
    batch = hand.columns_from(state)
    assert batch is not None
    topic, partition, columns = batch
    assert (topic, partition, columns.values()) == ("t", 0, [b"d"])
    assert hand.next_chunk() == state
    assert (len(hand.take_from(state, 9)), hand.next_chunk()) == (1, None)
    assert hand.take_from(state, 9) == []


def test_a_paused_partition_is_left_in_the_middle_and_goes_on_there():
    buffer, state = buffered([b"a", b"b"], [b"c"])
    other = PartitionState(TopicPartition("t", 1), fetch_offset=0)
    buffer.put(other, FetchedRecords("t", 1, batch_of(b"x", b"y"), 0))
    hand = HandingOut(buffer, lambda: None, 500)
    hand.next_chunk()
    hand.take_from(state, 1)
    state.is_paused = True
    assert (hand.next_chunk(), hand.has_resumed) == (other, False)
    assert len(hand.take_from(other, 1)) == 1
    state.is_paused = False
    buffer.unpark(state)
    assert (hand.has_resumed, hand.next_chunk()) == (True, other), "the other is in hand"
    assert len(hand.take_from(other, 9)) == 1
    values = []
    while (following := hand.next_chunk()) is not None:
        assert following is state
        values += [record.value for record in hand.take_from(state, 9)]
    assert (values, state.position) == ([b"b", b"c"], 3)


def test_what_is_paused_and_given_up_does_not_come_back():
    buffer, state = buffered([b"a", b"b"])
    hand = HandingOut(buffer, lambda: None, 500)
    hand.next_chunk()
    hand.take_from(state, 1)
    state.is_paused = True
    assert hand.next_chunk() is None
    state.seek(7)
    state.is_paused = False
    assert (hand.next_chunk(), hand.has_resumed, state.position) == (None, False, 7)


def polled(hand: HandingOut, count: int) -> list[Any]:
    """Take records of all partitions, as consumers do."""
    state = hand.next_chunk()
    records = [] if state is None else hand.gather(state, count)
    return [record.value for record in records]


def outcomes(hand: HandingOut, count: int, calls: int) -> list[Any]:
    """Return what calls give, or the offset that they fail with."""
    found: list[Any] = []
    for _ in range(calls):
        try:
            found.append(polled(hand, count))
        except SerializationError as error:
            found.append(error.offset)
    return found


def test_deserializers_see_bytes_and_their_errors_have_a_place():
    buffer, state = buffered([b"1", b"x", b"3"])
    hand = HandingOut(buffer, lambda: None, 500, Preparing(None, int))
    assert hand.next_chunk() == state
    records = iter(hand.slice_of(state))
    assert next(records).value == 1
    with pytest.raises(SerializationError, match="t-0 at offset 1") as caught:
        next(records)
    assert (caught.value.topic, caught.value.partition, caught.value.offset) == ("t", 0, 1)
    assert [record.value for record in hand.take_from(state, 9)] == [3]


def test_lists_end_before_what_fails_and_go_on_behind_it():
    buffer, state = buffered([b"1", b"x", b"3"], [b"y", b"5"])
    hand = HandingOut(buffer, lambda: None, 500, Preparing(None, int))
    assert hand.next_chunk() == state
    assert outcomes(hand, 9, 5) == [[1], 1, [3], 3, [5]]
    assert (state.position, polled(hand, 9)) == (5, [])


def test_positions_count_what_was_handed_out_and_not_what_was_prepared():
    buffer, state = buffered([b"1", b"2", b"x", b"4"])
    seen: list[int] = []

    class Seeing(ConsumerInterceptor):
        def on_consume(self, records):
            seen.extend(record.offset for record in records)
            return records

    hand = HandingOut(buffer, lambda: None, 500, Preparing(None, int, [Seeing()]))
    assert hand.next_chunk() == state
    records = iter(hand.slice_of(state))
    assert (next(records).value, state.position, seen) == (1, 1, [0, 1, 3])
    assert state.current is None
    assert hand.next_chunk() == state, "the rest is in hand"
    assert outcomes(hand, 9, 3) == [[2], 2, [4]]
    assert (state.position, list(records)) == (4, [])


def test_what_interceptors_leave_out_was_read():
    buffer, state = buffered([b"1", b"2", b"3"], [b"4"])

    class Odd(ConsumerInterceptor):
        def on_consume(self, records):
            return [record for record in records if int(record.value) == 2]

    hand = HandingOut(buffer, lambda: None, 500, Preparing(interceptors=[Odd()]))
    assert polled(hand, 9) == [b"2"]
    assert (state.position, hand.next_chunk()) == (4, None)


def test_after_a_seek_nothing_that_was_prepared_is_handed_out():
    buffer, state = buffered([b"1", b"x", b"3"])
    hand = HandingOut(buffer, lambda: None, 500, Preparing(None, int))
    assert outcomes(hand, 9, 1) == [[1]]
    assert state.position == 1
    state.seek(0)
    assert (state.position, hand.next_chunk()) == (0, None)


@pytest.mark.parametrize("hooks", [None, Preparing(None, int)], ids=["plain", "hooks"])
def test_what_comes_before_damage_is_handed_out_first(hooks):
    buffer, state = buffered([b"1"])
    damaged = bytearray(batch_of(b"3", base_offset=2))
    damaged[-1] ^= 0xFF
    data = batch_of(b"2", base_offset=1) + damaged
    buffer.put(state, FetchedRecords("t", 0, data, 1))
    hand = HandingOut(buffer, lambda: None, 500, hooks)
    assert len(polled(hand, 9)) == 2
    for _ in range(2):
        with pytest.raises(CorruptMessageError):
            polled(hand, 9)
        with pytest.raises(CorruptMessageError):
            hand.columns_from(state)
    assert state.position == 2


def test_arrow_takes_what_was_fetched_when_it_was_asked_for():
    buffer, state = buffered([b"1", b"2"], [b"3"])
    other = PartitionState(TopicPartition("t", 1), fetch_offset=0)
    buffer.put(other, FetchedRecords("t", 1, batch_of(b"x"), 0))

    def fetch_more() -> None:
        buffer.put(other, FetchedRecords("t", 1, batch_of(b"y", base_offset=1), 1))

    hand = HandingOut(buffer, fetch_more, 500)
    hand.next_chunk()
    assert len(hand.take_from(state, 1)) == 1
    batches = hand.arrow_from(hand.next_chunk())
    assert batches is not None
    assert len(batches) == 4, "all that was there, and one that came meanwhile, no more"
    assert (state.position, bool(buffer)) == (3, True)
    assert hand.arrow_from(None) is None


class Interrupted:
    """Makes numbers of bytes; is interrupted at one of them, once."""

    def __init__(self, at: bytes):
        self.at = at

    def __call__(self, data: bytes) -> int:
        if data == self.at:
            self.at = b""
            raise KeyboardInterrupt
        return int(data)


def test_what_was_taken_of_others_is_given_back_where_a_hook_is_interrupted():
    buffer, state = buffered([b"1", b"2"], [b"3"])
    other = PartitionState(TopicPartition("t", 1), fetch_offset=0)
    buffer.put(other, FetchedRecords("t", 1, batch_of(b"4", b"5"), 0))
    hand = HandingOut(buffer, lambda: None, 500, Preparing(None, Interrupted(b"5")))
    assert polled(hand, 1) == [1]
    with pytest.raises(KeyboardInterrupt):
        polled(hand, 9)
    assert (state.position, other.position) == (1, 0)
    assert polled(hand, 9) == [4, 5, 2, 3]
    assert (state.position, other.position, hand.next_chunk()) == (3, 2, None)


def test_what_was_taken_and_sought_away_from_is_not_given_back():
    buffer, state = buffered([b"1", b"2"])
    other = PartitionState(TopicPartition("t", 1), fetch_offset=0)
    buffer.put(other, FetchedRecords("t", 1, batch_of(b"4"), 0))

    def seeking(data: bytes) -> int:
        if data == b"4":
            state.seek(7)
            raise KeyboardInterrupt
        return int(data)

    hand = HandingOut(buffer, lambda: None, 500, Preparing(None, seeking))
    with pytest.raises(KeyboardInterrupt):
        polled(hand, 9)
    assert (state.position, other.position) == (7, 0)


def test_a_record_that_is_interrupted_alone_comes_again():
    buffer, state = buffered([b"1", b"2", b"3"])
    hand = HandingOut(buffer, lambda: None, 500, Preparing(None, Interrupted(b"2")))
    assert hand.next_chunk() == state
    records = iter(hand.slice_of(state))
    assert next(records).value == 1
    with pytest.raises(KeyboardInterrupt):
        next(records)
    assert state.position == 1
    assert hand.next_chunk() == state
    assert [record.value for record in hand.slice_of(state)] == [2], "it alone was prepared before"
    assert [record.value for record in hand.slice_of(state)] == [3]
    assert hand.take_from(state, 0) == []
