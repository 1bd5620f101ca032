"""The metadata of an Apache Kafka node, read without touching it.

Invariant: the image is what Kafka itself would come to: the newest snapshot and every record behind
it. A record of an unknown kind or version, and whatever cannot be read, is a refusal.
Neighbours: `controller.snapshot` and `controller.replay` do the work; `checks` judges the result.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from logcore.broker.takeover.refusal import TakeoverRefusedError
from logcore.common.errors import LogcoreError
from logcore.controller import snapshot as snapshots
from logcore.controller.image import EMPTY, MetadataImage
from logcore.controller.quorum import Quorum, QuorumState, batches_of, quorum_of
from logcore.controller.replay import ImageBuilder
from logcore.log import Log
from logcore.protocol.internal import metadata_record
from logcore.protocol.internal.metadata import RegisterControllerRecord


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the metadata log says.

    Attributes:
        image: The metadata.
        quorum: What the quorum says of itself in the log.
        state: What it says in ``quorum-state``.
        controllers: The controllers that registered.
    """

    image: MetadataImage
    quorum: Quorum
    state: QuorumState
    controllers: frozenset[int]


def read_metadata(directory: Path, state: QuorumState) -> Metadata:
    """Read the log and the snapshots in a directory of the metadata.

    Raises:
        TakeoverRefusedError: If something in it cannot be read, or is not known.
    """
    try:
        snapshot = _snapshot(directory)
        quorum = quorum_of(directory, snapshot.quorum, snapshot.image.offset + 1)
        image, controllers = _replayed(directory, snapshot.image)
    except LogcoreError as error:
        reason = f"the cluster's metadata in {directory} is not fully understood: {error}"
        raise TakeoverRefusedError([reason]) from error
    return Metadata(image, quorum, state, controllers)


def _snapshot(directory: Path) -> snapshots.Snapshot:
    found = snapshots.find(directory)
    if not found:
        return snapshots.Snapshot(EMPTY, Quorum())
    with tempfile.TemporaryDirectory(prefix="logcore-") as scratch:
        return snapshots.load(directory, found[0], Path(scratch))


def _replayed(directory: Path, image: MetadataImage) -> tuple[MetadataImage, frozenset[int]]:
    builder = ImageBuilder(image)
    controllers = set()
    with Log(directory, readonly=True) as log:
        if log.start_offset > image.offset + 1:
            reason = f"its log begins at {log.start_offset} and no snapshot leads up to that"
            raise TakeoverRefusedError([f"{directory}: {reason}"])
        for batch in batches_of(log, image.offset + 1):
            if batch.is_control:
                continue
            batch.verify()
            for value in batch.values():
                record = metadata_record.decode(value or b"")
                builder.replay(record)
                if isinstance(record, RegisterControllerRecord):
                    controllers.add(record.controller_id)
        if builder.is_in_transaction:
            reason = "a change of it was not finished: start Apache Kafka on it and stop it again"
            raise TakeoverRefusedError([f"{directory}: {reason}"])
        return builder.finish(log.end_offset - 1, image.epoch).new, frozenset(controllers)
