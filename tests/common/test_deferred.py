"""`Deferred`: completed once, callbacks once and in order."""

import asyncio

import pytest

from logcore.common.deferred import Deferred, gather


def test_callbacks_run_in_order_when_it_completes():
    seen = []
    deferred: Deferred[int] = Deferred()
    deferred.then(lambda done: seen.append(("first", done.value())))
    deferred.then(lambda done: seen.append(("second", done.value())))
    assert seen == []
    deferred.complete(7)
    assert seen == [("first", 7), ("second", 7)]


def test_a_late_callback_runs_at_once():
    seen = []
    Deferred.of(1).then(lambda done: seen.append(done.value()))
    assert seen == [1]


def test_a_failure_is_raised_to_whoever_asks():
    deferred: Deferred[int] = Deferred()
    deferred.fail(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        deferred.value()
    assert isinstance(deferred.error, ValueError)


def test_twice_is_a_mistake_of_ours():
    deferred: Deferred[int] = Deferred()
    deferred.complete(1)
    with pytest.raises(AssertionError):
        deferred.complete(2)


def test_map_converts_and_hands_exceptions_on():
    assert Deferred.of(2).map(str).value() == "2"
    failed: Deferred[int] = Deferred.failed(ValueError("source"))
    with pytest.raises(ValueError, match="source"):
        failed.map(str).value()
    with pytest.raises(ZeroDivisionError):
        Deferred.of(0).map(lambda value: 1 // value).value()


def test_gather_waits_for_all_and_keeps_failures():
    one: Deferred[int] = Deferred()
    two: Deferred[int] = Deferred()
    both = gather([one, two])
    two.fail(ValueError("two"))
    assert not both.is_done
    one.complete(1)
    assert both.value() == [one, two]
    assert gather([]).value() == []


def test_it_can_be_awaited():
    async def main() -> int:
        deferred: Deferred[int] = Deferred()
        asyncio.get_running_loop().call_soon(deferred.complete, 5)
        return await deferred.wait()

    assert asyncio.run(main()) == 5
