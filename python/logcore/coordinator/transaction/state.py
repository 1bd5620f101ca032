"""What is known of a transactional id, and the steps from one state to the next. Pure.

A transaction begins with its first partition (Ongoing). Its end is decided by a Prepare state that
is durable before anything else happens: from there it always gets to the Complete state of its
kind, through markers in every partition, however often the broker dies on the way.
Invariant: a `Transaction` never changes; a step makes a new one, and only steps that `TRANSITIONS`
has are made. An epoch is never given to two producers, and none of 32767 is given at all, so that a
producer can always be fenced.
Neighbours: `producer`, `partitions` and `end` decide which step to make; `records` writes them.
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

NO_PRODUCER_ID: Final = -1
NO_EPOCH: Final = -1
NO_TIMESTAMP: Final = -1
EPOCH_MAX: Final = 32_767
"""The largest epoch there can be: used by the coordinator alone, to fence."""
EPOCH_BUMPING_VERSION: Final = 2
"""From this version of transactions on every end of one raises the epoch (KIP-890)."""

TopicPartition = tuple[str, int]


class TransactionState(IntEnum):
    """Where a transactional id stands; the numbers are those of the log."""

    EMPTY = 0
    ONGOING = 1
    PREPARE_COMMIT = 2
    PREPARE_ABORT = 3
    COMPLETE_COMMIT = 4
    COMPLETE_ABORT = 5
    DEAD = 6
    PREPARE_EPOCH_FENCE = 7

    @property
    def kafka_name(self) -> str:
        """The name as Kafka's tools spell it, such as ``PrepareCommit``."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def is_preparing(self) -> bool:
        """Whether the end is decided and its markers are under way."""
        return self in _PREPARING

    @property
    def is_idle(self) -> bool:
        """Whether no transaction is open, so that the id may also be forgotten."""
        return self in _IDLE


_PREPARING: Final = (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)
_IDLE: Final = (
    TransactionState.EMPTY,
    TransactionState.COMPLETE_COMMIT,
    TransactionState.COMPLETE_ABORT,
)

STATE_BY_NAME: Final = {state.kafka_name: state for state in TransactionState}
"""States as Kafka's tools spell them."""

TRANSITIONS: Final[dict[TransactionState, frozenset[TransactionState]]] = {
    TransactionState.EMPTY: frozenset(
        {
            TransactionState.EMPTY,
            TransactionState.ONGOING,
            TransactionState.PREPARE_ABORT,
            TransactionState.DEAD,
        }
    ),
    TransactionState.ONGOING: frozenset(
        {
            TransactionState.ONGOING,
            TransactionState.PREPARE_COMMIT,
            TransactionState.PREPARE_ABORT,
            TransactionState.PREPARE_EPOCH_FENCE,
        }
    ),
    TransactionState.PREPARE_COMMIT: frozenset({TransactionState.COMPLETE_COMMIT}),
    TransactionState.PREPARE_ABORT: frozenset({TransactionState.COMPLETE_ABORT}),
    TransactionState.COMPLETE_COMMIT: frozenset(
        {
            TransactionState.EMPTY,
            TransactionState.ONGOING,
            TransactionState.PREPARE_ABORT,
            TransactionState.DEAD,
        }
    ),
    TransactionState.COMPLETE_ABORT: frozenset(
        {
            TransactionState.EMPTY,
            TransactionState.ONGOING,
            TransactionState.PREPARE_ABORT,
            TransactionState.DEAD,
        }
    ),
    TransactionState.DEAD: frozenset(),
    TransactionState.PREPARE_EPOCH_FENCE: frozenset({TransactionState.PREPARE_ABORT}),
}
"""What may follow each state.

PrepareEpochFence is passed through within one step, on the way to an abort that its producer did
not ask for; like Dead, which is a tombstone, it is never written.
"""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transactional id with its producer and its transaction.

    Attributes:
        transactional_id: The id.
        producer_id: The producer's id.
        producer_epoch: Its epoch; -1 for a producer that has not got one yet.
        timeout_ms: How long its transactions may stay open.
        state: Where it stands.
        updated_ms: When that came to be.
        started_ms: When the transaction began; -1 if none did.
        partitions: What takes part in the transaction.
        previous_producer_id: The id before, where epochs ran out; otherwise the same.
        next_producer_id: The id to go on with once a transaction that used up the epochs is
            complete.
        last_epoch: The epoch before, whose producer may repeat its request; it is not written.
        client_version: The version of transactions that the state was written under.
    """

    transactional_id: str
    producer_id: int
    producer_epoch: int
    timeout_ms: int
    state: TransactionState
    updated_ms: int
    started_ms: int = NO_TIMESTAMP
    partitions: frozenset[TopicPartition] = frozenset()
    previous_producer_id: int = NO_PRODUCER_ID
    next_producer_id: int = NO_PRODUCER_ID
    last_epoch: int = NO_EPOCH
    client_version: int = 0

    @property
    def is_epoch_exhausted(self) -> bool:
        """Whether the next epoch would leave none to fence with."""
        return is_epoch_exhausted(self.producer_epoch)

    def is_timed_out(self, now_ms: int) -> bool:
        """Whether a transaction is open for longer than its producer asked for."""
        return self.state is TransactionState.ONGOING and self.started_ms + self.timeout_ms < now_ms

    def _step(self, state: TransactionState) -> TransactionState:
        assert state in TRANSITIONS[self.state], f"{self.state.kafka_name} to {state.kafka_name}"
        return state

    def with_epoch(
        self, epoch: int, last_epoch: int, timeout_ms: int, now_ms: int
    ) -> "Transaction":
        """Begin anew under an epoch, without a transaction."""
        return replace(
            self,
            state=self._step(TransactionState.EMPTY),
            producer_epoch=epoch,
            last_epoch=last_epoch,
            previous_producer_id=self.producer_id,
            next_producer_id=NO_PRODUCER_ID,
            timeout_ms=timeout_ms,
            partitions=frozenset(),
            started_ms=NO_TIMESTAMP,
            updated_ms=now_ms,
            client_version=0,
        )

    def rotated(
        self, producer_id: int, last_epoch: int, timeout_ms: int, now_ms: int
    ) -> "Transaction":
        """Begin anew under another producer id, because epochs have run out."""
        return replace(self.with_epoch(0, last_epoch, timeout_ms, now_ms), producer_id=producer_id)

    def with_partitions(
        self, added: frozenset[TopicPartition], client_version: int, now_ms: int
    ) -> "Transaction":
        """Take partitions in; the first ones begin the transaction."""
        begins = self.state is not TransactionState.ONGOING
        return replace(
            self,
            state=self._step(TransactionState.ONGOING),
            partitions=added if begins else self.partitions | added,
            started_ms=now_ms if begins else self.started_ms,
            previous_producer_id=self.producer_id,
            updated_ms=now_ms,
            client_version=client_version,
        )

    def prepared(
        self, *, is_commit: bool, client_version: int, next_producer_id: int, now_ms: int
    ) -> "Transaction":
        """Decide the end; under version 2 the markers carry the next epoch already."""
        bumps = client_version >= EPOCH_BUMPING_VERSION
        end = TransactionState.PREPARE_COMMIT if is_commit else TransactionState.PREPARE_ABORT
        return replace(
            self,
            state=self._step(end),
            producer_epoch=self.producer_epoch + 1 if bumps else self.producer_epoch,
            last_epoch=self.producer_epoch if bumps else self.last_epoch,
            previous_producer_id=self.producer_id,
            next_producer_id=next_producer_id,
            started_ms=now_ms if self.state.is_idle else self.started_ms,
            updated_ms=now_ms,
            client_version=client_version if bumps else 0,
        )

    def fenced(self) -> "Transaction":
        """Raise the epoch of an open transaction, whose producer is not to go on."""
        self._step(TransactionState.PREPARE_EPOCH_FENCE)
        assert self.producer_epoch < EPOCH_MAX, "an epoch to fence with is always left"
        return replace(self, producer_epoch=self.producer_epoch + 1, last_epoch=NO_EPOCH)

    def completed(self, now_ms: int) -> "Transaction":
        """Finish: every partition has its marker."""
        is_commit = self.state is TransactionState.PREPARE_COMMIT
        end = TransactionState.COMPLETE_COMMIT if is_commit else TransactionState.COMPLETE_ABORT
        done = replace(
            self,
            state=self._step(end),
            partitions=frozenset(),
            previous_producer_id=self.producer_id,
            next_producer_id=NO_PRODUCER_ID,
            updated_ms=now_ms,
        )
        if self.next_producer_id == NO_PRODUCER_ID:
            return done
        return replace(
            done,
            producer_id=self.next_producer_id,
            producer_epoch=0,
            last_epoch=self.producer_epoch,
        )


def is_epoch_exhausted(epoch: int) -> bool:
    """Whether an epoch is the last that a producer may have."""
    return epoch >= EPOCH_MAX - 1


def first(transactional_id: str, producer_id: int, now_ms: int) -> Transaction:
    """Make what an id begins as; it has no epoch yet and is written only with one."""
    return Transaction(transactional_id, producer_id, NO_EPOCH, 0, TransactionState.EMPTY, now_ms)
