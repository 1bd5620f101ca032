"""Records as a consumer reads them: in order, from the middle, without what was aborted."""

import gc
import threading

import pytest

from logcore.common.errors import CorruptMessageError, WrongThreadError
from logcore.record import ConsumerRecord
from logcore.record.decoding import ArrowBatches, FetchedRecords
from tests.record.batches import accumulator, batch_of

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def fetched(data, offset=0, **settings):
    return FetchedRecords("t", 3, data, offset, **settings)


def marker(offset, producer_id, *, commit):
    """Return the control batch that ends a transaction; its CRC is that of the data batch."""
    made = accumulator()
    made.append("t", bytes(6), bytes(2) + (b"\x00\x01" if commit else b"\x00\x00"), 0, None, 7)
    batch = made.take("t", 0)
    batch.seal(producer_id, 0, -1, True)
    data = bytearray(memoryview(batch))
    data[:8] = offset.to_bytes(8, "big")
    data[22] |= 0x20
    return bytes(data)


@pytest.mark.parametrize("codec", CODECS)
def test_records_are_read_from_any_offset(codec):
    data = batch_of(b"a", None, b"c", base_offset=10, compression=codec)
    data += batch_of(b"d", base_offset=13, compression=codec)
    for start in range(10, 15):
        records = fetched(data, start)
        assert (records.end_offset, records.next_offset) == (14, start)
        values = [record.value for record in records]
        assert values == [b"a", None, b"c", b"d"][start - 10 :]
        assert records.next_offset == 14
        assert fetched(data, start).take_values(9) == values
        assert fetched(data, start).columns().values() == values


def damaged():
    """Return three batches, the second of which cannot be decompressed."""
    batches = [
        batch_of(b"%d" % at, b"x", base_offset=2 * at, compression="gzip") for at in range(3)
    ]
    broken = bytearray(batches[1])
    broken[-6] ^= 1
    return batches[0] + bytes(broken) + batches[2]


def drained(read, records):
    """Read until nothing comes; return how many came, and how often damage was told in a row."""
    counts, faults = [], 0
    while faults < 3:
        try:
            count = read(records)
        except CorruptMessageError:
            faults += 1
            continue
        assert not faults, "damage was passed over"
        counts.append(count)
    return counts


@pytest.mark.parametrize(
    "read",
    [
        lambda records: len(records.take(9)),
        lambda records: len(records.take_values(9)),
        lambda records: len(records.columns()),
        lambda records: ArrowBatches().add(records),
        lambda records: len([next(records)]),
    ],
)
def test_damage_is_told_again_and_never_passed_over(read):
    records = fetched(damaged(), check_crcs=False)
    assert sum(drained(read, records)) == 2
    assert records.next_offset == 2


def test_what_of_a_header_key_is_not_utf8_is_replaced():
    made = accumulator()
    made.append("t", b"v", None, 0, [("key", b"1"), ("other", None)], 99)
    batch = made.take("t", 0)
    batch.seal(-1, -1, -1, False)
    data = bytes(memoryview(batch)).replace(b"key", b"k\xff\xfe")
    (record,) = fetched(data, check_crcs=False)
    assert record.headers == (("k\ufffd\ufffd", b"1"), ("other", None))
    assert ArrowBatches().add(fetched(data, check_crcs=False)) == 1


def test_headers_count_in_an_arrow_batch():
    made = accumulator(compression="zstd", batch_bytes=1 << 28, record_bytes=1 << 28)
    made.append("t", b"v", None, 0, [("h", bytes(100 << 20))], 99)
    batch = made.take("t", 0)
    batch.seal(-1, -1, -1, False)
    one = bytes(memoryview(batch))
    data = b"".join(at.to_bytes(8, "big") + one[8:] for at in range(3))
    records = fetched(data)
    assert [ArrowBatches().add(records) for _ in range(3)] == [2, 1, 0]
    assert records.next_offset == 3


def test_a_record_has_all_its_parts():
    made = accumulator()
    made.append("t", b"v", b"k", 0, [("h", b"1"), ("h", None)], 99)
    batch = made.take("t", 0)
    batch.seal(-1, -1, -1, False)
    (record,) = fetched(memoryview(batch))
    assert (record.topic, record.partition, record.offset) == ("t", 3, 0)
    assert (record.key, record.value, record.timestamp) == (b"k", b"v", 99)
    assert record.headers == (("h", b"1"), ("h", None))
    assert (record.leader_epoch, record.is_append_time) == (-1, False)
    assert "value=b'v'" in repr(record)
    other = record.with_key_and_value(1, 2)
    assert (other.key, other.value, other.offset, other.headers) == (1, 2, 0, record.headers)
    match record:
        case ConsumerRecord(topic, _, offset):
            assert (topic, offset) == ("t", 0)
        case _:
            pytest.fail("a record matches by its parts")


def test_the_search_for_cycles_passes_over_what_was_fetched_but_not_over_what_a_program_made():
    records = fetched(batch_of(b"a", b"b", b"c"))
    first, others = next(records), records.take(9)
    assert not any(map(gc.is_tracked, [first, *others]))
    assert not gc.is_tracked(first.with_key_and_value("k", 1.5))
    cyclic: list[ConsumerRecord] = []
    cyclic.append(first.with_key_and_value(None, cyclic))
    assert gc.is_tracked(cyclic[0])


def test_a_tail_that_is_cut_off_is_left_for_the_next_fetch():
    data = batch_of(b"a", base_offset=0) + batch_of(b"b", base_offset=1)[:-1]
    records = fetched(data)
    assert (records.end_offset, len(records.take(9)), records.next_offset) == (1, 1, 1)


def test_stopping_hands_out_nothing_more():
    records = fetched(batch_of(b"a", b"b"))
    assert next(records).value == b"a"
    records.stop()
    assert (list(records), records.next_offset, len(records.columns())) == ([], 1, 0)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("taken", range(6))
def test_the_rest_is_handed_out_by_another(codec, taken):
    data = batch_of(b"a", b"b", compression=codec, producer=(7, 0, 0, True))
    data += batch_of(b"c", b"d", base_offset=2, producer=(8, 0, 0, True))
    data += marker(4, 7, commit=False) + batch_of(b"e", base_offset=5)
    records = fetched(data, aborted=[(7, 0)], check_crcs=False)
    begin = records.take(taken)
    rest = records.rest()
    assert rest.taken_count == len(begin)
    assert list(records) == []
    assert [r.value for r in [*begin, *rest]] == [b"c", b"d", b"e"]
    assert (rest.taken_count, rest.next_offset, rest.end_offset) == (3, 6, 6)


def test_damage_is_told_and_never_passed_over():
    good, bad = batch_of(b"a"), bytearray(batch_of(b"b", base_offset=1))
    bad[-2] ^= 1
    records = fetched(good + bytes(bad))
    assert next(records).value == b"a"
    for _ in range(2):
        with pytest.raises(CorruptMessageError, match="CRC"):
            next(records)
    assert records.next_offset == 1
    assert len(fetched(good + bytes(bad), check_crcs=False).take(9)) == 2
    with pytest.raises(CorruptMessageError):
        fetched(bytes(16) + b"\x09" + bytes(60))


def test_aborted_transactions_do_not_come_out():
    data = (
        batch_of(b"a1", b"a2", base_offset=0, producer=(1, 0, 0, True))
        + batch_of(b"b1", base_offset=2, producer=(2, 0, 0, True))
        + batch_of(b"plain", base_offset=3)
        + marker(4, 1, commit=False)
        + batch_of(b"a3", base_offset=5, producer=(1, 0, 2, True))
        + marker(6, 2, commit=True)
        + marker(7, 1, commit=True)
    )
    everything = [record.value for record in fetched(data, check_crcs=False)]
    assert everything == [b"a1", b"a2", b"b1", b"plain", b"a3"]
    committed = fetched(data, aborted=[(1, 0)], check_crcs=False)
    assert [record.value for record in committed] == [b"b1", b"plain", b"a3"]
    assert committed.next_offset == 8
    assert fetched(data, 1, aborted=[(1, 0)], check_crcs=False).columns().values() == [
        b"b1",
        b"plain",
        b"a3",
    ]


def test_columns_look_into_what_was_received():
    data = batch_of(b"aa", base_offset=0) + batch_of(b"bbb", None, base_offset=1)
    columns = fetched(data).columns()
    assert columns.offsets.tolist() == [0, 1, 2]
    assert columns.value_lengths.tolist() == [2, 3, -1]
    assert columns.key_lengths.tolist() == [-1, -1, -1]
    assert columns.timestamps.tolist() == [7, 7, 7]
    assert len(columns.data) == len(data)
    mixed = data + batch_of(b"c", base_offset=3, compression="zstd")
    assert fetched(mixed).columns().values() == [b"aa", b"bbb", None, b"c"]


def test_arrow_has_what_was_fetched_of_any_number_of_partitions():
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is a peer of the benches")
    batches = ArrowBatches()
    assert (len(batches), pyarrow.table(batches).num_rows) == (0, 0)
    batches.add(FetchedRecords("a", 3, batch_of(b"1", None, compression="zstd"), 0))
    records = FetchedRecords("b", 0, batch_of(b"2", b"3", base_offset=9), 9)
    assert records.take(1)[0].value == b"2"
    batches.add(records)
    batches.add(records)
    assert (len(batches), records.next_offset) == (3, 11)
    table = pyarrow.table(batches)
    table.validate(full=True)
    assert table.column_names == [
        "topic", "partition", "offset", "timestamp", "key", "value", "headers",
    ]  # fmt: skip
    columns = table.select(["topic", "partition", "offset", "value"])
    rows = [tuple(row.values()) for row in columns.to_pylist()]
    assert rows == [("a", 3, 0, b"1"), ("a", 3, 1, None), ("b", 0, 10, b"3")]
    assert pyarrow.table(batches).equals(table), "as often as it is asked for"


def into_arrow(records):
    batches = ArrowBatches()
    assert batches.add(records) == len(batches)
    return len(batches)


@pytest.mark.parametrize("codec", ["none", "zstd"])
@pytest.mark.parametrize(
    "take",
    [
        lambda records: len(records.take(9)),
        lambda records: len(records.take_values(9)),
        lambda records: len(records.columns()),
        into_arrow,
    ],
    ids=["take", "take_values", "columns", "arrow"],
)
def test_what_comes_before_damage_is_handed_out_first(take, codec):
    damaged = bytearray(batch_of(b"3", base_offset=2, compression=codec))
    damaged[-1] ^= 0xFF
    records = fetched(batch_of(b"1", b"2", compression=codec) + damaged)
    assert (take(records), records.next_offset) == (2, 2)
    for _ in range(2):
        with pytest.raises(CorruptMessageError):
            take(records)
    assert (records.next_offset, records.end_offset) == (2, 3)


def test_two_threads_at_once_are_told():
    """While one of them decompresses, which takes it a while, it lets the other one run."""
    data = batch_of(*[bytes(900_000)] * 30, compression="zstd")
    refused = 0
    for _ in range(50):
        records = fetched(data)
        thread = threading.Thread(target=records.take, args=(1,))
        thread.start()
        while thread.is_alive() and not refused:
            try:
                records.take_values(1)
            except WrongThreadError:
                refused += 1
        thread.join()
        if refused:
            break
    assert refused
