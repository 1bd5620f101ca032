"""Chores run at their times, again after they end, and go on after a failure."""

import logging
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

import pytest

from logcore.broker.upkeep import Upkeep, UpkeepIntervals
from logcore.common.clock import ManualScheduler
from logcore.common.deferred import Deferred


class Lanes:
    """Does work at once, in order."""

    def run(self, key: Hashable, work: Callable[[], Any]) -> Deferred[Any]:
        del key
        try:
            return Deferred.of(work())
        except Exception as error:  # noqa: BLE001 - handed on
            return Deferred.failed(error)


class Logs:
    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.fails: set[str] = set()
        self.due = 0

    def __getattr__(self, name: str) -> Callable[[], object]:
        def call() -> object:
            self.calls[name] += 1
            if name in self.fails:
                raise OSError(name)
            if name == "compact_due" and self.due:
                self.due -= 1
                return "compacted"
            return None

        return call


INTERVALS = UpkeepIntervals(
    initial_delay_ms=100,
    retention_ms=1000,
    flush_ms=50,
    checkpoint_ms=400,
    compaction_ms=300,
    deletion_ms=200,
)


@pytest.fixture
def logs() -> Any:
    return Logs()


def started(logs: Any, **rest: bool) -> tuple[ManualScheduler, Upkeep]:
    scheduler, lanes = ManualScheduler(), Lanes()
    upkeep = Upkeep(scheduler, logs, lanes, INTERVALS, **rest)  # type: ignore[arg-type]
    upkeep.start()
    return scheduler, upkeep


def test_each_chore_has_its_interval(logs):
    scheduler, _ = started(logs)
    scheduler.advance(1100)
    assert logs.calls == {
        "apply_retention": 2,
        "flush_due": 22,
        "checkpoint": 3,
        "compact_due": 4,
        "remove_deleted": 6,
    }


def test_a_failure_is_logged_and_the_chore_goes_on(logs, caplog):
    logs.fails.add("checkpoint")
    scheduler, _ = started(logs)
    with caplog.at_level(logging.ERROR):
        scheduler.advance(1000)
    assert logs.calls["checkpoint"] == 3
    assert "checkpoint" in caplog.text


def again(scheduler: Any, logs: Any, after: Callable[[], object]) -> Upkeep:
    return Upkeep(scheduler, logs, Lanes(), INTERVALS, after=after)  # type: ignore[arg-type]


def test_each_chore_is_followed_by_a_look_at_what_became_of_it(logs):
    looks: list[int] = []
    scheduler, upkeep = started(logs)
    upkeep.stop()
    upkeep = again(scheduler, logs, lambda: looks.append(1))
    logs.fails.add("flush_due")
    upkeep.start()
    scheduler.advance(150)
    assert len(looks) == logs.calls.total()


def test_compaction_goes_on_while_there_is_something(logs):
    logs.due = 3
    scheduler, _ = started(logs)
    scheduler.advance(100)
    assert logs.calls["compact_due"] == 4


def test_compaction_can_be_off_and_everything_stops(logs):
    scheduler, upkeep = started(logs, compacts=False)
    scheduler.advance(500)
    assert logs.calls["compact_due"] == 0
    upkeep.stop()
    before = logs.calls.copy()
    scheduler.advance(5000)
    assert logs.calls == before
