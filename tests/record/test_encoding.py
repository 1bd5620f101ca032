"""Records into batches: order, room, lingering, halves, and the partition of a key."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.errors import (
    ClientClosedError,
    InvalidArgumentError,
    MessageTooLargeError,
    UnknownTopicOrPartitionError,
)
from logcore.record.decoding import FetchedRecords
from logcore.record.encoding import ProduceBatch, RecordAccumulator
from tests.record.accumulating import Ticket, accumulator

JAVA_HASHES = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
"""What Java's producer makes of keys."""


def seal(batch: ProduceBatch, producer_id: int = -1, epoch: int = -1, sequence: int = -1) -> bytes:
    batch.seal(producer_id, epoch, sequence, False)
    return bytes(memoryview(batch))


def records(batch: ProduceBatch) -> list[tuple[object, ...]]:
    read = FetchedRecords("topic", batch.partition, seal(batch), 0)
    return [(it.key, it.value, it.headers, it.timestamp) for it in read]


def taken(from_: RecordAccumulator, partition: int = 0) -> list[ProduceBatch]:
    batches = []
    while (batch := from_.take("topic", partition)) is not None:
        batches.append(batch)
    return batches


@pytest.mark.parametrize("key", JAVA_HASHES)
@pytest.mark.parametrize("count", [1, 3, 7, 100])
def test_a_key_goes_where_javas_producer_sends_it(key, count):
    made = accumulator(count)
    assert made.append("topic", b"", key) is not None
    expected = (JAVA_HASHES[key] & 0x7FFFFFFF) % count
    assert made.ready(0, 0)[0] == [("topic", expected)]


def test_keys_have_no_say_if_they_are_ignored():
    made = accumulator(50, ignores_keys=True, batch_bytes=100)
    for _ in range(200):
        made.append("topic", b"x" * 50, b"one key")
    assert len(made.ready(0, 0)[0]) > 20


FIELD = st.none() | st.binary(max_size=50)
RECORD = st.tuples(
    FIELD, FIELD, st.lists(st.tuples(st.text(max_size=9), FIELD), max_size=3), st.integers(-1, 99)
)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
@given(appended=st.lists(RECORD, max_size=30), batch_bytes=st.integers(1, 900))
def test_what_went_in_comes_out_in_order(codec, appended, batch_bytes):
    made = accumulator(compression=codec, batch_bytes=batch_bytes)
    for value, key, headers, timestamp in appended:
        made.append("topic", value, key, 0, headers, timestamp)
    out = [record for batch in taken(made) for record in records(batch)]
    assert out == [(key, value, tuple(headers), at) for value, key, headers, at in appended]
    assert made.is_empty


@given(st.integers(2, 40), st.sampled_from(["none", "zstd"]))
def test_halves_hold_the_records_of_the_whole(count, codec):
    made = accumulator(compression=codec)
    for number in range(count):
        made.append("topic", b"%d" % number, b"k", 0, [("h", b"")], number)
    (whole,) = taken(made)
    expected, used = records(whole), made.used_bytes
    first, second = whole.split("first", "second")
    made.release(whole)
    assert (first.ticket, second.ticket) == ("first", "second")
    assert (first.count, second.count) == ((count + 1) // 2, count // 2)
    assert records(first) + records(second) == expected
    assert made.used_bytes == used
    made.release(first)
    made.release(second)
    made.release(second)
    assert made.used_bytes == 0


def test_a_batch_is_due_when_it_is_full_or_lingered():
    made = accumulator(batch_bytes=200)
    made.append("topic", b"x" * 60, timestamp=0)
    assert made.ready(1000, 50) == ([], 1050)
    assert made.ready(1049, 50) == ([], 1050)
    assert made.ready(1050, 50)[0] == [("topic", 0)]
    made.append("topic", b"x" * 200, timestamp=0)
    made.append("topic", b"x", timestamp=0)
    assert made.ready(1060, 10_000)[0] == [("topic", 0)]
    assert [batch.seen_ms for batch in taken(made)] == [1000, 1060, 1060]


def test_what_is_older_is_given_up_and_nothing_else():
    made = accumulator(batch_bytes=100)
    made.append("topic", b"x" * 90)
    made.ready(10, 0)
    made.append("topic", b"y" * 90)
    assert made.take_older(10) == []
    made.ready(20, 0)
    (old,) = made.take_older(11)
    assert records(old)[0][1] == b"x" * 90
    assert len(taken(made)) == 1


def test_it_takes_no_more_than_its_memory_but_one_record_always():
    made = accumulator(memory_bytes=1000)
    assert made.append("topic", b"x" * 5000) is not None
    assert made.append("topic", b"x") is None
    assert not made.wait_for_room(1, 0.01)
    (batch,) = taken(made)
    timer = threading.Timer(0.05, made.release, [batch])
    timer.start()
    assert made.wait_for_room(1, 20)
    assert made.append("topic", b"x") is not None
    timer.join()


def test_memory_that_somebody_looks_at_is_not_used_again():
    made = accumulator()
    made.append("topic", b"first")
    (batch,) = taken(made)
    batch.seal(-1, -1, -1, False)
    view = memoryview(batch)
    before = bytes(view)
    made.release(batch)
    for _ in range(3):
        made.append("topic", b"other")
        made.release(taken(made)[0])
    assert bytes(view) == before


def test_somebody_is_woken_once_between_two_looks():
    woken = []
    made = accumulator(2, wake=lambda: woken.append(1))
    for _ in range(5):
        made.append("topic", b"x", partition=0)
    made.append("topic", b"x", partition=1)
    assert len(woken) == 1
    made.ready(0, 0)
    made.append("topic", b"x", partition=0)
    assert len(woken) == 1
    taken(made)
    made.append("topic", b"x", partition=0)
    assert len(woken) == 2


def test_a_record_that_cannot_be_encoded_begins_no_batch():
    tickets: list[Ticket] = []

    def new_ticket():
        tickets.append(Ticket())
        return tickets[-1]

    woken = []
    made = accumulator(new_ticket=new_ticket, wake=lambda: woken.append(1))
    with pytest.raises(InvalidArgumentError, match="timestamp"):
        made.append("topic", b"x", timestamp=-2)
    assert made.is_empty
    assert [ticket.is_discarded for ticket in tickets] == [True]
    with pytest.raises(InvalidArgumentError):
        made.append_many("topic", [b"x"], None, None, -2)
    assert [ticket.is_discarded for ticket in tickets] == [True, True]
    made.append("topic", b"x")
    assert (woken, tickets[-1].is_discarded) == ([1], False)


def test_tickets_that_threads_made_in_vain_are_discarded():
    tickets: list[Ticket] = []
    barrier = threading.Barrier(4)

    def new_ticket():
        ticket = Ticket()
        tickets.append(ticket)
        barrier.wait(20)  # all threads found no batch, and each makes a ticket for one
        return ticket

    made = accumulator(new_ticket=new_ticket)
    threads = [threading.Thread(target=made.append, args=("topic", b"x")) for _ in range(3)]
    threads.append(threading.Thread(target=made.append_many, args=("topic", [b"x", b"x"])))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (batch,) = taken(made)
    assert batch.count == 5
    assert [ticket.is_discarded for ticket in tickets].count(False) == 1
    assert not batch.ticket.is_discarded


@pytest.mark.parametrize(
    ("record", "error", "problem"),
    [
        (("topic", "text"), TypeError, "a value must be bytes or None, not str"),
        (("topic", b"", 5), TypeError, "a key must be bytes"),
        (("topic", b"", None, 1), UnknownTopicOrPartitionError, "has 1 partitions"),
        (("topic", b"", None, -1), InvalidArgumentError, "below 0"),
        (("topic", b"x" * 2000), MessageTooLargeError, r"max\.request\.size"),
        (("topic", b"", None, 0, [("h", 5)]), TypeError, "."),
        (("topic", b"", None, 0, ["pair"]), TypeError, "."),
    ],
)
def test_what_cannot_be_taken_says_why(record, error, problem):
    made = accumulator(record_bytes=1000)
    with pytest.raises(error, match=problem):
        made.append(*record)
    assert made.used_bytes == 0


def test_an_unknown_topic_is_not_taken_and_after_close_nothing_is():
    made = accumulator()
    assert made.append("other", b"") is None
    assert made.append_many("other", [b""]) == (0, [])
    made.close()
    with pytest.raises(ClientClosedError):
        made.append("topic", b"")
    made.append_many("topic", [])


def test_columns_must_add_up():
    made = accumulator()
    assert made.append_columns("topic", b"abc", [1, -1, 2], b"kk", [0, 1, 1])[0] == 3
    (batch,) = taken(made)
    assert [it[:2] for it in records(batch)] == [(b"", b"a"), (b"k", None), (b"k", b"bc")]
    for arguments in (
        (b"abc", [1, 1]), (b"abc", [3], b"k"), (b"abc", [3], b"k", [1, 0]), (b"abc", [3], b"", [1]),
    ):  # fmt: skip
        with pytest.raises(InvalidArgumentError):
            made.append_columns("topic", *arguments)


def test_sealed_again_it_has_another_identity():
    made = accumulator()
    made.append("topic", b"x")
    (batch,) = taken(made)
    assert len(batch) == 0
    first, second = seal(batch, 5, 1, 9), seal(batch, 5, 2, 0)
    assert first[43:57] == (5).to_bytes(8) + (1).to_bytes(2) + (9).to_bytes(4)
    assert second[43:57] == (5).to_bytes(8) + (2).to_bytes(2) + (0).to_bytes(4)
    made.release(batch)
    with pytest.raises(InvalidArgumentError, match="released"):
        seal(batch)
