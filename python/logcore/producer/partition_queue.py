"""The batches of one partition between accumulator and acknowledgement, in order. Pure.

With idempotence a batch gets a sequence when it is first sent, and keeps it, with its epoch, as
long as the broker may have it: sent again it is recognised. Invariants: batches are sent in the
order of their sequences. A batch whose fate is unknown is never sent under another epoch; only one
that was refused for certain is. Once a sequence is lost for good, nothing new is sent before all
that was sent is decided; then the partition begins anew, at sequence 0 of a newer epoch.
Neighbours: `sender` sends what `next_batch` gives and tells here what was answered.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from logcore.producer.delivery import BatchResult
from logcore.record.encoding import ProduceBatch

SEQUENCE_MODULUS: Final = 1 << 31
NO_SEQUENCE: Final = -1
REMEMBERED_BATCHES: Final = 5
"""Of how many batches of a producer brokers know that they have them."""


class Identity(NamedTuple):
    """Who a producer is to brokers: its id, and the epoch of that; -1 where there is none."""

    producer_id: int = -1
    epoch: int = -1


NOBODY: Final = Identity()


@dataclass(slots=True, eq=False)
class Sending:
    """A batch on its way.

    Attributes:
        batch: Its records.
        result: Where its outcome goes.
        deadline_ms: When it is too late, in the sender's clock.
        identity: As whom it is sent.
        sequence: Of its first record, -1 without one.
        attempts: How often it was sent.
        not_before_ms: When it may be sent again.
        is_sealed: Whether its bytes are ready.
        order: Its place among the batches of its partition.
        step: How much room there is behind `order`, for halves.
        last_error: What the last attempt failed with.
    """

    batch: ProduceBatch
    result: BatchResult
    deadline_ms: int
    identity: Identity = NOBODY
    sequence: int = NO_SEQUENCE
    attempts: int = 0
    not_before_ms: float = 0
    is_sealed: bool = False
    order: float = -1
    step: float = 1
    last_error: Exception | None = None


@dataclass(slots=True)
class PartitionQueue:
    """One partition's batches on their way.

    Attributes:
        identity: As whom batches are sent to it.
        next_sequence: What the next new batch gets.
        in_flight: Batches that were sent, in order.
        waiting: Batches to be sent again, in order.
        refused: Batches that were refused for certain, to be sent under a newer epoch.
        is_broken: Whether a sequence was lost.
        is_known: Whether the broker has acknowledged a batch of this identity. Until it has, it
            would take any sequence for the first one, so that only one batch may be on its way.
    """

    topic: str
    partition: int
    identity: Identity = NOBODY
    next_sequence: int = 0
    in_flight: list[Sending] = field(default_factory=list)
    waiting: deque[Sending] = field(default_factory=deque)
    refused: deque[Sending] = field(default_factory=deque)
    is_broken: bool = False
    is_known: bool = False
    _sent: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is on its way."""
        return not (self.in_flight or self.waiting or self.refused)

    @property
    def takes_new(self) -> bool:
        """Whether a batch may come from the accumulator."""
        return not (self.waiting or self.refused or self.is_broken or self._must_wait)

    @property
    def _must_wait(self) -> bool:
        """Whether an answer must come before the next batch.

        It is that to the first batch of an identity; or some answer, if so many are on their way,
        perhaps to several brokers, that one would not remember them all.
        """
        if self.identity == NOBODY or not self.in_flight:
            return False
        return not self.is_known or len(self.in_flight) >= REMEMBERED_BATCHES

    def assume(self, identity: Identity) -> bool:
        """Become another identity if nothing that was sent is undecided; tell whether it did."""
        if self.identity == identity or self.in_flight or self.waiting:
            return False
        self.identity = identity
        self.next_sequence = 0
        self.is_broken = self.is_known = False
        self.waiting, self.refused = self.refused, deque()
        for sending in self.waiting:
            sending.sequence = NO_SEQUENCE
            sending.is_sealed = False
        return True

    def resendable(self, now_ms: float) -> Sending | None:
        """Return the batch to be sent again now, if its turn has come."""
        if not self.waiting or self.waiting[0].not_before_ms > now_ms:
            return None
        # One sent again goes alone: those behind it would only be refused if it failed.
        if self.in_flight and (self.in_flight[-1].attempts > 1 or self._must_wait):
            return None
        return self.waiting.popleft()

    def send(self, sending: Sending) -> None:
        """Take note that a batch is sent now; it gets a sequence, if it needs one."""
        if sending.sequence == NO_SEQUENCE and self.identity != NOBODY:
            sending.sequence = self.next_sequence
            sending.identity = self.identity
            self.next_sequence = (self.next_sequence + sending.batch.count) % SEQUENCE_MODULUS
        if sending.order < 0:
            sending.order = self._sent
            self._sent += 1
        sending.attempts += 1
        self.in_flight.append(sending)

    def is_first(self, sending: Sending) -> bool:
        """Whether no undecided batch was sent before this one."""
        return all(each.order >= sending.order for each in (*self.in_flight, *self.waiting))

    def acknowledged(self, sending: Sending) -> None:
        """Take note that a batch is in the log."""
        self.decided(sending)
        self.is_known = self.is_known or sending.identity == self.identity

    def decided(self, sending: Sending) -> None:
        """Take note that a batch is acknowledged, or failed."""
        if sending in self.in_flight:
            self.in_flight.remove(sending)
        if sending in self.waiting:
            self.waiting.remove(sending)

    def lost(self, sending: Sending) -> None:
        """Take note that a batch that may be in the log was given up."""
        self.decided(sending)
        self.is_broken = self.is_broken or sending.sequence != NO_SEQUENCE

    def again(self, sending: Sending, not_before_ms: float) -> None:
        """Have a batch sent again, in its place among the others."""
        self.decided(sending)
        sending.not_before_ms = not_before_ms
        _insert(self.waiting, sending)

    def refuse(self, sending: Sending) -> None:
        """Take note that the broker has no place for a batch's sequence, and has not got it."""
        self.decided(sending)
        self.is_broken = True
        _insert(self.refused, sending)

    def replace(self, sending: Sending, halves: list[Sending]) -> None:
        """Put two batches in the place of one that was too large for the broker.

        They take over its sequences, which the broker has not got; those behind keep theirs.
        """
        self.decided(sending)
        sequence, order, step = sending.sequence, sending.order, sending.step / 2
        for half in halves:
            half.identity = sending.identity
            half.attempts = 1
            half.order, half.step = order, step
            half.sequence = sequence
            order += step
            if sequence != NO_SEQUENCE:
                sequence = (sequence + half.batch.count) % SEQUENCE_MODULUS
            _insert(self.waiting, half)


def _insert(batches: deque[Sending], sending: Sending) -> None:
    """Put a batch into its place among others."""
    at = sum(1 for each in batches if each.order < sending.order)
    batches.insert(at, sending)
