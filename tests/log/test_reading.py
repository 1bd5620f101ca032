"""The way out: records, values, views, columns, following, and what outlives what."""

import asyncio
import gc
import signal
import threading
import time

import pytest

from logcore import Log
from logcore.common.errors import (
    CorruptMessageError,
    LogClosedError,
)


def test_limits_of_a_read(log):
    log.append_batch([b"%d" % n for n in range(10)])
    log.append_batch([b"%d" % n for n in range(10, 20)])
    assert [r.offset for r in log.read(3, 4)] == [3, 4, 5, 6]
    assert [r.offset for r in log.read(8, 4)] == [8, 9, 10, 11]
    assert log.read_values(18, 5) == [b"18", b"19"]
    assert [r.offset for r in log.read(3, max_bytes=1)] == list(range(3, 10))
    assert log.read(20) == []


def test_the_search_for_cycles_passes_over_records(log):
    log.append_batch([b"a", None], [b"k", None])
    assert not any(map(gc.is_tracked, [*log.read(0), *log]))


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
        offset = 57
        found: list[tuple[bytes | None, bytes | None]] = []
        while offset < 3000:
            columns = log.read_columns(offset, 5000)
            assert columns.offsets.tolist() == list(range(offset, columns.next_offset))
            found += zip(columns.keys(), columns.values(), strict=True)
            offset = columns.next_offset
            del columns
        assert found == list(zip(keys, values, strict=True))[57:]
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


def test_truncate_keeps_what_views_show(log):
    log.append_batch([b"a"] * 100)
    view = memoryview(log.read_batches(0)[0])
    before = bytes(view)
    log.truncate(0)
    log.append_batch([b"z"] * 100)
    assert bytes(view) == before
    view.release()


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


def test_damage_on_disk_is_found_when_it_is_read(tmp_path):
    with Log(tmp_path / "log") as log:
        log.append_batch([b"abcdefgh"] * 10)
        found = log.fetch_range(0, 1 << 20)
        assert found is not None
        path, position, length = found
        with open(path, "r+b") as file:  # noqa: PTH123 - patched in the middle
            file.seek(position + length - 20)
            file.write(b"!")
        for read in (log.read, log.read_values, log.read_columns):
            with pytest.raises(CorruptMessageError):
                read(0)
        with pytest.raises(CorruptMessageError):
            log.read_batches(0)[0].verify()


@pytest.mark.parametrize("compression", [None, "gzip", "snappy", "lz4", "zstd"])
def test_single_records_in_the_middle_of_batches(tmp_path, compression):
    with Log(tmp_path / "log", compression=compression) as log:
        values = [b"%d" % number * 7 for number in range(1000)]
        for start in range(0, 1000, 250):
            log.append_batch(values[start : start + 250])
        for _ in range(2):
            for offset in [0, 1, 31, 32, 33, 249, 250, 251, 500, 777, 999]:
                assert log.read_values(offset, 1) == [values[offset]]
                assert [record.offset for record in log.read(offset, 3)] == list(
                    range(offset, min(offset + 3, 1000))
                )


def test_what_was_read_is_not_remembered_past_a_truncation(tmp_path):
    with Log(tmp_path / "log") as log:
        log.append_batch([b"old %d" % number for number in range(200)])
        assert log.read_values(150, 1) == [b"old 150"]
        log.truncate(0)
        log.append_batch([b"new %d" % number for number in range(200)])
        assert log.read_values(150, 1) == [b"new 150"]
