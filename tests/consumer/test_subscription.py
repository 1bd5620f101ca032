"""What is read, and where: positions, seeks, pauses."""

import re
import sys
import threading
from typing import Any

import pytest

from logcore.client.positions import TopicPartition
from logcore.common.errors import IllegalStateError
from logcore.consumer.reset import END
from logcore.consumer.subscription import FetchBuffer, Subscription
from logcore.record.decoding import FetchedRecords
from tests.record.batches import batch_of

P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)


def chunk(offset, *values):
    return FetchedRecords("t", 0, batch_of(*values, base_offset=offset), offset)


def assigned(*places: TopicPartition) -> Any:
    subscription = Subscription()
    subscription.assign(places)
    return subscription


def test_positions_follow_what_is_handed_out():
    state = assigned(P0).state(P0)
    buffer: Any = FetchBuffer()
    assert (state.position, bool(buffer)) == (None, False)
    state.seek(5)
    buffer.put(state, chunk(5, b"a", b"b"))
    buffer.put(state, chunk(7, b"c"))
    assert (state.fetch_offset, state.position, state.buffered) == (8, 5, 2)
    assert buffer.take() is state
    assert state.current is not None
    assert [next(state.current).value, state.position] == [b"a", 6]
    assert next(state.current).value == b"b"
    buffer.finish(state)
    assert (state.position, state.buffered) == (7, 1)
    buffer.take()
    assert len(list(state.current)) == 1
    buffer.finish(state)
    assert (state.position, buffer.take()) == (8, None)


def test_after_a_seek_nothing_fetched_before_is_handed_out():
    state = assigned(P0).state(P0)
    buffer: Any = FetchBuffer()
    state.seek(5)
    buffer.put(state, chunk(5, b"a", b"b"))
    buffer.put(state, chunk(7, b"c"))
    current = buffer.take().current
    state.seek(1)
    assert (list(current), buffer.take(), state.position) == ([], None, 1)
    state.seek(None, END)
    assert (state.position, state.reset_to) == (None, END)


def test_what_is_paused_waits_in_order():
    state = assigned(P0).state(P0)
    buffer: Any = FetchBuffer()
    state.seek(0)
    buffer.put(state, chunk(0, b"a"))
    buffer.put(state, chunk(1, b"b"))
    state.is_paused = True
    assert (bool(buffer), buffer.take()) == (False, None)
    state.is_paused = False
    buffer.unpark(state)
    assert next(iter(buffer.take().current)).value == b"a"


def test_a_partition_that_stays_keeps_its_position():
    subscription = assigned(P0)
    subscription.state(P0).seek(9)
    subscription.assign([P0, P1])
    assert subscription.positions() == {P0: 9}
    assert [state.place for state in subscription.without_position()] == [P1]
    subscription.assign([P1])
    with pytest.raises(IllegalStateError, match="t-0 is not assigned"):
        subscription.state(P0)


def test_subscribing_and_assigning_exclude_each_other():
    subscription = assigned(P0)
    with pytest.raises(IllegalStateError, match="assigned by hand"):
        subscription.subscribe(["t"], None)
    subscription.clear()
    subscription.subscribe([], re.compile("t.*"))
    assert subscription.is_subscribed
    with pytest.raises(IllegalStateError, match="subscribed to"):
        subscription.assign([P0])


def test_one_thread_fetches_while_another_looks():
    state, buffer = assigned(P0).state(P0), FetchBuffer()
    state.seek(0)
    state.is_paused = True  # so that whoever looks goes over all there is
    chunks = [chunk(offset, b"a") for offset in range(1000)]

    def fetch() -> None:
        for records in chunks:
            buffer.put(state, records)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread = threading.Thread(target=fetch)
    try:
        thread.start()
        while thread.is_alive():
            assert not buffer
    finally:
        thread.join()
        sys.setswitchinterval(interval)
    assert len(buffer) == len(chunks)


def test_a_pause_ends_what_is_handed_out_and_loses_nothing():
    told = []
    state = assigned(P0).state(P0)
    state.on_done = lambda place, records: told.append((place, records.taken_count))
    buffer: Any = FetchBuffer()
    state.seek(0)
    data = batch_of(b"a", b"b", b"c")
    buffer.put(state, FetchedRecords("t", 0, data, 0))
    first = buffer.take().current
    assert next(first).value == b"a"
    state.pause()
    assert (list(first), state.position) == ([], 1)
    state.is_paused = False
    assert [record.value for record in state.current] == [b"b", b"c"]
    last = state.current
    state.pause()
    assert state.current is last, "there is nothing more of it"
    buffer.finish(state)
    assert (told, state.position) == ([(P0, 3)], 3)
    state.pause()
    assert state.is_paused
