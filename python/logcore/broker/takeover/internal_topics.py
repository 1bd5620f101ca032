"""What the coordinators of an Apache Kafka node kept: groups, offsets, transactions, share state.

Every record is decoded once, so that no kind or version is met later that is not known here; what
is counted on the way goes into the summary.
Invariant: nothing is written. Offsets of a transaction count when its marker says commit.
Neighbours: `inspection` asks; the coordinators replay the same records when the broker starts.
Source: Apache Kafka 4.3.1, `GroupCoordinatorRecordSerde`, `TransactionLog`, and
`ShareCoordinatorRecordSerde`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from logcore.common.errors import LogcoreError
from logcore.controller.control_batch import control_records
from logcore.controller.quorum import batches_of
from logcore.log import BatchView, Log
from logcore.protocol.internal import coordinator_record as coded
from logcore.protocol.internal.classic_group import GroupMetadataKey, OffsetCommitKey
from logcore.protocol.internal.consumer_group import ConsumerGroupMetadataKey
from logcore.protocol.internal.share import ShareSnapshotKey
from logcore.protocol.internal.share_group import ShareGroupMetadataKey
from logcore.protocol.internal.streams_group import StreamsGroupMetadataKey
from logcore.protocol.internal.transaction import TransactionLogKey

GROUP_TOPIC: Final = "__consumer_offsets"
TRANSACTION_TOPIC: Final = "__transaction_state"
SHARE_TOPIC: Final = "__share_group_state"
RECORD_TYPES: Final = {
    GROUP_TOPIC: coded.GROUP_RECORDS,
    TRANSACTION_TOPIC: coded.TRANSACTION_RECORDS,
    SHARE_TOPIC: coded.SHARE_RECORDS,
}

_COMMIT: Final = 1
_UNDER_WAY: Final = frozenset({1, 2, 3})
"""States of an id with a transaction: ongoing, and about to be committed or aborted."""
_GROUP_KINDS: Final[dict[type, str]] = {
    GroupMetadataKey: "classic",
    ConsumerGroupMetadataKey: "consumer",
    ShareGroupMetadataKey: "share",
    StreamsGroupMetadataKey: "streams",
}


@dataclass(slots=True)
class Kept:
    """What is alive in the internal topics.

    Attributes:
        groups: Kind of each group.
        offsets: Group, topic and partition of each committed offset.
        transactions: State of each transactional id, as its number.
        share_partitions: Share group, topic id and partition of which there is state.
        reasons: What is not understood.
    """

    groups: dict[str, str] = field(default_factory=dict)
    offsets: set[tuple[str, str, int]] = field(default_factory=set)
    transactions: dict[str, int] = field(default_factory=dict)
    share_partitions: set[tuple[str, bytes, int]] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)

    @property
    def under_way(self) -> int:
        """Transactional ids with a transaction that has not ended."""
        return sum(state in _UNDER_WAY for state in self.transactions.values())

    def take(self, key: Any, value: Any) -> None:  # noqa: ANN401 - any of the records
        """Take a record into account; a value of None removes what the key names."""
        kind = _GROUP_KINDS.get(type(key))
        if kind is not None:
            name = key.group if kind == "classic" else key.group_id
            if value is not None:
                self.groups[name] = kind
            elif self.groups.get(name) == kind:
                del self.groups[name]
        elif isinstance(key, OffsetCommitKey):
            _keep(self.offsets, (key.group, key.topic, key.partition), is_there=value is not None)
        elif isinstance(key, TransactionLogKey):
            if value is None:
                self.transactions.pop(key.transactional_id, None)
            else:
                self.transactions[key.transactional_id] = value.transaction_status
        elif isinstance(key, ShareSnapshotKey):
            share = (key.group_id, key.topic_id, key.partition)
            _keep(self.share_partitions, share, is_there=value is not None)


def _keep(found: set[Any], member: object, *, is_there: bool) -> None:
    if is_there:
        found.add(member)
    else:
        found.discard(member)


def read_internal(logs: Iterable[tuple[str, Path]]) -> Kept:
    """Read the logs of internal topics, given with their topics' names."""
    kept = Kept()
    for topic, path in logs:
        try:
            with Log(path, readonly=True) as log:
                _read(kept, log, RECORD_TYPES[topic])
        except LogcoreError as error:
            kept.reasons.append(f"{path} is not fully understood: {error}")
    return kept


def _read(kept: Kept, log: Log, types: coded.RecordTypes) -> None:
    pending: dict[int, list[tuple[Any, Any]]] = {}
    for batch in batches_of(log, log.start_offset):
        if batch.is_control:
            ended = pending.pop(batch.producer_id, [])
            if _is_commit(batch):
                for key, value in ended:
                    kept.take(key, value)
            continue
        for key, value in _decoded(batch, types):
            if batch.is_transactional:
                pending.setdefault(batch.producer_id, []).append((key, value))
            else:
                kept.take(key, value)


def _is_commit(batch: BatchView) -> bool:
    return any(record.kind == _COMMIT for record in control_records(bytes(memoryview(batch))))


def _decoded(batch: BatchView, types: coded.RecordTypes) -> Iterator[tuple[Any, Any]]:
    for record in batch.records():
        key = coded.decode_key(record.key or b"", types)
        value = None if record.value is None else coded.decode_value(key, record.value, types)
        yield key, value
