"""`Log` from the outside: what its calls promise, and what they refuse."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from itertools import chain
from types import SimpleNamespace

import numpy as np
import pytest

from logcore import Log, Record
from logcore.common.errors import (
    CorruptMessageError,
    InvalidArgumentError,
    InvalidConfigError,
    InvalidRecordError,
    LogClosedError,
    LogcoreError,
    LogLockedError,
    MessageTooLargeError,
    OffsetOutOfRangeError,
    UnsupportedCompressionTypeError,
)


@pytest.fixture
def log(tmp_path):
    with Log(tmp_path / "log") as log:
        yield log


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


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda log: log.append("text"), TypeError),
        (lambda log: log.append(b"", key=1), TypeError),
        (lambda log: log.append(b"", timestamp=-5), InvalidArgumentError),
        (lambda log: log.append(b"", timestamp=2**70), OverflowError),
        (lambda log: log.append(b"", headers=[(b"a", b"")]), TypeError),
        (lambda log: log.append(b"", headers=[("a",)]), ValueError),
        (lambda log: log.append_batch([b"", "text"]), TypeError),
        (lambda log: log.append_batch(5), TypeError),
        (lambda log: log.append_batch([b"a"], [b"k", b"k"]), InvalidArgumentError),
        (lambda log: log.append_batch([b"a"], None, []), InvalidArgumentError),
        (lambda log: log.append_batch([b"a"], None, [-7]), InvalidArgumentError),
        (lambda log: log.append_buffer("text", [4]), TypeError),
        (lambda log: log.append_raw("text"), TypeError),
        (lambda log: log.read(-1), OffsetOutOfRangeError),
        (lambda log: log.read(1), OffsetOutOfRangeError),
        (lambda log: log.read(0, 0), InvalidArgumentError),
        (lambda log: log.read(0, max_bytes=0), InvalidArgumentError),
        (lambda log: log.read_values(7), OffsetOutOfRangeError),
        (lambda log: log.read_batches(7), OffsetOutOfRangeError),
        (lambda log: log.read_batches(0, -1), InvalidArgumentError),
        (lambda log: log.read_columns(7), OffsetOutOfRangeError),
        (lambda log: log.fetch_range(7, 100), OffsetOutOfRangeError),
        (lambda log: log.to_arrow(max_rows=0), InvalidArgumentError),
        (lambda log: log.truncate(-1), LogcoreError),
        (lambda log: log.delete_before(1), OffsetOutOfRangeError),
        (lambda log: log.offset_for_time(-1), InvalidArgumentError),
        (lambda log: log.offset_for_time("yesterday"), InvalidArgumentError),
        (lambda log: log.wait(0, -1), InvalidArgumentError),
        (lambda log: log.wait(0, float("nan")), InvalidArgumentError),
    ],
)
def test_bad_arguments_are_refused_and_change_nothing(log, call, error):
    with pytest.raises(error):
        call(log)
    assert (log.start_offset, log.end_offset) == (0, 0)
    assert log.append(b"still fine") == 0


def test_an_error_in_a_batch_appends_none_of_it(log):
    with pytest.raises(TypeError, match="must be bytes or None, not int"):
        log.append_batch([b"a", b"b", 3])
    assert log.append_batch([b"c"]) == range(1)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"durability": "maybe"}, InvalidArgumentError),
        ({"compression": "brotli"}, UnsupportedCompressionTypeError),
        ({"linger_ms": -1}, InvalidArgumentError),
        ({"segment_bytes": 1}, InvalidConfigError),
        ({"cleanup_policy": "burn"}, InvalidConfigError),
        ({"config": {"segment.ms": "soon"}}, InvalidConfigError),
        ({"config": {"no.such.key": 1}}, InvalidArgumentError),
    ],
)
def test_bad_settings_are_refused(tmp_path, settings, error):
    with pytest.raises(error):
        Log(tmp_path / "log", **settings)


def test_a_record_above_the_limit_is_refused(tmp_path):
    with Log(tmp_path / "log", max_message_bytes=1000) as log:
        for append in (log.append, lambda value: log.append_batch([b"small", value])):
            with pytest.raises(MessageTooLargeError):
                append(bytes(1000))
        assert log.end_offset == 0
        log.append(bytes(900))


def test_limits_of_a_read(log):
    log.append_batch([b"%d" % n for n in range(10)])
    log.append_batch([b"%d" % n for n in range(10, 20)])
    assert [r.offset for r in log.read(3, 4)] == [3, 4, 5, 6]
    assert [r.offset for r in log.read(8, 4)] == [8, 9, 10, 11]
    assert log.read_values(18, 5) == [b"18", b"19"]
    assert [r.offset for r in log.read(3, max_bytes=1)] == list(range(3, 10))
    assert log.read(20) == []


@pytest.mark.parametrize("codec", [None, "gzip", "snappy", "lz4", "zstd"])
def test_every_shape_of_reading_shows_the_same_records(tmp_path, codec):
    values = [b"%d" % n * (n % 7) if n % 5 else None for n in range(3000)]
    keys = [b"key%d" % n if n % 3 else None for n in range(3000)]
    with Log(tmp_path / "log", compression=codec, segment_bytes=20_000) as log:
        for at in range(0, 3000, 100):
            log.append_batch(values[at : at + 100], keys[at : at + 100])
        assert len(log.stat().segments) > 1
        assert [(r.offset, r.key, r.value) for r in log] == list(
            zip(range(3000), keys, values, strict=True)
        )
        assert list(log.values()) == values
        assert list(log.values(1234)) == values[1234:]
        offset, found = 57, []
        while offset < 3000:
            columns = log.read_columns(offset, 5000)
            assert columns.offsets.tolist() == list(range(offset, columns.next_offset))
            found += zip(columns.keys(), columns.values(), strict=True)
            offset = columns.next_offset
        assert found == list(zip(keys, values, strict=True))[57:]
        del columns
        (batch, *_) = log.read_batches(150)
        assert (batch.base_offset, batch.last_offset, batch.count) == (100, 199, 100)
        assert batch.compression == codec
        assert batch.values() == values[100:200] == batch.columns().values()
        assert [r.key for r in batch.records()] == keys[100:200] == batch.columns().keys()


def test_columns_are_read_only_arrays_over_the_segment(log):
    log.append_batch([b"abc", b"de"])
    columns = log.read_columns(0)
    start, length = columns.value_starts[1], columns.value_lengths[1]
    assert columns.data[start:][:length].tobytes() == b"de"
    assert columns.data.size == len(log.read_batches(0)[0])
    with pytest.raises(ValueError, match="read-only"):
        columns.data[0] = 1
    assert len(columns) == 2


def test_closing_waits_for_the_last_view(tmp_path):
    log = Log(tmp_path / "log")
    log.append_batch([b"abc"])
    for view in (lambda: memoryview(log.read_batches(0)[0]), lambda: log.read_columns(0).data[3:]):
        held = view()
        with pytest.raises(BufferError, match="1 views"):
            log.close()
        assert not log.closed
        assert log.append(b"still open") >= 1
        del held
    log.close()


def test_a_view_outlives_its_log_and_its_file(tmp_path):
    log = Log(tmp_path / "log")
    log.append_batch([b"abc"] * 1000)
    (batch,) = log.read_batches(0)
    log.close()
    for file in (tmp_path / "log").iterdir():
        file.unlink()
    assert batch.values() == [b"abc"] * 1000
    assert len(memoryview(batch)) == len(batch)


def test_use_after_close(tmp_path):
    log = Log(tmp_path / "log")
    log.append(b"a")
    log.close()
    log.close()
    assert log.closed
    calls = [
        lambda: log.append(b""), lambda: log.append_batch([b""]), lambda: log.append_buffer(b"", []),
        lambda: log.append_raw(b""), lambda: log.read(0), lambda: log.read_values(0),
        lambda: list(log), lambda: list(log.values()), lambda: log.read_batches(0),
        lambda: log.read_columns(0), log.to_arrow, lambda: log.fetch_range(0, 1), log.flush,
        lambda: log.start_offset, lambda: log.end_offset, lambda: log.recovery_point,
        lambda: log.offset_for_time(0), lambda: log.truncate(0), lambda: log.delete_before(0),
        log.apply_retention, log.roll, lambda: log.wait(0), log.stat, lambda: len(log),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(LogClosedError):
            call()
    assert "closed" in repr(log)


def test_a_second_writer_is_refused_and_told_who_has_it(tmp_path):
    with Log(tmp_path / "log"):
        with pytest.raises(LogLockedError) as caught:
            Log(tmp_path / "log")
        assert caught.value.path.endswith("log")
        program = f"from logcore import Log; Log({str(tmp_path / 'log')!r})"
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "LogLockedError" in done.stderr
        assert str(os.getpid()) in done.stderr
    Log(tmp_path / "log").close()


def test_a_log_is_the_same_after_reopening(tmp_path):
    with Log(tmp_path / "log", linger_ms=1000) as log:
        log.append(b"lingering")
        log.append_batch([b"a", b"b"])
    with Log(tmp_path / "log") as log:
        assert values_of(log) == [b"lingering", b"a", b"b"]
        assert log.stat().recovery.was_clean
        assert log.recovery_point == 3


def test_a_log_that_was_never_closed_is_collected_in_order(tmp_path):
    Log(tmp_path / "log", linger_ms=60_000).append(b"a")
    with Log(tmp_path / "log") as log:
        assert values_of(log) == [b"a"]


@pytest.mark.parametrize("durability", ["batch", "group"])
def test_durable_appends_are_durable_when_they_return(tmp_path, durability):
    with Log(tmp_path / "log", durability=durability) as log:
        assert log.append(b"a") == 0
        assert log.recovery_point == 1
        log.append_batch([b"b", b"c"])
        assert log.recovery_point == 3


def test_flush_moves_the_recovery_point(log):
    log.append_batch([b"a", b"b"])
    assert log.flush() == log.recovery_point == 2


def test_lingering_records_are_read_at_once(tmp_path):
    with Log(tmp_path / "log", linger_ms=60_000) as log:
        assert [log.append(b"%d" % n) for n in range(5)] == list(range(5))
        assert log.end_offset == 5
        assert values_of(log) == [b"0", b"1", b"2", b"3", b"4"]
        assert len(log.read_batches(0)) == 1


def test_threads_append_without_losing_or_repeating(tmp_path):
    with Log(tmp_path / "log", linger_ms=1) as log:
        offsets = [[] for _ in range(4)]

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


def test_truncate_removes_whole_batches_from_an_offset_on(log):
    log.append_batch([b"a", b"b"])
    log.append_batch([b"c", b"d"])
    assert log.truncate(3) == 2
    assert values_of(log) == [b"a", b"b"]
    assert log.append(b"e") == 2


def test_truncate_keeps_what_views_show(log):
    log.append_batch([b"a"] * 100)
    view = memoryview(log.read_batches(0)[0])
    before = bytes(view)
    log.truncate(0)
    log.append_batch([b"z"] * 100)
    assert bytes(view) == before
    view.release()


def test_records_below_the_start_cannot_be_read(log):
    log.append_batch([b"a", b"b", b"c"])
    assert log.delete_before(2) == 2
    assert (log.start_offset, len(log)) == (2, 1)
    assert values_of(log) == [b"c"]
    with pytest.raises(OffsetOutOfRangeError) as caught:
        log.read(1)
    assert (caught.value.offset, caught.value.start, caught.value.end) == (1, 2, 3)


def test_retention_by_size_deletes_the_oldest_segments(tmp_path):
    with Log(tmp_path / "log", segment_bytes=1000, retention_bytes=2500) as log:
        for _ in range(10):
            log.append(bytes(900))
        deleted = log.apply_retention()
        assert deleted == list(range(len(deleted)))
        assert deleted
        assert log.start_offset == len(deleted)
        assert log.apply_retention() == []


def test_roll_starts_a_segment_once(log):
    log.append(b"a")
    assert log.roll() == 1 == log.roll()
    assert [base for base, _ in log.stat().segments] == [0, 1]


def test_offset_for_time(log):
    assert log.offset_for_time(0) is None
    day = 1_700_000_000_000
    log.append_batch([b"a", b"b", b"c"], None, [day + 10, day + 30, day + 20])
    assert [log.offset_for_time(day + t) for t in (0, 10, 11, 20, 30)] == [0, 0, 1, 1, 1]
    assert log.offset_for_time(day + 31) is None
    assert log.offset_for_time("earliest") == 0
    assert log.offset_for_time("latest") == 3
    assert log.offset_for_time("max_timestamp") == 1


def test_fetch_range_names_the_bytes_of_the_batches(log):
    log.append_batch([b"a"])
    log.append_batch([b"b"])
    path, position, length = log.fetch_range(1, 1 << 20)
    with open(path, "rb") as file:  # noqa: PTH123 - as sendfile would
        file.seek(position)
        assert file.read(length) == bytes(log.read_batches(1)[0])
    assert log.fetch_range(2, 10) is None


def test_following_sees_what_is_appended_meanwhile(log):
    log.append(b"0")

    def append_later():
        for n in range(1, 4):
            time.sleep(0.02)
            log.append(b"%d" % n)

    writer = threading.Thread(target=append_later)
    writer.start()
    assert [r.value for r in log.iter(follow=True, timeout=1.0)] == [b"0", b"1", b"2", b"3"]
    writer.join()


def test_wait(log):
    assert not log.wait(0, 0)
    assert not log.wait(0, 0.01)
    log.append(b"a")
    assert log.wait(0)
    timer = threading.Timer(0.05, log.append, [b"b"])
    timer.start()
    assert log.wait(1, 10)
    timer.join()


def test_a_waiting_reader_learns_of_the_close(tmp_path):
    log = Log(tmp_path / "log")
    threading.Timer(0.05, log.close).start()
    with pytest.raises(LogClosedError):
        list(log.iter(follow=True))


def test_ctrl_c_ends_a_wait(log):
    threading.Timer(0.1, signal.raise_signal, [signal.SIGINT]).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        log.wait(0, 30)
    assert time.monotonic() - began < 10


def test_async_iteration_follows(log):
    async def scenario():
        log.append(b"0")
        seen = []
        async for record in log:
            seen.append(record.value)
            if len(seen) == 3:
                return seen
            await asyncio.to_thread(log.append, b"%d" % len(seen))
        return seen

    assert asyncio.run(asyncio.wait_for(scenario(), 10)) == [b"0", b"1", b"2"]


def test_async_iteration_ends_without_follow(log):
    log.append_batch([b"a", b"b"])

    async def scenario():
        return [record.value async for record in log.aiter(1, follow=False)]

    assert asyncio.run(scenario()) == [b"b"]


def test_a_log_is_refused_in_a_forked_child_and_stays_whole(tmp_path):
    log = Log(tmp_path / "log", linger_ms=60_000)
    log.append(b"parent")
    child = os.fork()
    if child == 0:
        try:
            log.append(b"child")
        except LogClosedError as error:
            ok = "fork" in str(error)
        else:
            ok = False
        del log
        os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    log.append(b"parent again")
    log.close()
    with Log(tmp_path / "log") as log:
        assert values_of(log) == [b"parent", b"parent again"]


def test_damage_on_disk_is_found_when_it_is_read(tmp_path):
    with Log(tmp_path / "log") as log:
        log.append_batch([b"abcdefgh"] * 10)
        path, position, length = log.fetch_range(0, 1 << 20)
        with open(path, "r+b") as file:  # noqa: PTH123 - patched in the middle
            file.seek(position + length - 20)
            file.write(b"!")
        for read in (log.read, log.read_values, log.read_columns):
            with pytest.raises(CorruptMessageError):
                read(0)
        with pytest.raises(CorruptMessageError):
            log.read_batches(0)[0].verify()


def test_a_configured_key_wins_over_its_argument(tmp_path):
    settings = SimpleNamespace(segment_bytes=10_000, config={"segment.bytes": 1000})
    with Log(tmp_path / "log", **vars(settings)) as log:
        for _ in range(3):
            log.append(bytes(900))
        assert len(log.stat().segments) == 3
