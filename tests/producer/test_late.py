"""Records that wait for their place: in order, within a bound, each with its outcome."""

import asyncio
from typing import Any

import pytest

from logcore.common.errors import BufferExhaustedError, ClientClosedError, ClientTimeoutError
from logcore.producer.delivery import BatchResult, Deliveries
from logcore.producer.interceptor import ProducerRecord
from logcore.producer.late import LateRecords, size_of
from logcore.record.encoding import Delivery


def late(onto: LateRecords, value: bytes = b"v") -> Delivery:
    return onto.add(ProducerRecord("topic", value, b"key"), 99)


def place(onto: LateRecords, result: BatchResult, index: int = 0) -> None:
    onto.placed(Delivery(result, index, 99, 3, 1))


def test_a_record_has_the_outcome_of_where_it_was_placed():
    records, result = LateRecords(1000), BatchResult()
    mine = late(records)
    assert (mine.timestamp, mine.key_size, mine.value_size) == (99, 3, 1)
    with pytest.raises(ClientTimeoutError):
        mine.result(0)
    place(records, result, 2)
    assert not mine.done()
    with pytest.raises(ClientTimeoutError):
        mine.exception(0)
    result.complete("topic", 0, 40, -1)
    assert mine.done()
    assert mine.result(0).offset == 42
    assert mine.exception(0) is None


def test_one_that_cannot_be_placed_fails_alone():
    records = LateRecords(1000)
    first, second = late(records, b"1"), late(records, b"2")
    records.failed(ValueError("no such place"))
    assert records.first.record.value == b"2"
    with pytest.raises(ValueError, match="no such place"):
        first.result(0)
    assert (first.done(), second.done(), len(records)) == (True, False, 1)
    records.fail_all(ClientClosedError("closed"))
    assert isinstance(second.exception(0), ClientClosedError)
    assert len(records) == 0


def test_no_more_waits_than_is_allowed_but_one_record_always():
    records = LateRecords(2 * size_of(ProducerRecord("topic", b"v", b"key")))
    late(records, b"v" * 1000)
    with pytest.raises(BufferExhaustedError, match=r"buffer\.memory"):
        late(records)
    place(records, BatchResult())
    late(records)
    late(records)
    with pytest.raises(BufferExhaustedError):
        late(records)


def test_callbacks_get_the_delivery_that_they_were_told_to():
    records, result = LateRecords(1000), BatchResult()
    seen: list[Delivery] = []
    placed, failed = late(records), late(records)
    for mine in (placed, failed):
        mine.add_done_callback(seen.append)
    place(records, result)
    assert seen == []
    records.failed(ValueError("no"))
    assert seen == [failed]
    result.complete("topic", 0, 40, -1)
    assert seen == [failed, placed]


def test_coroutines_wait_through_both():
    async def main() -> None:
        records, result = LateRecords(1000), BatchResult()
        good, bad = late(records), late(records)
        waiting = asyncio.ensure_future(good)
        await asyncio.sleep(0)
        place(records, result)
        records.failed(ValueError("no"))
        await asyncio.sleep(0)
        assert not waiting.done()
        result.complete("topic", 0, 40, -1)
        assert (await waiting).offset == 40
        with pytest.raises(ValueError, match="no"):
            await bad

    asyncio.run(main())


def test_what_was_serialized_takes_its_place_and_what_was_not_fails_there():
    records, result = LateRecords(10_000), BatchResult()
    raw = [records.add(ProducerRecord("topic", value), 7, is_raw=True) for value in ("one", 2)]
    ready = late(records)
    assert [record.value for record in records.raw(500)] == ["one", 2]
    assert [each.value_size for each in raw] == [-1, -1]
    records.replace([ProducerRecord("topic", b"one" * 100), ValueError("not text")])
    assert (records.raw(500), records.first.record.value) == ([], b"one" * 100)
    assert records.first.size_bytes > 300
    place(records, result)
    assert isinstance(records.first.error, ValueError)
    records.failed(records.first.error)
    place(records, result, 1)
    result.complete("topic", 0, 40, -1)
    assert [type(each.exception(0)) for each in (*raw, ready)] == [
        type(None), ValueError, type(None),
    ]  # fmt: skip


def test_what_nobody_could_encode_fails_in_its_place():
    records = LateRecords(10_000)
    wrong: list[dict[str, Any]] = [{"key": "text"}, {"headers": [(b"name", b"1")]}]
    for fields in wrong:
        records.add(ProducerRecord("topic", "v", **fields), 7, is_raw=True)
        with pytest.raises(TypeError):
            records.add(ProducerRecord("topic", b"v", **fields), 7)
    with pytest.raises(OverflowError):
        records.add(ProducerRecord("topic", b"v"), 1 << 70)
    assert len(records) == 2
    records.replace([each._replace(value=b"v") for each in records.raw(500)])
    for _ in wrong:
        assert isinstance(records.first.error, TypeError)
        records.failed(records.first.error)
    assert len(records) == 0


def test_many_late_records_have_an_outcome_together():
    records, result = LateRecords(1000), BatchResult()
    batches = [late(records).batch for _ in range(2)]
    together = Deliveries(batches, 2)
    place(records, result)
    assert not together.done()
    with pytest.raises(ClientTimeoutError):
        together.result(0)
    records.failed(ValueError("no"))
    result.complete("topic", 0, 40, -1)
    with pytest.raises(ValueError, match="no"):
        together.result(0)
    assert Deliveries(batches[:1], 1).result(0) == 1
