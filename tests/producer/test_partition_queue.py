"""One partition's batches: once and in order, against a model of what a broker keeps."""

from collections import deque
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logcore.producer.delivery import BatchResult
from logcore.producer.partition_queue import (
    NO_SEQUENCE,
    NOBODY,
    REMEMBERED_BATCHES,
    SEQUENCE_MODULUS,
    Identity,
    PartitionQueue,
    Sending,
)
from logcore.producer.verdict import Verdict, judge

ONE = Identity(7, 0)
NOT_LEADER, TOO_LARGE, OUT_OF_ORDER, OLD_EPOCH = 6, 10, 45, 47


def batch(*tags: int) -> Sending:
    """A batch of records that are numbers."""
    return Sending(SimpleNamespace(count=len(tags), tags=tags), BatchResult(), 1000)  # type: ignore[arg-type]


def queue(identity: Identity = ONE) -> PartitionQueue:
    made = PartitionQueue("topic", 0)
    if identity != NOBODY:
        assert made.assume(identity)
    return made


def sent(onto: PartitionQueue, *counts: int) -> list[Sending]:
    made = [batch(*range(count)) for count in counts]
    for each in made:
        onto.send(each)
    return made


@dataclass
class Broker:
    """What a broker keeps of a producer: the last sequence, and the last five batches."""

    log: list[int] = field(default_factory=list)
    identity: Identity = NOBODY
    next_sequence: int = 0
    known: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED_BATCHES))

    def append(self, sending: Sending) -> int:
        tags = sending.batch.tags  # type: ignore[attr-defined]
        if sending.identity.epoch < self.identity.epoch:
            return OLD_EPOCH
        if sending.identity == self.identity:
            if sending.sequence in self.known:
                return 0
            if sending.sequence != self.next_sequence:
                return OUT_OF_ORDER
        elif self.identity != NOBODY and sending.sequence != 0:
            return OUT_OF_ORDER  # of nobody's first batch a broker would take any sequence
        if sending.identity != self.identity:
            self.identity = sending.identity
            self.known.clear()
        self.known.append(sending.sequence)
        self.next_sequence = sending.sequence + len(tags)
        self.log += tags
        return 0


class World:
    """A queue, the requests on their way, and a broker."""

    def __init__(self) -> None:
        self.queue = queue()
        self.broker = Broker()
        self.requests: deque[Sending] = deque()
        self.given_up: set[int] = set()
        self.made = 0

    def new(self, number: int) -> None:
        if self.queue.takes_new:
            tags = range(self.made, self.made + 1 + number % 3)
            self.made = tags.stop
            self._send(batch(*tags))

    def again(self, _: int) -> None:
        sending = self.queue.resendable(0)
        if sending is not None:
            self._send(sending)

    def _send(self, sending: Sending) -> None:
        self.queue.send(sending)
        self.requests.append(sending)

    def answer(self, _: int) -> None:
        if self.requests:
            sending = self.requests.popleft()
            self._judge(sending, self.broker.append(sending))

    def refuse(self, number: int) -> None:
        if self.requests:
            sending = self.requests.popleft()
            is_new = sending.identity != self.broker.identity
            is_had = not is_new and sending.sequence in self.broker.known
            # What the broker has is not refused, whatever the others of a batch are.
            self._judge(sending, 0 if is_had else (NOT_LEADER, TOO_LARGE)[number % 2])

    def reset(self, number: int) -> None:
        """The connection is lost; the first so many requests had arrived."""
        for sending in list(self.requests)[: number % 6]:
            self.broker.append(sending)
        while self.requests:
            sending = self.requests.popleft()
            if sending in self.queue.in_flight:
                self.queue.again(sending, 0)

    def give_up(self, number: int) -> None:
        undecided = [*self.queue.in_flight, *self.queue.waiting]
        if undecided:
            self._lose(undecided[number % len(undecided)])

    def _lose(self, sending: Sending) -> None:
        self.given_up |= set(sending.batch.tags)  # type: ignore[attr-defined]
        self.queue.lost(sending)
        self._renew()

    def _renew(self) -> None:
        producer_id, epoch = max(self.queue.identity, self.broker.identity, key=lambda it: it[1])
        self.queue.assume(Identity(producer_id, epoch + 1))

    def _judge(self, sending: Sending, code: int) -> None:
        if sending not in self.queue.in_flight:
            return
        count, is_first = sending.batch.count, self.queue.is_first(sending)
        verdict = judge(code, count=count, is_first=is_first, has_sequence=True, in_txn=False)
        if verdict is Verdict.DONE:
            self.queue.acknowledged(sending)
        elif verdict is Verdict.AGAIN:
            self.queue.again(sending, 0)
        elif verdict is Verdict.ANEW:
            self.queue.refuse(sending)
        elif verdict is Verdict.HALVE:
            tags, half = sending.batch.tags, (count + 1) // 2  # type: ignore[attr-defined]
            self.queue.replace(sending, [batch(*tags[:half]), batch(*tags[half:])])
        else:
            self._lose(sending)

    def settle(self) -> None:
        while not self.queue.is_idle:
            if self.queue.is_broken:
                self._renew()
            self.again(0)
            self.answer(0)


EVENTS = ("new", "new", "again", "answer", "answer", "refuse", "reset", "give_up")


@settings(max_examples=1000)
@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 5)), max_size=60))
def test_every_record_is_in_the_log_once_and_in_order(events):
    world = World()
    for event, number in events:
        getattr(world, event)(number)
        if world.queue.is_broken:
            world._renew()
        assert len(world.queue.in_flight) <= REMEMBERED_BATCHES
        orders = [each.order for each in world.queue.waiting]
        assert orders == sorted(orders)
    world.settle()
    log = world.broker.log
    assert log == sorted(set(log))
    assert set(range(world.made)) - world.given_up <= set(log)


def test_sequences_follow_each_other_and_wrap():
    made = queue()
    made.is_known = True
    made.next_sequence = SEQUENCE_MODULUS - 3
    first, second, third = sent(made, 2, 3, 1)
    assert first.sequence == SEQUENCE_MODULUS - 3
    assert (second.sequence, third.sequence) == (SEQUENCE_MODULUS - 1, 2)
    assert first.identity == ONE


def test_halves_wrap_too_and_keep_the_place_of_the_whole():
    made = queue()
    made.next_sequence = SEQUENCE_MODULUS - 2
    (whole,) = sent(made, 4)
    (behind,) = sent(made, 1)
    halves = [batch(0, 1), batch(2, 3)]
    made.replace(whole, halves)
    made.again(behind, 0)
    assert list(made.waiting) == [*halves, behind]
    assert [each.sequence for each in made.waiting] == [SEQUENCE_MODULUS - 2, 0, 2]


def test_without_an_identity_there_are_no_sequences_and_no_bound():
    made = queue(NOBODY)
    batches = sent(made, *[1] * 9)
    assert {each.sequence for each in batches} == {NO_SEQUENCE}
    assert made.takes_new
    made.lost(batches[0])
    assert made.takes_new


def test_until_a_broker_knows_the_producer_one_batch_is_on_its_way():
    made = queue()
    (first,) = sent(made, 1)
    assert not made.takes_new
    made.acknowledged(first)
    assert made.is_known
    sent(made, *[1] * (REMEMBERED_BATCHES - 1))
    takes = [made.takes_new]
    sent(made, 1)
    takes.append(made.takes_new)
    assert takes == [True, False]


def test_one_sent_again_goes_alone_and_in_its_turn():
    made = queue()
    made.is_known = True
    first, second = sent(made, 1, 1)
    made.again(second, 50)
    made.again(first, 20)
    assert made.resendable(10) is None
    again = made.resendable(20)
    assert again is first
    made.send(first)
    assert made.resendable(100) is None
    made.acknowledged(first)
    assert made.resendable(100) is second


def test_another_identity_waits_until_all_that_was_sent_is_decided():
    made = queue()
    made.is_known = True
    first, second = sent(made, 1, 1)
    made.refuse(first)
    newer = Identity(7, 1)
    assert not made.assume(newer)
    assert not made.takes_new
    made.refuse(second)
    assert made.assume(newer)
    assert list(made.waiting) == [first, second]
    assert {each.sequence for each in made.waiting} == {NO_SEQUENCE}
    made.send(made.waiting.popleft())
    assert (first.sequence, first.identity) == (0, newer)


@pytest.mark.parametrize("number", [0, 1])
def test_the_first_is_the_one_before_which_nothing_is_undecided(number):
    made = queue()
    batches = sent(made, 1, 1)
    assert made.is_first(batches[number]) is (number == 0)
    made.again(batches[0], 0)
    assert not made.is_first(batches[1])
    made.acknowledged(batches[0])
    assert made.is_first(batches[1])
    assert not made.is_idle
