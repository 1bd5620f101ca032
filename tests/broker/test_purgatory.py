"""Parked requests: woken by keys, by deadlines, cancelled; nothing left behind."""

import random

import pytest

from logcore.broker.purgatory import ParkedRequest, Purgatory
from logcore.common.clock import ManualScheduler


class Waiter:
    """A request that completes when it is told that it can."""

    def __init__(self) -> None:
        self.can_complete = False
        self.tries = 0
        self.completed = 0
        self.expired = 0

    def try_complete(self) -> bool:
        self.tries += 1
        self.completed += self.can_complete
        return self.can_complete

    def on_expire(self) -> None:
        self.expired += 1

    def park(self, purgatory, *keys, timeout_ms=100):
        return purgatory.park(keys, self.try_complete, timeout_ms, self.on_expire)


@pytest.fixture
def scheduler():
    return ManualScheduler()


@pytest.fixture
def purgatory(scheduler):
    return Purgatory(scheduler)


def test_a_changed_key_wakes_who_waits_for_it(purgatory, scheduler):
    waiter, other = Waiter(), Waiter()
    waiter.park(purgatory, "a", "b")
    other.park(purgatory, "c")
    waiter.can_complete = True
    purgatory.check("b")
    assert waiter.tries == 0, "not before the turn is over"
    scheduler.run_soon()
    assert (waiter.completed, other.tries) == (1, 0)
    assert (purgatory.count, purgatory.key_count) == (1, 1)
    scheduler.advance(1000)
    assert (waiter.expired, other.expired) == (0, 1)


def test_many_changes_in_a_turn_are_one_try(purgatory, scheduler):
    waiter = Waiter()
    waiter.park(purgatory, "a", "b")
    for _ in range(10):
        purgatory.check("a")
        purgatory.check("b")
    scheduler.run_soon()
    assert waiter.tries == 1
    purgatory.check("a")
    scheduler.run_soon()
    assert waiter.tries == 2


def test_a_key_that_nobody_waits_for_costs_nothing(purgatory, scheduler):
    purgatory.check("a")
    assert scheduler.pending_count == 0


def test_the_deadline_ends_the_waiting(purgatory, scheduler):
    waiter = Waiter()
    parked = waiter.park(purgatory, "a", timeout_ms=50)
    scheduler.advance(49)
    assert (waiter.expired, parked.is_parked) == (0, True)
    scheduler.advance(1)
    assert (waiter.expired, parked.is_parked) == (1, False)
    assert (purgatory.count, purgatory.key_count, scheduler.pending_count) == (0, 0, 0)
    parked.cancel()
    purgatory.check("a")
    scheduler.advance(1000)
    assert (waiter.tries, waiter.expired) == (0, 1)


@pytest.mark.parametrize("timeout_ms", [0, 1, 63, 500, 30_000, 300_000])
def test_a_deadline_is_never_early_and_hardly_late(purgatory, scheduler, timeout_ms):
    scheduler.advance(123_457)
    waiter = Waiter()
    waiter.park(purgatory, "a", timeout_ms=timeout_ms)
    scheduler.advance(max(0, timeout_ms - 1))
    assert waiter.expired == (timeout_ms == 0)
    scheduler.advance(1 + timeout_ms // 64)
    assert waiter.expired == 1


def test_an_earlier_deadline_comes_first(purgatory, scheduler):
    late, early = Waiter(), Waiter()
    late.park(purgatory, "a", timeout_ms=60_000)
    early.park(purgatory, "a", timeout_ms=10)
    scheduler.advance(10)
    assert (late.expired, early.expired) == (0, 1)
    scheduler.advance(61_000)
    assert late.expired == 1


def test_cancelling_ends_without_a_word(purgatory, scheduler):
    waiter = Waiter()
    parked = waiter.park(purgatory, "a", "b")
    purgatory.check("a")
    parked.cancel()
    parked.cancel()
    scheduler.advance(1000)
    assert (waiter.tries, waiter.expired) == (0, 0)
    assert (purgatory.count, purgatory.key_count, scheduler.pending_count) == (0, 0, 0)


def test_a_key_named_twice(purgatory, scheduler):
    waiter = Waiter()
    waiter.park(purgatory, "a", "a")
    waiter.can_complete = True
    purgatory.check("a")
    scheduler.run_soon()
    assert (waiter.tries, purgatory.key_count) == (1, 0)


def test_who_is_cancelled_by_another_in_the_same_turn_is_not_tried(purgatory, scheduler):
    second = Waiter()

    def complete_and_cancel() -> bool:
        parked.cancel()
        return True

    purgatory.park(["a"], complete_and_cancel, 100, lambda: None)
    parked = second.park(purgatory, "a")
    purgatory.check("a")
    scheduler.run_soon()
    assert (second.tries, purgatory.count) == (0, 0)


def test_who_parks_again_while_it_is_woken_waits_for_the_next_change(purgatory, scheduler):
    again = Waiter()

    def park_again() -> bool:
        again.park(purgatory, "a")
        purgatory.check("a")
        return True

    purgatory.park(["a"], park_again, 100, lambda: None)
    again.can_complete = True
    purgatory.check("a")
    scheduler.run_soon()
    assert (again.completed, purgatory.count) == (1, 0)


def test_a_try_that_raises_ends_as_if_its_time_were_over(purgatory, scheduler, caplog):
    expired = []

    def fail() -> bool:
        raise ValueError("a mistake of ours")

    other = Waiter()
    purgatory.park(["a"], fail, 100, lambda: expired.append(1))
    other.park(purgatory, "a")
    purgatory.check("a")
    scheduler.run_soon()
    assert (expired, other.tries, purgatory.count) == ([1], 1, 1)
    assert "a parked request failed" in caplog.text


def test_a_deadline_that_raises_leaves_the_others_theirs(purgatory, scheduler, caplog):
    def fail() -> None:
        raise ValueError("a mistake of ours")

    other = Waiter()
    purgatory.park(["a"], lambda: False, 100, fail)
    other.park(purgatory, "a")
    scheduler.advance(200)
    assert (other.expired, purgatory.count) == (1, 0)
    assert "at its deadline" in caplog.text


def test_stopping_expires_all(purgatory, scheduler):
    waiters = [Waiter() for _ in range(20)]
    for index, waiter in enumerate(waiters):
        waiter.park(purgatory, index % 3, timeout_ms=index * 1000)
    purgatory.expire_all()
    assert [waiter.expired for waiter in waiters] == [1] * 20
    scheduler.advance(100_000)
    assert [waiter.expired for waiter in waiters] == [1] * 20
    assert (purgatory.count, purgatory.key_count, scheduler.pending_count) == (0, 0, 0)


def test_one_timer_serves_ten_thousand(purgatory, scheduler):
    waiters = [Waiter() for _ in range(10_000)]
    for index, waiter in enumerate(waiters):
        waiter.park(purgatory, index, timeout_ms=500 + index % 500)
        scheduler.advance(index % 2)
    assert scheduler.pending_count <= 1
    scheduler.advance(2000)
    assert all(waiter.expired == 1 for waiter in waiters)
    assert (purgatory.count, purgatory.key_count, scheduler.pending_count) == (0, 0, 0)


def test_parking_and_completing_leaves_nothing_behind(purgatory, scheduler):
    stays = Waiter()
    stays.park(purgatory, "stays", timeout_ms=300_000)
    for _ in range(10_000):
        waiter = Waiter()
        waiter.park(purgatory, "a", timeout_ms=300_000)
        waiter.can_complete = True
        purgatory.check("a")
        scheduler.run_soon()
    assert (purgatory.count, purgatory.key_count) == (1, 1)
    assert purgatory.deadline_count < 100


@pytest.mark.parametrize("seed", range(20))
def test_against_a_model(seed):
    """Random parking, changes, cancels and time: each ends once, and as it should."""
    chance = random.Random(seed)
    scheduler = ManualScheduler()
    purgatory = Purgatory(scheduler)
    waiting: list[tuple[Waiter, ParkedRequest, set[int], int]] = []
    ended: list[Waiter] = []
    for _ in range(500):
        action = chance.randrange(4)
        if action == 0:
            waiter, keys = Waiter(), {chance.randrange(6) for _ in range(chance.randint(1, 3))}
            timeout_ms = chance.choice([0, 5, 60, 700])
            parked = waiter.park(purgatory, *keys, timeout_ms=timeout_ms)
            waiting.append((waiter, parked, keys, scheduler.monotonic_ms() + timeout_ms))
        elif action == 1 and waiting:
            waiter, parked, _, _ = waiting.pop(chance.randrange(len(waiting)))
            parked.cancel()
            ended.append(waiter)
        elif action == 2:
            key = chance.randrange(6)
            for waiter, _, _, _ in waiting:
                waiter.can_complete = chance.random() < 0.3
            purgatory.check(key)
            scheduler.run_soon()
            for entry in [e for e in waiting if key in e[2] and e[0].can_complete]:
                if entry[0].expired == 0:
                    assert entry[0].completed == 1
                ended.append(entry[0])
                waiting.remove(entry)
        else:
            scheduler.advance(chance.randrange(50))
        for entry in [e for e in waiting if e[0].expired]:
            assert entry[3] <= scheduler.monotonic_ms()
            ended.append(entry[0])
            waiting.remove(entry)
        assert purgatory.count == len(waiting)
        assert purgatory.key_count == len(set().union(*(entry[2] for entry in waiting)))
    assert all(waiter.completed + waiter.expired <= 1 for waiter in ended)
