"""Timers of a shard: named, pushed back, cancelled, run in turn, tried again."""

from typing import Any

import pytest

from logcore.common.clock import ManualScheduler
from logcore.common.deferred import Deferred
from logcore.common.errors import CoordinatorNotAvailableError
from logcore.coordinator.result import NOTHING
from logcore.coordinator.timers import ShardTimers


class Shard:
    """Runs what is due at once, or when told, or refuses it."""

    def __init__(self) -> None:
        self.scheduler = ManualScheduler()
        self.timers = ShardTimers(self.scheduler, self.run_write)
        self.ran: list[Any] = []
        self.queue: list[Any] | None = None
        self.error: Exception | None = None

    def run_write(self, _, operation):
        if self.queue is not None:
            self.queue.append(operation)
            return Deferred()
        operation()
        return Deferred.of(None) if self.error is None else Deferred.failed(self.error)

    def schedule(self, name, delay_ms, group_id="g", **options):
        def operation():
            self.ran.append((name, self.scheduler.now_ms() - 1_700_000_000_000))
            return NOTHING

        self.timers.schedule(group_id, name, delay_ms, operation, **options)


@pytest.fixture
def shard():
    return Shard()


def test_runs_once_when_it_is_due(shard):
    shard.schedule("a", 100)
    assert shard.timers.is_set("g", "a")
    shard.scheduler.advance(99)
    assert not shard.ran
    shard.scheduler.advance(1_000)
    assert shard.ran == [("a", 100)]
    assert not shard.timers.is_set("g", "a")
    assert len(shard.timers) == 0


def test_a_later_deadline_replaces_the_earlier_without_a_new_timer(shard):
    shard.schedule("a", 100)
    for _ in range(50):
        shard.scheduler.advance(10)
        shard.schedule("a", 100)
        assert shard.scheduler.pending_count == 1
    assert not shard.ran
    shard.scheduler.advance(100)
    assert shard.ran == [("a", 600)]


def test_an_earlier_deadline_replaces_the_later(shard):
    shard.schedule("a", 1_000)
    shard.schedule("a", 10)
    shard.scheduler.advance(2_000)
    assert shard.ran == [("a", 10)]


def test_an_earlier_deadline_after_it_was_pushed_back(shard):
    shard.schedule("a", 100)
    shard.schedule("a", 1_000)
    shard.schedule("a", 50)
    shard.scheduler.advance(2_000)
    assert shard.ran == [("a", 50)]


def test_names_and_groups_are_apart(shard):
    shard.schedule("a", 10)
    shard.schedule("b", 20)
    shard.schedule("a", 30, group_id="h")
    shard.timers.cancel("g", "a")
    shard.timers.cancel("g", "never set")
    shard.scheduler.advance(100)
    assert shard.ran == [("b", 20), ("a", 30)]


def test_not_run_if_it_is_cancelled_while_it_waits_for_its_turn(shard):
    shard.queue = []
    shard.schedule("a", 10)
    shard.scheduler.advance(10)
    (operation,) = shard.queue
    assert shard.timers.is_set("g", "a")
    shard.timers.cancel("g", "a")
    assert operation() is NOTHING
    assert not shard.ran


def test_not_run_early_if_it_is_set_anew_while_it_waits_for_its_turn(shard):
    shard.queue = []
    shard.schedule("a", 10)
    shard.scheduler.advance(10)
    shard.schedule("a", 100)
    shard.queue.pop()()
    assert not shard.ran
    shard.scheduler.advance(100)
    shard.queue.pop()()
    assert shard.ran == [("a", 110)]


def test_an_operation_may_set_its_own_timer_again(shard):
    def again():
        shard.ran.append(shard.scheduler.now_ms())
        shard.timers.schedule("g", "a", 10, again)
        return NOTHING

    shard.timers.schedule("g", "a", 10, again)
    shard.scheduler.advance(35)
    assert len(shard.ran) == 3


def test_tried_again_if_the_append_fails_and_it_asks_for_that(shard):
    shard.error = CoordinatorNotAvailableError()
    shard.schedule("a", 10, retry_ms=5)
    shard.schedule("b", 10)
    shard.scheduler.advance(22)
    assert [name for name, _ in shard.ran] == ["a", "b", "a", "a"]
    shard.error = None
    shard.scheduler.advance(100)
    assert [name for name, _ in shard.ran] == ["a", "b", "a", "a", "a"]


def test_not_tried_again_after_closing(shard):
    shard.error = CoordinatorNotAvailableError()
    shard.schedule("a", 10, retry_ms=5)
    shard.schedule("b", 1_000)
    shard.scheduler.advance(10)
    shard.timers.close()
    shard.scheduler.advance(5_000)
    assert [name for name, _ in shard.ran] == ["a"]
    assert shard.scheduler.pending_count == 0


def test_closing_while_an_operation_fails_sets_nothing(shard):
    shard.error = CoordinatorNotAvailableError()

    def close():
        shard.timers.close()
        return NOTHING

    shard.timers.schedule("g", "a", 10, close, retry_ms=5)
    shard.scheduler.advance(100)
    assert len(shard.timers) == 0
    assert shard.scheduler.pending_count == 0
