"""Snapshots of the metadata: files from which loading starts, in Kafka's format.

A snapshot is a log of its own: record batches with a header record before and a footer record
after the records of an image, in a file ``<offset>-<epoch>.checkpoint`` whose offset is the first
one that it does not contain. It is built as a log in a directory beside its place and gets its name
when all of it is on disk. Invariant: a file with such a name is whole, unless the disk damaged it,
and then reading it raises; never is a part of it taken for the whole.
Neighbours: `metadata_log` decides when; `records` says what; `control_batch` makes both ends.
Source: Apache Kafka 4.3.1, `org.apache.kafka.snapshot`.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from logcore.common.errors import LogCorruptError
from logcore.controller import control_batch
from logcore.controller.image import EMPTY, MetadataImage
from logcore.controller.quorum import Quorum, batches_of
from logcore.controller.records import encoded, records_of
from logcore.controller.replay import ImageBuilder
from logcore.log import Log
from logcore.protocol.internal import metadata_record

_NAME: Final = re.compile(r"(\d{20})-(\d{10})\.checkpoint")
_UNFINISHED: Final = ".checkpoint.part"
_SEGMENT: Final = f"{0:020}.log"
NO_QUORUM: Final = Quorum()
_BATCH_RECORDS: Final = 5000
_FILE_BYTES_MAX: Final = (1 << 31) - 1
_ONE_SEGMENT: Final = {
    "segment.ms": str((1 << 63) - 1),
    "max.message.bytes": str(64 << 20),
}


@dataclass(frozen=True, order=True, slots=True)
class SnapshotId:
    """What a snapshot is called.

    Attributes:
        offset: The first offset that it does not contain.
        epoch: The epoch of the last record in it.
    """

    offset: int
    epoch: int

    @property
    def file_name(self) -> str:
        """Its file, in the directory of the metadata log."""
        return f"{self.offset:020}-{self.epoch:010}.checkpoint"


def find(directory: Path) -> list[SnapshotId]:
    """Return the snapshots in a directory, the newest first."""
    if not directory.is_dir():
        return []
    names = (_NAME.fullmatch(path.name) for path in directory.iterdir())
    return sorted((SnapshotId(int(name[1]), int(name[2])) for name in names if name), reverse=True)


def remove_before(directory: Path, oldest_kept: SnapshotId) -> None:
    """Remove the snapshots that are older than one."""
    for found in find(directory):
        if found < oldest_kept:
            (directory / found.file_name).unlink()


def remove_unfinished(directory: Path) -> None:
    """Remove what a kill left of a snapshot that was being written or read."""
    for path in directory.glob(f"*{_UNFINISHED}"):
        shutil.rmtree(path)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a snapshot holds.

    Attributes:
        image: The metadata.
        quorum: What the quorum says of itself.
    """

    image: MetadataImage
    quorum: Quorum


def write(
    directory: Path, image: MetadataImage, timestamp_ms: int, quorum: Quorum = NO_QUORUM
) -> SnapshotId:
    """Write an image, durably.

    Args:
        directory: The directory of the metadata log.
        image: What to write.
        timestamp_ms: When the last record in it was written, about.
        quorum: What Apache Kafka's quorum said of itself, if it kept this metadata before.

    Returns:
        What it is called.
    """
    made = SnapshotId(image.offset + 1, image.epoch)
    part = directory / (made.file_name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    with Log(part, segment_bytes=_FILE_BYTES_MAX, config=_ONE_SEGMENT) as log:
        log.append_raw(control_batch.snapshot_header(timestamp_ms))
        for batch in quorum.batches(timestamp_ms):
            log.append_raw(batch)
        for values in _chunks(records_of(image)):
            log.append_batch(values)
        log.append_raw(control_batch.snapshot_footer(timestamp_ms))
        log.flush()
        assert len(log.stat().segments) == 1, "a snapshot is one file"
    _set_epochs(part / _SEGMENT, image.epoch)
    (part / _SEGMENT).replace(directory / made.file_name)
    shutil.rmtree(part)
    _sync_directory(directory)
    return made


def _chunks(records: Iterable[Any]) -> Iterator[list[bytes | None]]:
    values: list[bytes | None] = []
    for record in records:
        values.append(encoded(record))
        if len(values) == _BATCH_RECORDS:
            yield values
            values = []
    if values:
        yield values


def _set_epochs(path: Path, epoch: int) -> None:
    """Write the leader epoch into each batch; it lies outside of what the CRC covers."""
    with path.open("r+b") as file:
        data = bytearray(file.read())
        position = 0
        while position < len(data):
            length = int.from_bytes(data[position + 8 : position + 12], "big")
            data[position + 12 : position + 16] = epoch.to_bytes(4, "big")
            position += 12 + length
        file.seek(0)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(directory: Path, wanted: SnapshotId) -> MetadataImage:
    """Read a snapshot's image; see `load`."""
    return load(directory, wanted).image


def load(directory: Path, wanted: SnapshotId, scratch: Path | None = None) -> Snapshot:
    """Read a snapshot.

    Args:
        directory: The directory of the metadata log.
        wanted: Which one.
        scratch: Where to lay it out as a log for reading; in the directory itself if None.

    Returns:
        The image, and what the quorum says of itself.

    Raises:
        LogCorruptError: If a part of it is missing.
        CorruptMessageError: If a batch is damaged.
        ReplayError: If its records contradict each other.
    """
    file = directory / wanted.file_name
    part = (scratch or directory) / (wanted.file_name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        if scratch is None:
            (part / _SEGMENT).hardlink_to(file)
        else:
            (part / _SEGMENT).symlink_to(file.absolute())
        with Log(part, readonly=True) as log:
            return _snapshot(log, file, wanted)
    finally:
        shutil.rmtree(part)


def _snapshot(log: Log, path: Path, wanted: SnapshotId) -> Snapshot:
    builder, quorum = ImageBuilder(EMPTY), NO_QUORUM
    last = b""
    for batch in batches_of(log, 0):
        if batch.is_control:
            batch.verify()
            is_first, last = not last, bytes(memoryview(batch))
            if is_first and not control_batch.is_header(last):
                break
            quorum = quorum.after(control_batch.control_records(last))
        elif not last:
            break
        else:
            for value in batch.values():
                builder.replay(metadata_record.decode(value or b""))
    if not control_batch.is_footer(last):
        raise LogCorruptError("a part of the snapshot is missing", path=str(path))
    return Snapshot(builder.finish(wanted.offset - 1, wanted.epoch).new, quorum)
