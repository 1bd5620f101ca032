"""What the quorum of the metadata says of itself, in control records between those of the metadata.

A node of logcore is the whole quorum and writes none of these. Where Apache Kafka kept the metadata
before, they are there, and must stay: without the voters in its newest snapshot Kafka would not
know, on the way back, that it may lead.
Invariant: what is not known here is an error, never passed over.
Neighbours: `metadata_log` keeps a `Quorum` for its snapshots; `control_batch` reads the batches.
Source: Apache Kafka 4.3.1, `KRaftControlRecordStateMachine`; file ``quorum-state`` is its
`FileQuorumStateStore`.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from logcore.common.errors import LogCorruptError, UnsupportedVersionError
from logcore.controller.control_batch import (
    KRAFT_VERSION,
    KRAFT_VOTERS,
    LEADER_CHANGE,
    SNAPSHOT_FOOTER,
    SNAPSHOT_HEADER,
    ControlRecord,
    control_batch,
    control_records,
)
from logcore.log import BatchView, Log
from logcore.protocol.internal.raft import KRaftVersionRecord, VotersRecord

QUORUM_STATE: Final = "quorum-state"
_READ_BYTES: Final = 1 << 20
_WITHOUT_MEANING: Final = frozenset((LEADER_CHANGE, SNAPSHOT_HEADER, SNAPSHOT_FOOTER))


@dataclass(frozen=True, slots=True)
class Quorum:
    """What control records said.

    Attributes:
        version: Of the quorum's protocol; from 1 on the voters are in the log.
        voters: The voters, None where they are only configured.
    """

    version: int = 0
    voters: VotersRecord | None = None

    def after(self, records: Iterable[ControlRecord]) -> "Quorum":
        """Return what holds after more records.

        Raises:
            UnsupportedVersionError: At a record of an unknown type.
            MalformedMessageError: If one is none of its type.
        """
        quorum = self
        for kind, value in records:
            if kind == KRAFT_VERSION:
                version = KRaftVersionRecord.decode(value, 0).kraft_version
                quorum = replace(quorum, version=version)
            elif kind == KRAFT_VOTERS:
                quorum = replace(quorum, voters=VotersRecord.decode(value, 0))
            elif kind not in _WITHOUT_MEANING:
                raise UnsupportedVersionError(f"a control record of the unknown type {kind}")
        return quorum

    def batches(self, timestamp_ms: int) -> Iterator[bytes]:
        """Yield the control batches that say the same."""
        if self.version:
            version = KRaftVersionRecord(version=0, kraft_version=self.version).encode_bytes(0)
            yield control_batch(ControlRecord(KRAFT_VERSION, version), timestamp_ms)
        if self.voters is not None:
            voters = self.voters.encode_bytes(0)
            yield control_batch(ControlRecord(KRAFT_VOTERS, voters), timestamp_ms)


@dataclass(frozen=True, slots=True)
class QuorumState:
    """What the file ``quorum-state`` says, which Apache Kafka keeps and logcore does not.

    Attributes:
        leader_epoch: The newest epoch that Kafka took part in.
        voters: The voters, where they are not in the log.
    """

    leader_epoch: int
    voters: tuple[int, ...] | None

    @classmethod
    def read(cls, directory: Path) -> Self | None:
        """Read the file in a directory of the metadata; None if it is not there.

        Raises:
            LogCorruptError: If it is not what Kafka writes.
            OSError: If it cannot be read.
        """
        path = directory / QUORUM_STATE
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            facts = json.loads(text)
            voters = facts.get("currentVoters")
            ids = None if voters is None else tuple(int(each["voterId"]) for each in voters)
            return cls(int(facts["leaderEpoch"]), ids)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise LogCorruptError(f"{path} cannot be understood: {error}", path=str(path)) from None


def quorum_of(directory: Path, start: Quorum, offset: int) -> Quorum:
    """Return what the log in a directory says from an offset on; nothing there is changed.

    Raises:
        CorruptMessageError: If a control batch is damaged.
        UnsupportedVersionError: If one is of an unknown type.
    """
    with Log(directory, readonly=True) as log:
        for batch in batches_of(log, max(offset, log.start_offset)):
            if batch.is_control:
                batch.verify()
                start = start.after(control_records(bytes(memoryview(batch))))
    return start


def batches_of(log: Log, offset: int) -> Iterator[BatchView]:
    """Yield the batches of a log from an offset on."""
    while offset < log.end_offset:
        batches = log.read_batches(offset, _READ_BYTES)
        if not batches:
            return
        for batch in batches:
            yield batch
            offset = batch.last_offset + 1
