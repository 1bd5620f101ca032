"""What became of a record: asked by threads, coroutines and callbacks; in batches and halves."""

import asyncio
import logging
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.errors import ClientTimeoutError
from logcore.producer.delivery import BatchResult, Deliveries
from logcore.record.encoding import Delivery


def delivery(result: BatchResult, index: int = 0) -> Delivery:
    return Delivery(result, index, 99, 1, 2)


def test_an_offset_counts_from_that_of_the_batch():
    result = BatchResult()
    mine = delivery(result, 3)
    assert not mine.done()
    with pytest.raises(ClientTimeoutError, match="not acknowledged in 0 s"):
        mine.result(0)
    result.complete("topic", 1, 40, -1)
    metadata = mine.result(0)
    assert (metadata.topic, metadata.partition, metadata.offset) == ("topic", 1, 43)
    assert (metadata.timestamp, metadata.key_size, metadata.value_size) == (99, 1, 2)
    assert mine.exception(0) is None
    assert mine.done()


def test_the_brokers_time_is_the_records_where_it_says_so():
    result = BatchResult()
    result.complete("topic", 1, -1, 5000)
    metadata = delivery(result, 3).result(0)
    assert (metadata.offset, metadata.timestamp) == (-1, 5000)


def test_an_error_is_raised_or_returned():
    result, error = BatchResult(), ValueError("no")
    result.fail(error)
    with pytest.raises(ValueError, match="no"):
        delivery(result).result()
    assert delivery(result).exception() is error


def test_the_first_outcome_stays():
    result, seen = BatchResult(), []
    result.when_done(lambda: seen.append(1))
    result.complete("topic", 0, 7, -1)
    result.discard()
    result.complete("topic", 0, 7, -1)
    assert seen == [1]


@given(st.data())
def test_every_record_of_a_batch_in_halves_has_the_outcome_of_its_half(data):
    """Against a plain list of what each record got."""
    whole = BatchResult()
    expected: list[object] = []

    def settle(result: BatchResult, count: int) -> None:
        if count > 1 and data.draw(st.booleans()):
            at = data.draw(st.integers(1, count - 1))
            first, second = result.halve(at)
            settle(first, at)
            settle(second, count - at)
        elif data.draw(st.booleans()):
            error = ValueError(str(len(expected)))
            result.fail(error)
            expected.extend([error] * count)
        else:
            offset = data.draw(st.integers(0, 1000))
            result.complete("topic", 0, offset, -1)
            expected.extend(range(offset, offset + count))

    count = data.draw(st.integers(1, 20))
    settle(whole, count)
    assert whole.done()
    for index, outcome in enumerate(expected):
        mine = delivery(whole, index)
        if isinstance(outcome, Exception):
            assert mine.exception(0) is outcome
        else:
            assert mine.result(0).offset == outcome
    errors = [each for each in expected if isinstance(each, Exception)]
    assert whole.first_error is (errors[0] if errors else None)


def test_a_thread_is_woken():
    result = BatchResult()
    timer = threading.Timer(0.05, result.complete, ("topic", 0, 1, -1))
    timer.start()
    assert delivery(result).result(20).offset == 1
    assert Deliveries([result], 1).result(20) == 1
    timer.join()


def test_a_coroutine_of_any_loop_is_woken():
    result = BatchResult()

    async def other() -> int:
        return (await delivery(result)).offset

    offsets = []
    threads = [threading.Thread(target=lambda: offsets.append(asyncio.run(other()))) for _ in "ab"]
    for thread in threads:
        thread.start()

    async def main() -> None:
        asyncio.get_running_loop().call_later(0.1, result.complete, "topic", 0, 4, -1)
        assert await other() == 4
        assert await Deliveries([result], 1) == 1

    asyncio.run(main())
    for thread in threads:
        thread.join()
    assert offsets == [4, 4]


def test_a_loop_that_ended_meanwhile_is_no_trouble():
    result = BatchResult()

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(delivery(result), 0.01)

    asyncio.run(give_up())
    result.complete("topic", 0, 4, -1)


def test_callbacks_come_in_order_and_may_raise(caplog):
    result, seen = BatchResult(), []

    def called(mine):
        seen.append(mine.index)
        raise ValueError("not ours")

    for index in range(3):
        delivery(result, index).add_done_callback(called)
    with caplog.at_level(logging.ERROR):
        result.complete("topic", 0, 4, -1)
    assert seen == [0, 1, 2]
    assert "a callback of a delivery raised" in caplog.text
    delivery(result, 9).add_done_callback(lambda mine: seen.append(mine.result(0).offset))
    assert seen[-1] == 13


def test_many_deliveries_fail_with_the_first_error():
    good, bad = BatchResult(), BatchResult()
    both = Deliveries([good, bad], 5)
    good.complete("topic", 0, 0, -1)
    assert (len(both), both.done()) == (5, False)
    with pytest.raises(ClientTimeoutError):
        both.result(0.01)
    first, second = bad.halve(1)
    first.complete("topic", 0, 9, -1)
    second.fail(ValueError("half of it"))
    assert both.done()
    with pytest.raises(ValueError, match="half of it"):
        both.result()
    with pytest.raises(ValueError, match="half of it"):
        asyncio.run(_await(both))


async def _await(deliveries: Deliveries) -> int:
    return await deliveries
