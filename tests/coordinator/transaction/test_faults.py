"""Faults: a crash after each append of a run, and random runs of zombies, repetitions and crashes.

Whatever happens, readers of committed records see whole transactions, those that were confirmed are
there, and none hangs once its time is over.
"""

import contextlib
import random
from collections.abc import Callable
from typing import Any

import pytest

from logcore.common.deferred import Deferred
from logcore.common.errors import (
    ConcurrentTransactionsError,
    KafkaError,
    KafkaStorageError,
    NotEnoughReplicasError,
)
from logcore.coordinator.transaction.service import ProducerIdentity
from tests.coordinator.transaction.bench import P0, P1, P2, TIMEOUT_MS, Bench
from tests.coordinator.transaction.history import History, Told

PLACES = (P0, P1, P2)


class MortalBench(Bench):
    """A coordinator that dies after so many appends, to whatever log."""

    def __init__(self, version: int, left: int | None = None) -> None:
        self.left = left
        self.is_dead = False
        self.append_count = 0
        super().__init__(version)
        for owner, name in ((self.log, "append"), (self.partitions, "write")):
            setattr(owner, name, self._mortal(getattr(owner, name)))

    def _mortal(self, append: Callable[..., Deferred[Any]]) -> Callable[..., Deferred[Any]]:
        def attempt(*given: Any) -> Deferred[Any]:
            if self.left == 0:
                self.is_dead = True
            if self.is_dead:
                return Deferred()
            if self.left is not None:
                self.left -= 1
            self.append_count += 1
            return append(*given)

        return attempt

    def revive(self) -> None:
        self.left, self.is_dead = None, False
        self.crash()


class Client:
    """One instance of a producer that does one transaction after another."""

    def __init__(self, bench: Bench, history: History, transactional_id: str = "tx") -> None:
        self.bench = bench
        self.history = history
        self.name = transactional_id
        self.identity: ProducerIdentity | None = None
        self.told: Told | None = None
        self.count = 0

    def begin(self) -> None:
        """Get an epoch; ask again while the transaction before is being aborted."""
        for _ in range(5):
            try:
                self.identity = self._now(
                    self.bench.service.initialise(self.name, TIMEOUT_MS, None)
                )
            except ConcurrentTransactionsError:
                self.bench.scheduler.advance(100)
            else:
                return

    def _now(self, done: Deferred[Any]) -> Any:
        if not done.is_done:
            raise DiedError
        return done.value()

    def write(self, place: tuple[str, int]) -> None:
        assert self.identity is not None
        if self.told is None:
            self.told = self.history.begin()
        value = f"{self.told.name}/{self.count}"
        self.count += 1
        if self.bench.version < 2:
            self.add(place)
        partition = self.bench.partitions[place]
        if self.bench.version >= 2 and not partition.is_open(self.identity):
            self.add(place)
        self.bench.write(self.identity, place, value, transactional_id=self.name)
        self.told.written.append((place, value))

    def add(self, place: tuple[str, int]) -> None:
        from logcore.coordinator.transaction.partitions import Addition  # noqa: PLC0415

        assert self.identity is not None
        wanted = Addition(*self.identity, frozenset({place}), self.bench.version, 0)
        self._now(self.bench.service.add_partitions(self.name, wanted))

    def end(self, *, is_commit: bool) -> None:
        told, self.told = self.told, None
        if told is None or self.identity is None:
            return
        told.commit_asked = is_commit
        identity, self.identity = self.identity, None  # whoever hears of a failure gives up
        asked = self.bench.ending(identity, is_commit=is_commit, transactional_id=self.name)
        self.identity = self._now(asked)
        told.committed, told.aborted = is_commit, not is_commit


class DiedError(Exception):
    """The coordinator died before it answered."""


def one_run(client: Client) -> None:
    """Three transactions: two are committed, one between them is aborted."""
    client.begin()
    for is_commit, places in ((True, (P0, P1)), (False, (P0, P2)), (True, PLACES)):
        for place in places:
            client.write(place)
        client.end(is_commit=is_commit)


def settle(bench: Bench) -> None:
    """Let every timeout and every retry come."""
    for _ in range(3):
        bench.scheduler.advance(TIMEOUT_MS)


def count_of(version: int) -> int:
    bench = MortalBench(version)
    one_run(Client(bench, History()))
    return bench.append_count


@pytest.mark.parametrize("version", [0, 2])
def test_a_run_without_faults_makes_the_appends_it_has_to(version):
    # the epoch; for each transaction its partitions, Prepare, the markers, Complete
    assert count_of(version) == 1 + (2 + 1 + 2 + 1) * 2 + (3 + 1 + 3 + 1)


@pytest.mark.parametrize(
    ("version", "left"), [(version, left) for version in (0, 2) for left in range(22)]
)
def test_a_crash_after_each_append(version, left):
    bench, history = MortalBench(version, left), History()
    client = Client(bench, history)
    with contextlib.suppress(DiedError, ConcurrentTransactionsError):
        one_run(client)
    bench.revive()
    history.check(bench.partitions.by_place, is_over=False)
    # Either the same instance comes back, or another one; here another one.
    successor = Client(bench, history)
    one_run(successor)
    settle(bench)
    history.check(bench.partitions.by_place, is_over=True)
    assert bench.state().is_idle


@pytest.mark.parametrize(
    ("version", "left"), [(version, left) for version in (0, 2) for left in range(22)]
)
def test_a_crash_after_each_append_and_nobody_comes_back(version, left):
    bench, history = MortalBench(version, left), History()
    with contextlib.suppress(DiedError, ConcurrentTransactionsError):
        one_run(Client(bench, history))
    bench.revive()
    settle(bench)
    history.check(bench.partitions.by_place, is_over=True)


class Chaos:
    """Random producers, some of them zombies, on a coordinator that fails and crashes."""

    def __init__(self, seed: int, version: int) -> None:
        self.random = random.Random(seed)
        self.bench = Bench(version)
        self.history = History()
        self.clients: list[Client] = []
        self.requests: list[Callable[[], object]] = []

    def step(self) -> None:
        action = self.random.choices(
            [self.start, self.write, self.end, self.repeat, self.fail, self.heal, self.crash,
             self.wait, self.zombie_write],
            [2, 12, 6, 5, 1, 2, 1, 2, 2],
        )[0]  # fmt: skip
        with contextlib.suppress(KafkaError, DiedError):
            action()  # the history knows what was confirmed

    def start(self) -> None:
        name = self.random.choice(["a", "b"])
        client = Client(self.bench, self.history, name)
        self.clients.append(client)
        client.begin()

    def some(self) -> Client:
        """Mostly a recent one; sometimes one that others have replaced."""
        if not self.clients:
            self.start()
        return self.random.choice(self.clients[-3:] if self.random.random() < 0.8 else self.clients)

    def write(self) -> None:
        client = self.some()
        if client.identity is not None:
            client.write(self.random.choice(PLACES))

    def zombie_write(self) -> None:
        """Write late, under an epoch from the past, straight into a partition."""
        client = self.random.choice(self.clients) if self.clients else self.some()
        if client.identity is None or client.told is not None:
            return
        producer_id, epoch = client.identity
        old = ProducerIdentity(producer_id, max(0, epoch - self.random.randint(0, 2)))
        stray = self.history.begin()
        place = self.random.choice(PLACES)
        self.bench.write(old, place, stray.name, transactional_id=client.name)
        if old == client.identity:
            # It is the current epoch: the write belongs to the producer's next transaction.
            self.history.transactions.remove(stray)
            client.told = stray
            self.history.transactions.append(stray)
        stray.written.append((place, stray.name))

    def end(self) -> None:
        client = self.some()
        if client.identity is None:
            return
        is_commit = self.random.random() < 0.7
        identity, name = client.identity, client.name
        if client.told is not None:
            self.requests.append(
                lambda: self.bench.ending(identity, is_commit=is_commit, transactional_id=name)
            )
        client.end(is_commit=is_commit)

    def repeat(self) -> None:
        """Send an EndTxn again that was sent before, however long ago."""
        if self.requests:
            self.random.choice(self.requests[-6:])()

    def fail(self) -> None:
        if self.random.random() < 0.5:
            self.bench.log.fail_with = NotEnoughReplicasError()
        else:
            self.bench.partitions.fail_with[self.random.choice(PLACES)] = KafkaStorageError()

    def heal(self) -> None:
        self.bench.log.fail_with = None
        self.bench.partitions.fail_with.clear()

    def crash(self) -> None:
        self.bench.crash()

    def wait(self) -> None:
        self.bench.scheduler.advance(self.random.choice([100, 1_000, TIMEOUT_MS]))


@pytest.mark.parametrize("seed", range(150))
def test_random_runs_with_epochs_that_rise(seed):
    chaos = Chaos(seed, version=2)
    for _ in range(120):
        chaos.step()
        chaos.history.check(chaos.bench.partitions.by_place, is_over=False)
    chaos.heal()
    settle(chaos.bench)
    chaos.history.check(chaos.bench.partitions.by_place, is_over=True)


@pytest.mark.parametrize("seed", range(50))
def test_random_runs_without_repetitions_under_version_1(seed):
    """Without rising epochs a late EndTxn may end a later transaction: what KIP-890 is about."""
    chaos = Chaos(seed, version=1)
    chaos.repeat = lambda: None  # type: ignore[method-assign]
    chaos.zombie_write = lambda: None  # type: ignore[method-assign]
    for _ in range(120):
        chaos.step()
    chaos.heal()
    settle(chaos.bench)
    chaos.history.check(chaos.bench.partitions.by_place, is_over=True)


def test_repetitions_are_what_rising_epochs_are_for():
    """The checker finds what KIP-890 mends: under version 1 an EndTxn from the past decides."""
    violations = 0
    for seed in range(20):
        chaos = Chaos(seed, version=1)
        for _ in range(120):
            chaos.step()
        chaos.heal()
        settle(chaos.bench)
        try:
            chaos.history.check(chaos.bench.partitions.by_place, is_over=True)
        except AssertionError:
            violations += 1
    assert violations
