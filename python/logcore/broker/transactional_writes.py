"""Admitting writes to transactions: no record enters one that its coordinator does not know of.

Before a producer's first write to a partition in a transaction, the partition's log gives a guard
and the coordinator is asked: producers that speak version 2 of transactions have the partition
added by that, older ones must have added it. The append then shows the guard, which stands only as
long as the transaction does (KIP-890).
Invariant: what is admitted was part of an open transaction when its coordinator answered, and the
log refuses it if that has ended meanwhile.
Neighbours: `handlers.produce` and `handlers.txn_offset_commit` ask; `coordinator.transaction`
answers.
Source: Apache Kafka 4.3.1, `ReplicaManager` and `AddPartitionsToTxnManager`, for the errors.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    ConcurrentTransactionsError,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    InvalidProducerEpochError,
    InvalidTxnStateError,
    KafkaError,
    NotCoordinatorError,
    NotEnoughReplicasError,
    ProducerFencedError,
    TransactionAbortableError,
)
from logcore.coordinator.transaction.partitions import Addition
from logcore.coordinator.transaction.service import ProducerIdentity
from logcore.coordinator.transaction.state import EPOCH_BUMPING_VERSION, TopicPartition

_PRODUCER: Final = struct.Struct(">qhi")
"""Producer id, its epoch, and the first record's sequence."""
_PRODUCER_AT: Final = 43
_UNAVAILABLE: Final = (
    ConcurrentTransactionsError,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
)


class Support(NamedTuple):
    """What a producer understands, by the version of its request.

    Attributes:
        adds: Whether its writes add partitions to its transaction.
        has_abortable: Whether it knows the error TRANSACTION_ABORTABLE.
    """

    adds: bool
    has_abortable: bool


class Sender(NamedTuple):
    """Whose transaction is written to.

    Attributes:
        transactional_id: The id.
        identity: Its producer.
        support: What it understands.
    """

    transactional_id: str
    identity: ProducerIdentity
    support: Support


Admissions = Mapping[TopicPartition, int | KafkaError]
"""The guard to append with, or why nothing is appended, by partition."""

NO_ADMISSIONS: Final[Admissions] = {}


def producer_of(batch: memoryview) -> tuple[ProducerIdentity, int]:
    """Return a batch's producer, and the sequence of its first record."""
    producer_id, epoch, sequence = _PRODUCER.unpack_from(batch, _PRODUCER_AT)
    return ProducerIdentity(producer_id, epoch), sequence


def admit(
    parts: Parts, sender: Sender, sequences: Mapping[TopicPartition, int]
) -> Deferred[Admissions]:
    """Ask whether a producer may write to partitions in its transaction.

    Args:
        parts: The broker.
        sender: The producer.
        sequences: The first sequence to be written, by partition; all of them are hosted here.
    """
    admissions = _guards(parts, sender, sequences)
    unknown = frozenset(
        where for where, guard in admissions.items() if not isinstance(guard, KafkaError) and guard
    )
    if not unknown:
        return Deferred.of(admissions)
    if not sender.support.adds:
        return _look(parts, sender, unknown).map(lambda refused: {**admissions, **refused})

    def guarded(refused: _Refused) -> Admissions:
        # Adding waits for the end of the transaction before, and that takes guards away. Whoever
        # adds has an epoch for each transaction, by which a log knows what comes too late.
        added = {where: sequences[where] for where in unknown - refused.keys()}
        return {**admissions, **_guards(parts, sender, added), **refused}

    return _add(parts, sender, unknown).map(guarded)


_Refused = Mapping[TopicPartition, KafkaError]


def _guards(
    parts: Parts, sender: Sender, sequences: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int | KafkaError]:
    """Ask each partition's log for a guard: the one that stands, or 0 if none is needed."""
    guards: dict[TopicPartition, int | KafkaError] = {}
    for where, sequence in sequences.items():
        try:
            guards[where] = parts.replicas.get(*where).log.start_verification(
                *sender.identity, sequence, sender.support.adds
            )
        except KafkaError as error:
            guards[where] = error
    return guards


def _add(parts: Parts, sender: Sender, partitions: frozenset[TopicPartition]) -> Deferred[_Refused]:
    """Let partitions take part; return those that do not, with why."""
    wanted = Addition(*sender.identity, partitions, EPOCH_BUMPING_VERSION, now_ms=0)
    refused: Deferred[_Refused] = Deferred()

    def tell(added: Deferred[None]) -> None:
        error = added.error
        if error is None:
            refused.complete({})
        elif isinstance(error, KafkaError):
            refused.complete(dict.fromkeys(partitions, translated(error)))
        else:
            refused.fail(error)

    parts.transactions.add_partitions_patiently(sender.transactional_id, wanted).then(tell)
    return refused


def _look(
    parts: Parts, sender: Sender, partitions: frozenset[TopicPartition]
) -> Deferred[_Refused]:
    """Return which partitions do not take part, with why."""
    try:
        missing = parts.transactions.missing_partitions(
            sender.transactional_id, sender.identity, partitions
        )
    except KafkaError as error:
        return Deferred.of(dict.fromkeys(partitions, translated(error)))
    make: Callable[[str], KafkaError] = (
        TransactionAbortableError if sender.support.has_abortable else InvalidTxnStateError
    )
    return Deferred.of(
        {where: make("the partition was not added to the transaction") for where in missing}
    )


def translated(error: KafkaError) -> KafkaError:
    """Return the error that a producer understands when its write is refused for it."""
    if isinstance(error, ProducerFencedError):
        return InvalidProducerEpochError(str(error))
    if isinstance(error, _UNAVAILABLE):
        # Every client tries again after this one, and does not look for another leader first.
        return NotEnoughReplicasError(
            f"the transaction's coordinator could not be asked: {error.kafka_name}: {error}"
        )
    return error
