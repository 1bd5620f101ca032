"""`Log.to_arrow`: what readers of the Arrow C stream interface see."""

import datetime

import pytest

from logcore import Log

pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is a peer of the benches")

TIME = datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.UTC)
TIME_MS = 1_700_000_000_000


def test_pyarrow_reads_every_column(log):
    log.append(b"value", b"key", [("a", b"1"), ("b", None)], TIME_MS)
    log.append(None, timestamp=TIME_MS + 1)
    table = pyarrow.table(log.to_arrow())
    assert [str(field.type) for field in table.schema] == [
        "int64",
        "timestamp[ms, tz=UTC]",
        "binary",
        "binary",
        "list<item: struct<key: string not null, value: binary> not null>",
    ]
    table.validate(full=True)
    first, second = table.to_pylist()
    assert first == {
        "offset": 0,
        "timestamp": TIME,
        "key": b"key",
        "value": b"value",
        "headers": [{"key": "a", "value": b"1"}, {"key": "b", "value": None}],
    }
    assert (second["offset"], second["key"], second["value"], second["headers"]) == (
        1, None, None, []
    )  # fmt: skip


@pytest.mark.parametrize("codec", [None, "zstd"])
@pytest.mark.parametrize("max_rows", [1, 7, 1000, 65_536])
def test_ranges_are_cut_at_any_offset(tmp_path, codec, max_rows):
    with Log(tmp_path / "log", compression=codec, segment_bytes=5000) as log:
        for at in range(0, 500, 50):
            log.append_batch([b"%d" % n for n in range(at, at + 50)])
        for start, end in [(0, 500), (3, 4), (49, 51), (123, 456), (500, 500), (490, 9999)]:
            reader = pyarrow.RecordBatchReader.from_stream(
                log.to_arrow(start, end, max_rows=max_rows)
            )
            batches = list(reader)
            assert all(0 < batch.num_rows <= max_rows for batch in batches)
            offsets = [offset for batch in batches for offset in batch["offset"].to_pylist()]
            assert offsets == list(range(start, min(end, 500)))


def test_a_stream_can_be_taken_twice(log):
    log.append_batch([b"a", b"b"])
    stream = log.to_arrow()
    assert pyarrow.table(stream).equals(pyarrow.table(stream))
    assert pyarrow.table(stream).num_rows == 2


def test_an_empty_log_is_an_empty_table(log):
    assert pyarrow.table(log.to_arrow()).num_rows == 0


def test_a_range_that_is_gone_is_an_error_of_the_reader(log):
    log.append_batch([b"a", b"b", b"c"])
    stream = log.to_arrow()
    log.delete_before(2)
    with pytest.raises(pyarrow.ArrowException, match="out of range"):
        pyarrow.table(stream)


def test_polars_reads_it(log):
    polars = pytest.importorskip("polars", reason="polars is a peer of the benches")
    log.append_batch([b"a", b"b"], [b"x", b"y"])
    frame = polars.DataFrame(log.to_arrow())
    assert frame["value"].to_list() == [b"a", b"b"]
    assert frame["key"].to_list() == [b"x", b"y"]
