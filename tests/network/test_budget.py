"""Memory that requests hold: who waits, who is favoured, and that nobody waits for ever."""

import random

from logcore.network.budget import ReceiveBudget


class Holder:
    """Receives requests of a size, piece by piece, as far as it may."""

    def __init__(self, budget, size):
        self.budget = budget
        self.size = size
        self.held = 0
        self.completed = 0
        self.may = True

    def go_on(self):
        self.may = True

    def receive(self, count):
        assert self.may
        count = min(count, self.size - self.held)
        self.held += count
        self.budget.add(count)
        if self.held == self.size:
            self.completed += 1
            self.budget.add(-self.held)
            self.held = 0
            self.budget.leave(self)
        else:
            self.may = self.budget.may_receive(self)


def test_below_the_limit_everybody_receives():
    budget = ReceiveBudget(100)
    one, two = Holder(budget, 80), Holder(budget, 80)
    one.receive(50)
    two.receive(50)
    assert (one.may, two.may, budget.favoured) == (True, True, None)


def test_above_it_one_does_and_the_others_wait():
    budget = ReceiveBudget(100)
    one, two, three = (Holder(budget, 80) for _ in range(3))
    for holder in (one, two, three):
        holder.receive(40)
    assert (one.may, two.may, three.may) == (True, True, True)
    assert budget.favoured is three
    one.receive(10)
    two.receive(10)
    assert (one.may, two.may, three.may) == (False, False, True)
    three.receive(40)
    assert (one.may, two.may) == (True, True)
    assert (budget.used, budget.is_wanted) == (100, False)


def test_when_the_favoured_leaves_the_next_is():
    budget = ReceiveBudget(10)
    one, two = Holder(budget, 80), Holder(budget, 80)
    one.receive(40)
    two.receive(40)
    assert (one.may, two.may) == (True, False)
    budget.add(-40)
    budget.leave(one)
    assert (two.may, budget.favoured) == (True, two)


def test_everything_becomes_complete_and_little_is_held():
    for seed in range(20):
        chance = random.Random(seed)
        budget = ReceiveBudget(1_000)
        holders = [Holder(budget, chance.randint(1, 900)) for _ in range(30)]
        peak = 0
        while any(holder.completed < 3 for holder in holders):
            able = [holder for holder in holders if holder.may and holder.completed < 3]
            assert able, f"everybody waits, with seed {seed}"
            chance.choice(able).receive(chance.randint(1, 300))
            peak = max(peak, budget.used)
        assert budget.used == 0
        assert peak <= 1_000 + 900 + 300 * 30
        assert not budget.is_wanted
