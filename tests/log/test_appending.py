"""The way in: records, batches, buffers, raw batches; what is refused changes nothing."""

import threading
import time
from itertools import chain

import numpy as np
import pytest

from logcore import Log, Record
from logcore.common.errors import (
    CorruptMessageError,
    InvalidArgumentError,
    InvalidRecordError,
    MessageTooLargeError,
)


def values_of(log):
    return [record.value for record in log]


def test_a_record_comes_back_as_it_went_in(log):
    headers = [("a", b"1"), ("a", None), ("\N{SNOWMAN}", b"")]
    assert log.append(b"value", key=b"key", headers=headers, timestamp=1_700_000_000_000) == 0
    expected = Record(0, 1_700_000_000_000, b"key", b"value", tuple(headers))
    assert log.read(0) == [expected]
    assert list(log) == [expected]


def test_null_and_empty_are_not_the_same(log):
    log.append(None)
    log.append(b"", key=b"")
    assert [(r.key, r.value) for r in log] == [(None, None), (b"", b"")]


def test_a_record_without_a_timestamp_gets_the_time_of_the_append(log):
    before = time.time_ns() // 1_000_000
    log.append(b"now")
    log.append_batch([b"now"])
    log.append_buffer(b"now", [3])
    for record in log:
        assert before - 1 <= record.timestamp <= time.time_ns() // 1_000_000 + 1


def test_a_batch_takes_keys_and_timestamps(log):
    times = [1_700_000_000_003, 1_700_000_000_001, 1_700_000_000_002]
    assert log.append_batch([b"a", None, b"c"], [b"x", b"y", None], times) == range(3)
    assert [(r.key, r.value, r.timestamp) for r in log] == list(
        zip([b"x", b"y", None], [b"a", None, b"c"], times, strict=True)
    )


def test_a_batch_takes_any_sequence_and_nothing_at_all(log):
    assert log.append_batch((b"a", b"b")) == range(2)
    assert log.append_batch([]) == range(2, 2)
    assert values_of(log) == [b"a", b"b"]


@pytest.mark.parametrize(
    "lengths",
    [
        [2, 0, 3],
        (2, 0, 3),
        np.array([2, 0, 3], np.int64),
        np.array([2, 0, 3], np.int32),
    ],
    ids=["list", "tuple", "int64", "int32"],
)
def test_a_buffer_is_cut_by_its_lengths(log, lengths):
    for buffer in (b"aabbb", bytearray(b"aabbb"), np.frombuffer(b"aabbb", np.uint8)):
        log.append_buffer(buffer, lengths)
    assert values_of(log) == [b"aa", b"", b"bbb"] * 3


def test_a_length_of_minus_one_is_a_null_value(log):
    assert log.append_buffer(b"ab", [1, -1, 1]) == range(3)
    assert values_of(log) == [b"a", None, b"b"]


@pytest.mark.parametrize("lengths", [[2], [2, 4], [2**62, 2**62], [-1], []])
def test_lengths_that_do_not_add_up_are_refused(log, lengths):
    with pytest.raises(InvalidArgumentError, match="add up"):
        log.append_buffer(b"aabbb", lengths)
    assert log.end_offset == 0


def test_a_buffer_with_gaps_is_refused(log):
    with pytest.raises(InvalidArgumentError, match="contiguous"):
        log.append_buffer(memoryview(b"aabb")[::2], [2])


def test_raw_batches_get_their_offsets_in_place(log, tmp_path):
    log.append_batch([b"a", b"b"])
    raw = bytearray(log.read_batches(0)[0])
    with Log(tmp_path / "other") as other:
        assert other.append_raw(raw) == range(2)
        assert other.append_raw(raw) == range(2, 4)
        assert int.from_bytes(raw[:8], "big") == 2
        frozen = bytes(raw)
        assert other.append_raw(frozen) == range(4, 6)
        assert frozen == bytes(raw)
        assert values_of(other) == [b"a", b"b"] * 3


@pytest.mark.parametrize("at", [11, 16, 17, 21, 60, 70])
def test_raw_batches_that_are_damaged_are_refused(log, at):
    log.append_batch([b"a", b"b"])
    raw = bytearray(log.read_batches(0)[0])
    raw[at] ^= 0x55
    with pytest.raises(CorruptMessageError):
        log.append_raw(raw)
    for hostile in (b"", b"\0", bytes(200), raw[:30]):
        with pytest.raises((CorruptMessageError, InvalidRecordError)):
            log.append_raw(hostile)
    assert log.end_offset == 2


def test_an_error_in_a_batch_appends_none_of_it(log):
    with pytest.raises(TypeError, match="must be bytes or None, not int"):
        log.append_batch([b"a", b"b", 3])
    assert log.append_batch([b"c"]) == range(1)


def test_a_record_above_the_limit_is_refused(tmp_path):
    with Log(tmp_path / "log", max_message_bytes=1000) as log:
        for append in (log.append, lambda value: log.append_batch([b"small", value])):
            with pytest.raises(MessageTooLargeError):
                append(bytes(1000))
        assert log.end_offset == 0
        log.append(bytes(900))


@pytest.mark.parametrize("durability", ["batch", "group"])
def test_durable_appends_are_durable_when_they_return(tmp_path, durability):
    with Log(tmp_path / "log", durability=durability) as log:
        assert log.append(b"a") == 0
        assert log.recovery_point == 1
        log.append_batch([b"b", b"c"])
        assert log.recovery_point == 3


def test_lingering_records_are_read_at_once(tmp_path):
    with Log(tmp_path / "log", linger_ms=60_000) as log:
        assert [log.append(b"%d" % n) for n in range(5)] == list(range(5))
        assert log.end_offset == 5
        assert values_of(log) == [b"0", b"1", b"2", b"3", b"4"]
        assert len(log.read_batches(0)) == 1


def test_threads_append_without_losing_or_repeating(tmp_path):
    with Log(tmp_path / "log", linger_ms=1) as log:
        offsets: list[list[tuple[int, bytes]]] = [[] for _ in range(4)]

        def work(mine, name):
            for n in range(500):
                value = b"%d %d" % (name, n)
                mine.append((log.append(value) if n % 2 else log.append_batch([value])[0], value))

        threads = [
            threading.Thread(target=work, args=(mine, name)) for name, mine in enumerate(offsets)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(chain(*offsets)) == [(r.offset, r.value) for r in log]
        assert log.end_offset == 2000
