"""The log of the metadata: the seam behind which a quorum may stand, and the log of a single node.

Whoever decides proposes records; they come back through `tail` once they cannot be lost any more,
and only then does anybody act on them. Invariants: records of one proposal are one batch, so they
are there together or not at all; an offset that was acknowledged is on disk; after a failed write
the log takes nothing more until it is opened again, because nobody knows what is on disk.
Neighbours: `controller` proposes, `proposals` says what can be; `snapshot` keeps the images from
which loading starts; `logcore.log.manager` provides the `RecordStorage`.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from logcore.common.clock import Clock
from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError, KafkaStorageError, LogcoreError, LogCorruptError
from logcore.controller import snapshot as snapshots
from logcore.controller.image import EMPTY, MetadataImage
from logcore.controller.proposals import BATCH_BYTES_MAX, Framed, framed
from logcore.controller.quorum import QUORUM_STATE, Quorum, quorum_of
from logcore.controller.replay import ImageBuilder
from logcore.protocol.internal import metadata_record
from logcore.protocol.internal.metadata import AbortTransactionRecord
from logcore.record import Record

logger = logging.getLogger(__name__)

T = TypeVar("T")

TOPIC_ID: Final = bytes(15) + b"\x01"
"""The id of the topic ``__cluster_metadata``, the same in every cluster."""

TOPIC_SETTINGS: Final = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "max.message.bytes": str(BATCH_BYTES_MAX),
    "segment.bytes": str(64 << 20),
    "compression.type": "uncompressed",
}
"""What its log must be opened with: only snapshots free it, and no change may be too large."""

_READ_BYTES: Final = 1 << 20
SNAPSHOT_BYTES: Final = 20 << 20
SNAPSHOT_INTERVAL_MS: Final = 3_600_000
_RECORDS_UNWORTHY: Final = 500
"""So few records are replayed faster at the next start than a snapshot is written at this stop."""


class RecordStorage(Protocol):
    """What is needed of a partition's log; `logcore.log.manager.PartitionLog` has it."""

    @property
    def start_offset(self) -> int:
        """First offset that can be read."""

    @property
    def end_offset(self) -> int:
        """Offset that the next record gets."""

    def append_records(
        self,
        records: Sequence[tuple[bytes | None, bytes | None]],
        leader_epoch: int,
        timestamp_ms: int,
    ) -> tuple[int, int]:
        """Append keys and values as one batch; return the first and the last offset."""

    def read_records(self, offset: int, max_bytes: int) -> tuple[list[Record], int]:
        """Return records from an offset on, and the offset at which to go on."""

    def latest_epoch(self) -> int | None:
        """Return the leader epoch of the last batch."""

    def flush(self) -> int:
        """Make everything durable; return the offset below which it is."""

    def roll(self) -> int:
        """Start a new segment."""

    def delete_before(self, offset: int) -> int:
        """Give records below an offset up; return the new start offset."""


class Worker(Protocol):
    """Runs what may block somewhere else, one after the other."""

    def run(self, function: Callable[[], T]) -> Deferred[T]:
        """Run a function; its Deferred is completed on the thread of the caller."""


@dataclass(frozen=True, slots=True)
class Committed:
    """Records that cannot be lost any more.

    Attributes:
        records: What was proposed, in one piece.
        offset: The offset of the last one.
        epoch: The epoch of the leader that proposed them.
    """

    records: Sequence[Any]
    offset: int
    epoch: int


Listener: TypeAlias = Callable[[Committed], object]


class MetadataLog(Protocol):
    """The seam: a single node's log now, a quorum's later."""

    @property
    def epoch(self) -> int:
        """The epoch of the leader, larger with every start."""

    @property
    def next_offset(self) -> int:
        """The offset that the next proposed record will have."""

    def propose(self, records: Sequence[Any], values: Framed | None = None) -> Deferred[int]:
        """Have records made durable; the Deferred gives the last one's offset, after `tail` did.

        Args:
            records: The records.
            values: What `framed` made of them, if that was done already.
        """

    def tail(self, listener: Listener) -> None:
        """Call back with every proposal that is committed from now on, in order."""

    def snapshot(self, image: MetadataImage) -> Deferred[None]:
        """Keep an image, so that the records up to it need not be kept."""


@dataclass(frozen=True, slots=True)
class _Proposal:
    committed: Committed
    values: Framed
    deferred: Deferred[int]

    @property
    def first_offset(self) -> int:
        return self.committed.offset - len(self.values) + 1


class SingleNodeLog:
    """The metadata log of a node that is the whole quorum.

    Proposals that arrive while others are being written go into the next write together, so that
    many of them share an fsync.

    Args:
        storage: The log of ``__cluster_metadata-0``.
        directory: The log's directory, for the snapshots beside it.
        worker: Where writes and fsyncs run.
        clock: For timestamps.

    Attributes:
        loaded: What was there.
        is_shared: Whether Apache Kafka kept this log before, and may again.
        failure: Why it takes nothing more; None while it does.
        snapshot_bytes: Bytes of records after which a snapshot is due
            (``metadata.log.max.record.bytes.between.snapshots``).
        snapshot_interval_ms: Time after which one is due, 0 for no limit
            (``metadata.log.max.snapshot.interval.ms``); looked at when something changes.

    Raises:
        LogCorruptError: If records or snapshots are missing or damaged, such that the last state
            that was acknowledged cannot be told.
    """

    def __init__(
        self, storage: RecordStorage, directory: Path, worker: Worker, clock: Clock
    ) -> None:
        self._storage = storage
        self._directory = directory
        self._worker = worker
        self._clock = clock
        self._listeners: list[Listener] = []
        self._queue: list[_Proposal] = []
        self._writing: list[_Proposal] = []
        self._quorum = Quorum()
        self.is_shared = (directory / QUORUM_STATE).exists()
        self.failure: Exception | None = None
        self.loaded = self._load()
        self.epoch = self.loaded.epoch + 1
        self.next_offset = storage.end_offset
        self.bytes_since_snapshot = 0
        self.snapshot_bytes = SNAPSHOT_BYTES
        self.snapshot_interval_ms = SNAPSHOT_INTERVAL_MS
        self._snapshot_ms = clock.monotonic_ms()

    # ---- loading

    def _load(self) -> MetadataImage:
        """Return the image of the newest snapshot and the records after it."""
        snapshots.remove_unfinished(self._directory)
        image = self._load_snapshot()
        self._snapshot_offset = image.offset + 1
        if self.is_shared:
            self._quorum = quorum_of(self._directory, self._quorum, self._snapshot_offset)
        end_offset = self._storage.end_offset
        if end_offset <= image.offset:
            raise LogCorruptError(
                f"the metadata log ends at offset {end_offset}, before its snapshot at "
                f"{image.offset + 1}: records are missing",
                path=str(self._directory),
            )
        builder = ImageBuilder(image)
        offset = image.offset + 1
        while offset < end_offset:
            records, offset_next = self._storage.read_records(offset, _READ_BYTES)
            for record in records:
                builder.replay(self._decoded(record))
            if offset_next <= offset:
                break
            offset = offset_next
        if builder.is_in_transaction:
            # Whoever began it was killed before its end; nobody was told of any of it.
            self._abandon_transaction(builder)
        epoch = max(image.epoch, self._storage.latest_epoch() or 0)
        return builder.finish(self._storage.end_offset - 1, epoch).new

    def _load_snapshot(self) -> MetadataImage:
        """Return the newest image that can be read, or the empty one."""
        first = self._storage.start_offset
        damages = []
        for found in snapshots.find(self._directory):
            if found.offset < first:
                break
            try:
                snapshot = snapshots.load(self._directory, found)
            except LogcoreError as error:
                logger.warning("metadata snapshot %s is damaged: %s", found.file_name, error)
                damages.append(f"{found.file_name}: {error}")
            else:
                self._quorum = snapshot.quorum
                return snapshot.image
        if first == 0:
            return EMPTY
        detail = "; ".join(damages) or "there is none"
        raise LogCorruptError(
            f"the metadata log starts at offset {first} and no snapshot leads up to it ({detail})",
            path=str(self._directory),
        )

    def _decoded(self, record: Record) -> Any:  # noqa: ANN401 - one of the record classes
        if record.value is None:
            raise LogCorruptError(
                f"metadata record {record.offset} is empty", path=str(self._directory)
            )
        return metadata_record.decode(record.value)

    def _abandon_transaction(self, builder: ImageBuilder) -> None:
        record = AbortTransactionRecord(reason="the node stopped before its end")
        epoch = (self._storage.latest_epoch() or 0) + 1
        self._storage.append_records(framed([record]), epoch, self._clock.now_ms())
        self._storage.flush()
        builder.replay(record)

    # ---- proposing

    def propose(self, records: Sequence[Any], values: Framed | None = None) -> Deferred[int]:
        """Have records made durable; the Deferred gives the last one's offset, after `tail` did.

        Args:
            records: The records.
            values: What `framed` made of them, if that was done already.
        """
        assert records, "nothing to propose"
        if self.failure is not None:
            return Deferred.failed(_refusal(self.failure))
        try:
            values = framed(records) if values is None else values
        except KafkaError as error:
            return Deferred.failed(error)
        self.next_offset += len(records)
        committed = Committed(tuple(records), self.next_offset - 1, self.epoch)
        deferred: Deferred[int] = Deferred()
        self._queue.append(_Proposal(committed, values, deferred))
        self._write_next()
        return deferred

    def tail(self, listener: Listener) -> None:
        """Call back with every proposal that is committed from now on, in order."""
        self._listeners.append(listener)

    def _write_next(self) -> None:
        if self._writing or not self._queue:
            return
        self._writing, self._queue = self._queue, []
        proposals = self._writing
        written = self._worker.run(lambda: self._write(proposals))
        written.then(self._finish_write)

    def _write(self, proposals: list[_Proposal]) -> None:
        """Append and flush; runs in the worker."""
        now_ms = self._clock.now_ms()
        for proposal in proposals:
            epoch = proposal.committed.epoch
            offsets = self._storage.append_records(proposal.values, epoch, now_ms)
            assert offsets == (proposal.first_offset, proposal.committed.offset), (
                f"somebody else writes to the metadata log: {offsets}"
            )
        self._storage.flush()

    def _finish_write(self, written: Deferred[None]) -> None:
        proposals = self._writing
        if written.error is not None:
            self._writing = []
            self._fail(written.error, proposals)
            return
        # Whatever is proposed meanwhile is queued, so that nobody hears of it before of this.
        for proposal in proposals:
            self.bytes_since_snapshot += sum(len(value) for _, value in proposal.values)
            try:
                for listener in self._listeners:
                    listener(proposal.committed)
                proposal.deferred.complete(proposal.committed.offset)
            except Exception:
                logger.exception("what follows a change of metadata failed: a defect of logcore")
        self._writing = []
        self._write_next()

    def _fail(self, error: Exception, proposals: list[_Proposal]) -> None:
        logger.error("the metadata log failed and takes no more changes: %s", error)
        self.failure = error
        waiting, self._queue = self._queue, []
        for proposal in [*proposals, *waiting]:
            proposal.deferred.fail(_refusal(error))

    # ---- snapshots

    @property
    def is_snapshot_due(self) -> bool:
        """Whether enough was written, or enough time has passed, since the last one."""
        if self.bytes_since_snapshot >= self.snapshot_bytes:
            return True
        passed_ms = self._clock.monotonic_ms() - self._snapshot_ms
        return 0 < self.snapshot_interval_ms <= passed_ms

    def is_snapshot_worthwhile(self, image: MetadataImage) -> bool:
        """Whether a snapshot of an image would save the next start some time."""
        return image.offset + 1 - self._snapshot_offset > _RECORDS_UNWORTHY

    def snapshot(self, image: MetadataImage) -> Deferred[None]:
        """Keep an image, so that the records up to it need not be kept."""
        self.bytes_since_snapshot = 0
        self._snapshot_ms = self._clock.monotonic_ms()
        self._snapshot_offset = image.offset + 1
        return self._worker.run(lambda: self._write_snapshot(image))

    def _write_snapshot(self, image: MetadataImage) -> None:
        """Write it, and free what the one before it makes unnecessary; runs in the worker."""
        now_ms = self._clock.now_ms()
        snapshots.write(self._directory, image, now_ms, self._quorum)
        kept = snapshots.find(self._directory)[:2]
        # Two stay, and the records since the older one: should the newer be damaged, nothing is
        # lost.
        if len(kept) > 1:
            snapshots.remove_before(self._directory, kept[-1])
            self._storage.roll()
            self._storage.delete_before(kept[-1].offset)


def _refusal(error: Exception) -> KafkaStorageError:
    refusal = KafkaStorageError(f"the metadata log failed: {error}")
    refusal.__cause__ = error
    return refusal
