"""Stubs of the compiled module, checked against it by `make lint` (mypy's stubtest).

Invariant: what stands here is what `rust/bindings/src/lib.rs` registers, no more and no less.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from os import PathLike
from typing import Any, Final, Self, TypedDict, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer, CapsuleType, disjoint_base, override

__all__ = [
    "VERSION",
    "ArrowBatches",
    "ArrowColumn",
    "ArrowStream",
    "BatchView",
    "Columns",
    "ConsumerRecord",
    "Delivery",
    "FetchedRecords",
    "LoadProgress",
    "Log",
    "LogManager",
    "NativeBuffer",
    "PartitionLog",
    "PlainProduce",
    "PlainSockets",
    "ProduceBatch",
    "Record",
    "RecordAccumulator",
    "RecordMetadata",
    "Seams",
    "decompress",
]

VERSION: Final[str]
"""The version of the package, as Cargo.toml says it."""

class _Recovery(TypedDict):
    was_clean: bool
    segments_walked: int
    checked_bytes: int
    truncated_bytes: int
    truncated_reason: str | None

class _Compaction(TypedDict):
    segments_before: int
    segments_after: int
    bytes_before: int
    bytes_after: int
    records_read: int
    records_kept: int

class _Verification(TypedDict):
    segments: int
    batches: int
    records: int
    size_bytes: int
    problems: list[str]

class _Stat(TypedDict, total=False):
    segments: list[tuple[int, int]]
    start_offset: int
    end_offset: int
    recovery_point: int
    recovery: _Recovery

class _LoadReport(TypedDict):
    loaded: int
    truncated_bytes: int
    failed: list[tuple[str, str]]
    foreign: list[str]
    set_aside: list[str]

def decompress(codec_id: int, data: bytes, limit_bytes: int) -> bytes:
    """Return what was compressed by the codec of this id, at most so many bytes of it.

    Raises:
        CorruptMessageError: If the data is damaged, or there is more in it than allowed.
        UnsupportedCompressionTypeError: If no codec has this id.
    """

@disjoint_base
class Log:
    """One log in one directory; `logcore.Log` derives from it and opens it with keywords."""

    def __new__(
        cls,
        path: str,
        settings: dict[str, str],
        durability: str,
        linger_ms: int,
        compression: str,
        readonly: bool,
    ) -> Self:
        """Open the log, creating it if absent."""

    def append(
        self,
        value: bytes | None,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes | None]] | None = None,
        timestamp: int | None = None,
    ) -> int:
        """Append one record and return its offset.

        Args:
            value: The value; None for a tombstone.
            key: The key, if any.
            headers: Pairs of key and value; keys may repeat.
            timestamp: Milliseconds since 1970 UTC; the current time if None.

        Returns:
            The record's offset.

        Raises:
            MessageTooLargeError: If the record's batch is above ``max.message.bytes``.
            InvalidArgumentError: If the timestamp is negative.
            LogClosedError: If the log is closed.
            LogReadOnlyError: If it was opened with ``readonly=True``.
            LogIoError: If the system refuses; nothing was appended.
            LogPoisonedError: If an fsync failed earlier.

        Example:
            ``offset = log.append(b"hello", key=b"greeting")``
        """

    def append_batch(
        self,
        values: Sequence[bytes | None],
        keys: Sequence[bytes | None] | None = None,
        timestamps: Sequence[int] | None = None,
    ) -> range:
        """Append many records at once, as whole batches with one write.

        Args:
            values: The values; a list is fastest.
            keys: As many keys, if any.
            timestamps: As many timestamps, in milliseconds since 1970 UTC; the current time for
                all if None.

        Returns:
            The offsets, in order of the values.

        Raises:
            InvalidArgumentError: If the lengths differ, or a timestamp is negative.
            TypeError: If a value is neither bytes nor None.
            MessageTooLargeError: If a record is above ``max.message.bytes``; none is appended.
            LogClosedError, LogReadOnlyError, LogIoError, LogPoisonedError: As for `append`.

        Example:
            ``offsets = log.append_batch([b"a", b"b", b"c"])``
        """

    def append_buffer(
        self, buffer: Buffer, lengths: Buffer | Sequence[int], timestamp: int | None = None
    ) -> range:
        """Append values that lie back to back in one buffer, such as a numpy or Arrow array.

        Args:
            buffer: The bytes of all values. It must not change during the call.
            lengths: Bytes of each value, as a buffer of int64 or int32 or as a sequence; -1 is a
                null value. They must add up to the size of the buffer.
            timestamp: Milliseconds since 1970 UTC for all; the current time if None.

        Returns:
            The offsets, in order of the values.

        Raises:
            InvalidArgumentError: If the lengths do not add up, or the buffer is not contiguous.
            MessageTooLargeError: If a record is above ``max.message.bytes``; none is appended.
            LogClosedError, LogReadOnlyError, LogIoError, LogPoisonedError: As for `append`.

        Example:
            ``log.append_buffer(b"aabbb", [2, 3])``
        """

    def append_raw(self, batches: Buffer) -> range:
        """Append ready-made record batches (version 2) after checking them in full.

        Args:
            batches: One or more whole batches. A writable buffer gets its offsets written in
                place; a read-only one is copied first.

        Returns:
            The offsets that the records got.

        Raises:
            CorruptMessageError: If a length, CRC or encoding is wrong.
            InvalidRecordError: If a batch is whole but not acceptable.
            InvalidTimestampError: If a timestamp is out of the allowed range.
            MessageTooLargeError, RecordListTooLargeError: If it is too large.
            LogClosedError, LogReadOnlyError, LogIoError, LogPoisonedError: As for `append`.
        """

    def read(
        self, offset: int, max_records: int = 1000, *, max_bytes: int = 1 << 20
    ) -> list[Record]:
        """Read records from an offset on. Their CRCs are checked.

        Args:
            offset: Where to begin; the end offset gives no records.
            max_records: Most records to return.
            max_bytes: Most bytes of the log to read; at least one batch is.

        Returns:
            The records, fewer than asked for at the end of the log.

        Raises:
            OffsetOutOfRangeError: If the offset is below the start or past the end of the log.
            InvalidArgumentError: If a limit is not positive.
            CorruptMessageError: If a batch is damaged.
            LogClosedError: If the log is closed.

        Example:
            ``records = log.read(log.start_offset, 10)``
        """

    def read_values(
        self, offset: int, max_records: int = 1000, *, max_bytes: int = 1 << 20
    ) -> list[bytes | None]:
        """Read only the values; otherwise as `read`.

        Args:
            offset: Where to begin.
            max_records: Most values to return.
            max_bytes: Most bytes of the log to read; at least one batch is.

        Returns:
            The values, None for a tombstone.

        Raises:
            OffsetOutOfRangeError, InvalidArgumentError, CorruptMessageError, LogClosedError: As
                for `read`.
        """

    def _records_chunk(self, offset: int, max_bytes: int) -> tuple[list[Record], int]:
        """Read records, and the offset at which to go on."""

    def _values_chunk(self, offset: int, max_bytes: int) -> tuple[list[bytes | None], int]:
        """Read values, and the offset at which to go on."""

    def read_batches(self, offset: int, max_bytes: int = 1 << 20) -> list[BatchView]:
        """Read whole batches as views of the segment's file, without copying or checking.

        Args:
            offset: An offset of the first batch; records before it may come along.
            max_bytes: Most bytes of all batches; the first comes whole even if it is larger.

        Returns:
            Views of one segment's batches; none at the end of the log.

        Raises:
            OffsetOutOfRangeError: If the offset is below the start or past the end of the log.
            InvalidArgumentError: If `max_bytes` is not positive.
            LogClosedError: If the log is closed.

        Example:
            ``socket.sendall(memoryview(log.read_batches(0)[0]))``
        """

    def read_columns(self, offset: int, max_bytes: int = 1 << 20) -> Columns:
        """Read records as numpy arrays over the segment's file. CRCs are checked.

        Args:
            offset: Where to begin.
            max_bytes: Most bytes of the log to read; at least one batch is.

        Returns:
            The columns; `Columns.next_offset` is where to go on.

        Raises:
            OffsetOutOfRangeError, InvalidArgumentError, CorruptMessageError, LogClosedError: As
                for `read`.

        Example:
            ``mean = log.read_columns(0).value_lengths.mean()``
        """

    def _arrow_stream(self, start: int, end: int, max_rows: int) -> ArrowStream:
        """Offer the records of offsets `start` to `end` as an Arrow stream."""

    def fetch_range(self, offset: int, max_bytes: int) -> tuple[str, int, int] | None:
        """Tell where in which file batches lie, for sending them with ``os.sendfile``.

        Args:
            offset: An offset of the first batch.
            max_bytes: Most bytes; the first batch counts whole even if it is larger.

        Returns:
            Path, position in bytes and length in bytes; None at the end of the log. The last
            batch may be cut off.

        Raises:
            OffsetOutOfRangeError, InvalidArgumentError, LogClosedError: As for `read_batches`.
        """

    def flush(self) -> int:
        """Make everything appended so far durable, with an fsync.

        Returns:
            The offset below which everything is on disk.

        Raises:
            LogIoError: If the fsync fails; the log is poisoned then.
            LogPoisonedError: If one failed earlier.
            LogClosedError, LogReadOnlyError: If it cannot be written to.
        """

    @property
    def start_offset(self) -> int:
        """First offset that can be read."""

    @property
    def end_offset(self) -> int:
        """Offset that the next record gets, those that linger counted."""

    @property
    def recovery_point(self) -> int:
        """Offset below which everything is on disk; only the writer knows."""

    def _offset_for(self, timestamp: int) -> int | None:
        """Find the offset for a time, or for one of Kafka's special times."""

    def truncate(self, offset: int) -> int:
        """Remove every record from an offset on, and those that share its batch.

        Args:
            offset: First offset to remove.

        Returns:
            The new end offset, at most `offset`.

        Raises:
            OffsetOutOfRangeError, LogClosedError, LogReadOnlyError, LogIoError, LogPoisonedError:
                If it cannot be done.
        """

    def delete_before(self, offset: int) -> int:
        """Make records below an offset unreadable, durably; `apply_retention` frees their files.

        Args:
            offset: First offset to keep.

        Returns:
            The new start offset.

        Raises:
            OffsetOutOfRangeError: If the offset is past the end of the log.
            LogClosedError, LogReadOnlyError, LogIoError, LogPoisonedError: As for `truncate`.
        """

    def apply_retention(self) -> list[int]:
        """Delete the segments that ``retention.ms``, ``retention.bytes`` or the start offset free.

        Returns:
            The base offsets of the deleted segments.

        Raises:
            LogClosedError, LogReadOnlyError, LogIoError, LogPoisonedError: As for `truncate`.
        """

    def roll(self) -> int:
        """Start a new segment, unless the active one is empty.

        Returns:
            The base offset of the active segment.

        Raises:
            LogClosedError, LogReadOnlyError, LogIoError, LogPoisonedError: As for `truncate`.
        """

    def wait(self, offset: int, timeout: float | None = None) -> bool:
        """Wait until a record at an offset is there. Ctrl-C interrupts it.

        Args:
            offset: The offset waited for.
            timeout: Seconds; None waits for ever.

        Returns:
            Whether it is there.

        Raises:
            InvalidArgumentError: If the timeout is negative.
            LogClosedError: If the log is closed, also meanwhile.
        """

    def _stat(self) -> _Stat:
        """Tell the facts of `logcore.log.LogStat`."""

    def _compact(self, roll: bool) -> _Compaction:
        """Compact the log, and tell the facts of `logcore.log.CompactionReport`."""

    def _verify(self, progress: Callable[[int, int], object] | None) -> _Verification:
        """Check the log, and tell the facts of `logcore.log.VerifyReport`."""

    def close(self) -> None:
        """Write and sync what is left, and let others have the directory.

        Closing twice is no error. Views of batches stay readable.

        Raises:
            BufferError: If a memoryview or numpy array still looks into the log's files.
            LogIoError, LogPoisonedError: If not everything could be written; it is closed then.
        """

    @property
    def closed(self) -> bool:
        """Whether the log was closed."""

@final
class Record:
    """One record of a log. It never changes and may outlive its log.

    Attributes:
        offset: Its place in the log.
        timestamp: Milliseconds since 1970 UTC, -1 for none.
        key: The key, or None.
        value: The value, or None: a tombstone.
        headers: Pairs of key and value; keys may repeat.
    """

    __match_args__: Final = ("offset", "timestamp", "key", "value", "headers")

    def __new__(
        cls,
        offset: int,
        timestamp: int,
        key: bytes | None,
        value: bytes | None,
        headers: tuple[tuple[str, bytes | None], ...] | None = None,
    ) -> Self: ...
    @property
    def offset(self) -> int:
        """Its place in the log."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970 UTC, -1 for none."""

    @property
    def key(self) -> bytes | None:
        """The key, or None."""

    @property
    def value(self) -> bytes | None:
        """The value, or None: a tombstone."""

    @property
    def headers(self) -> tuple[tuple[str, bytes | None], ...]:
        """Pairs of key and value; keys may repeat."""

    @override
    def __eq__(self, other: object, /) -> bool: ...
    @override
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: object, /) -> bool: ...
    def __le__(self, other: object, /) -> bool: ...
    def __gt__(self, other: object, /) -> bool: ...
    def __ge__(self, other: object, /) -> bool: ...
    @override
    def __hash__(self) -> int: ...
    @override
    def __reduce__(self) -> tuple[object, ...]: ...

@final
class BatchView:
    """One record batch as it stands in its segment; ``memoryview(batch)`` is its bytes, not copied.

    A view stays readable after the log is closed and its file deleted. While a memoryview or numpy
    array looks into it, its log cannot be closed.
    """

    @property
    def base_offset(self) -> int:
        """Offset of the first record."""

    @property
    def last_offset(self) -> int:
        """Offset of the last record."""

    @property
    def count(self) -> int:
        """Number of records."""

    @property
    def max_timestamp(self) -> int:
        """Largest timestamp in milliseconds since 1970 UTC, -1 without one."""

    @property
    def compression(self) -> str | None:
        """Name of the codec, or None."""

    @property
    def producer_id(self) -> int:
        """Id of the producer, -1 without one."""

    @property
    def producer_epoch(self) -> int:
        """Epoch of the producer, -1 without one."""

    @property
    def base_sequence(self) -> int:
        """Sequence of the first record, -1 without one."""

    @property
    def leader_epoch(self) -> int:
        """Epoch of the leader that appended it, -1 if unknown."""

    @property
    def is_transactional(self) -> bool:
        """Whether it is part of a transaction."""

    @property
    def is_control(self) -> bool:
        """Whether it holds control records instead of data."""

    @property
    def is_log_append_time(self) -> bool:
        """Whether its timestamps are the time of the append."""

    @property
    def position(self) -> int:
        """Where it starts in its file, in bytes."""

    def verify(self) -> None:
        """Check the CRC.

        Raises:
            CorruptMessageError: If it does not match.
        """

    def records(self) -> list[Record]:
        """Decode the records, after checking the CRC.

        Raises:
            CorruptMessageError: If the batch is damaged.
        """

    def values(self) -> list[bytes | None]:
        """Decode the values, after checking the CRC.

        Raises:
            CorruptMessageError: If the batch is damaged.
        """

    def columns(self) -> Columns:
        """Decode the records into numpy arrays over the batch itself, after checking the CRC.

        Raises:
            CorruptMessageError: If the batch is damaged.
        """

    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

@final
class Columns:
    """Records as numpy arrays. Value ``i`` is ``data[value_starts[i]:][:value_lengths[i]]``.

    The arrays are read-only. Unless a batch had to be decompressed, `data` is the segment's file,
    and the log cannot be closed while it, or an array made of it, lives.
    """

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Offset of each record."""

    @property
    def timestamps(self) -> NDArray[np.int64]:
        """Milliseconds since 1970 UTC of each record, -1 for none."""

    @property
    def key_starts(self) -> NDArray[np.int32]:
        """Where each key starts in `data`."""

    @property
    def key_lengths(self) -> NDArray[np.int32]:
        """Bytes of each key, -1 for None."""

    @property
    def value_starts(self) -> NDArray[np.int32]:
        """Where each value starts in `data`."""

    @property
    def value_lengths(self) -> NDArray[np.int32]:
        """Bytes of each value, -1 for None."""

    @property
    def data(self) -> NDArray[np.uint8]:
        """The bytes that starts point into."""

    @property
    def next_offset(self) -> int:
        """Offset after the last record: where the next read begins."""

    def keys(self) -> list[bytes | None]:
        """Copy the keys out."""

    def values(self) -> list[bytes | None]:
        """Copy the values out."""

    def __len__(self) -> int: ...

@final
class ArrowStream:
    """Records for anything that speaks the Arrow C stream interface; see `logcore.Log.to_arrow`."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> CapsuleType:
        """Start a new stream over the records, in a capsule named ``arrow_array_stream``."""

@final
class ArrowBatches:
    """Fetched records for anything that speaks the Arrow C stream interface.

    The columns are ``topic``, ``partition``, ``offset``, ``timestamp``, ``key``, ``value`` and
    ``headers``; the last five are those of `logcore.Log.to_arrow`.
    """

    def __new__(cls) -> Self: ...
    def add(self, records: FetchedRecords) -> int:
        """Take the next records of what was fetched of a partition; how many that were.

        That is the rest, unless it is too much for one Arrow batch, or damage follows.

        Raises:
            CorruptMessageError: If the next batch is damaged.
        """

    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> CapsuleType:
        """Start a new stream over the records, in a capsule named ``arrow_array_stream``."""

@final
class ArrowColumn:
    """Keys or values that another library holds, taken over the Arrow C interface."""

    def __new__(cls, column: object) -> Self:
        """Take over what an object offers by ``__arrow_c_stream__`` or ``__arrow_c_array__``.

        Raises:
            TypeError: If that is no column of bytes or text.
            InvalidArgumentError: If whoever offers it fails.
        """

    def __len__(self) -> int: ...
    def size_at(self, at: int) -> int:
        """Return the bytes of a value, 0 for null."""

@final
class NativeBuffer:
    """Memory of the engine that numpy and memoryview look into without copying."""

    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

@final
class LoadProgress:
    """How far a `LogManager` is with opening its logs; another thread may ask meanwhile."""

    def __new__(cls) -> Self: ...
    @property
    def total(self) -> int:
        """Logs to open; 0 until they are counted."""

    @property
    def done(self) -> int:
        """Logs that are open, or could not be opened."""

@disjoint_base
class LogManager:
    """All logs of a broker; `logcore.log.manager.LogManager` derives from it."""

    def __new__(
        cls,
        paths: Sequence[str | PathLike[str]],
        *,
        settings: Mapping[str, str],
        topic_settings: Mapping[str, Mapping[str, str]],
        cluster_id: str | None,
        node_id: int | None,
        load_threads: int,
        progress: LoadProgress | None,
        verify_transactions: bool,
        seams: Seams | None = None,
    ) -> Self:
        """Take the directories and open every log in them."""

    def partitions(self) -> list[tuple[str, int]]:
        """List the partitions that have a log, in order, also in offline directories."""

    def topic_id(self, topic: str, partition: int) -> bytes | None:
        """Tell the topic id that a partition's log belongs to.

        Args:
            topic: The topic's name.
            partition: The partition's number.

        Returns:
            The 16 bytes of the id; None if there is no log, or it names no id.
        """

    def get(self, topic: str, partition: int) -> PartitionLog | None:
        """Find the log of a partition.

        Args:
            topic: The topic's name.
            partition: The partition's number.

        Returns:
            The log, None if there is none.

        Raises:
            LogDirectoryOfflineError: If its directory failed.
            LogCorruptError: If it could not be loaded.
            LogClosedError: If the manager is closed.
        """

    def get_or_create(
        self, topic: str, partition: int, topic_id: bytes | None, is_new: bool
    ) -> PartitionLog:
        """Find the log of a partition, or create it in the directory with the fewest logs.

        Args:
            topic: The topic's name.
            partition: The partition's number.
            topic_id: The 16 bytes of the topic's id; written durably before the log is used.
            is_new: Whether no log of the partition can exist. If one may, none is created while
                a directory is offline, which might hold it.

        Returns:
            The log.

        Raises:
            InvalidArgumentError: If the name is illegal, or the log is of a topic with another id.
            LogDirectoryOfflineError: If no directory is fit.
            LogCorruptError: If the log is there and could not be loaded.
            LogIoError: If the system refuses.
            LogClosedError: If the manager is closed.
        """

    def get_or_create_all(
        self, partitions: Sequence[tuple[str, int, bytes | None]], is_new: bool
    ) -> list[PartitionLog]:
        """Find the logs of several partitions, or create them together.

        Those that are created share what makes their names durable, so many of them take little
        longer than one.

        Args:
            partitions: Topic, number and topic id of each, as for `get_or_create`.
            is_new: As for `get_or_create`.

        Returns:
            The logs, in the same order.

        Raises:
            InvalidArgumentError, LogDirectoryOfflineError, LogCorruptError, LogIoError,
                LogClosedError: As for `get_or_create`; then none is served that was not before.
        """

    def delete(self, topic: str, partition: int) -> None:
        """Delete the log of a partition: it is gone at once, its files later.

        The files go with a `remove_deleted` after ``file.delete.delay.ms``. A `PartitionLog` of it
        refuses every call from now on; what was read from it stays readable.

        Args:
            topic: The topic's name.
            partition: The partition's number.

        Raises:
            InvalidArgumentError: If there is no such log.
            LogDirectoryOfflineError, LogIoError, LogClosedError: If it cannot be done.
        """

    def delete_all(self, partitions: Sequence[tuple[str, int]]) -> None:
        """Delete the logs of several partitions, as `delete` does one.

        Args:
            partitions: Topic and number of each.

        Raises:
            InvalidArgumentError, LogDirectoryOfflineError, LogIoError, LogClosedError: As for
                `delete`; those before the one that failed are deleted.
        """

    def truncate_to(self, topic: str, partition: int, offset: int) -> int:
        """Cut a log before the batch that holds an offset.

        Args:
            topic: The topic's name.
            partition: The partition's number.
            offset: First offset to remove.

        Returns:
            The new end offset, at most `offset`.

        Raises:
            InvalidArgumentError: If there is no such log.
            LogDirectoryOfflineError, LogIoError, LogPoisonedError, LogClosedError: If it cannot
                be done.
        """

    def set_topic_settings(self, topic: str, settings: Mapping[str, str]) -> None:
        """Replace the settings that a topic's logs have of their own; open logs too.

        Args:
            topic: The topic's name.
            settings: Values by Kafka's dotted names; what is not named is as for all logs. Names
                that do not concern a log are left alone.

        Raises:
            InvalidConfigError: If a value is not allowed; nothing is changed then.
            LogClosedError: If the manager is closed.
        """

    def set_settings(self, settings: Mapping[str, str]) -> None:
        """Replace the settings that all logs have in common; open logs too.

        Args:
            settings: Values by Kafka's dotted names for topics; Kafka's defaults for the rest.

        Raises:
            InvalidConfigError: If a value is not allowed; nothing is changed then.
            LogClosedError: If the manager is closed.
        """

    def _report(self) -> _LoadReport:
        """Tell the facts of `logcore.log.manager.LoadReport`."""

    def offline_dirs(self) -> list[str]:
        """List the directories that failed, at opening or later."""

    def _log_dirs(self) -> list[tuple[str, bool, int, int, list[tuple[str, int, int]]]]:
        """Tell the facts of `logcore.log.manager.LogDirFacts`."""

    def flush_due(self) -> int:
        """Flush the logs whose ``flush.ms`` is over, or that sealed a segment since the last flush.

        Returns:
            How many were flushed. A directory whose storage failed is offline then.
        """

    def checkpoint(self) -> None:
        """Write the checkpoints of every directory that is online.

        Raises:
            LogIoError: If one could not be written; its directory is offline then, and the others
                are written all the same.
        """

    def apply_retention(self) -> list[tuple[tuple[str, int], list[int]]]:
        """Delete what retention no longer keeps, and forget producers that were idle for too long.

        Returns:
            Base offsets of the deleted segments, by partition.
        """

    def remove_deleted(self) -> int:
        """Remove the files of deleted logs whose delay is over; tell of how many logs."""

    def _compact_due(self) -> tuple[tuple[str, int], _Compaction | None, str | None] | None:
        """Tell the facts of `logcore.log.manager.CompactedLog`."""

    def uncleanable(self) -> list[tuple[str, int]]:
        """List the partitions that compaction gave up on."""

    def close(self, broker_epoch: int = -1) -> None:
        """Close every log, write the checkpoints, and mark the directories as cleanly stopped.

        Closing twice is no error. What was read stays readable.

        Args:
            broker_epoch: What the mark says of the broker, -1 for nothing.

        Raises:
            LogIoError, LogPoisonedError: The first failure; everything else is closed all the
                same, and a directory that is not in order is not marked.
        """

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""

@final
class Seams:
    """A disk that fails on request and a clock that can be turned, for the logs of a test.

    Only a `LogManager` that was opened with it knows it. Each call may come from any thread.
    """

    def __new__(cls) -> Self:
        """Begin with a disk in order, and the clock of the machine."""

    def advance(self, delta_ms: int) -> None:
        """Move the clock by so many milliseconds, also backwards."""

    def fail(self, call: str, errno: int, *, after: int = 0, times: int | None = None) -> None:
        """Have calls of the disk fail.

        Args:
            call: Which: "open", "read", "write", "truncate" or "sync".
            errno: The system's error number, such as `errno.ENOSPC`.
            after: How many of those calls succeed before.
            times: How many fail then; all if None.

        Raises:
            InvalidArgumentError: If there is no such call.
        """

    def heal(self) -> None:
        """Have nothing fail any more."""

    @property
    def fault_count(self) -> int:
        """How many calls were made to fail so far."""

@final
class RecordAccumulator:
    """A producer's records, encoded as they come, in batches per topic and partition.

    Each batch has a ticket that `new_ticket` made; one that no batch needed after all has its
    ``discard`` called. Records may be appended from any thread. `wake` is called, from the thread
    that appends, when there is something new that may be sent, at most once between two calls of
    `ready`.
    """

    def __new__(
        cls,
        new_ticket: Callable[[], Any],
        wake: Callable[[], object],
        *,
        compression: str,
        level: int | None,
        batch_bytes: int,
        memory_bytes: int,
        record_bytes: int,
        ignores_keys: bool,
        seed: int,
        partitioner: str = "murmur2_random",
        is_adaptive: bool = True,
    ) -> Self: ...
    def set_partitions(self, topic: str, count: int, writable: Sequence[int]) -> None:
        """Say how many partitions a topic has, and which of them have a leader."""

    def append(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None = None,
        partition: int | None = None,
        headers: Mapping[str, bytes | None] | Sequence[tuple[str, bytes | None]] | None = None,
        timestamp: int | None = None,
    ) -> Delivery | None:
        """Append a record; None if the topic is not known yet, or there is no room.

        Raises:
            UnknownTopicOrPartitionError: If the topic has no such partition.
            MessageTooLargeError: If it is larger than a record may be.
            ClientClosedError: After `close`.
            TypeError: If key or value are not bytes.
        """

    def append_many(
        self,
        topic: str,
        values: Sequence[bytes | None],
        keys: Sequence[bytes | None] | None = None,
        partition: int | None = None,
        timestamp: int | None = None,
        start: int = 0,
    ) -> tuple[int, list[Any]]:
        """Append values from `start` on; how many were taken, and the tickets of their batches."""

    def append_columns(
        self,
        topic: str,
        values: Buffer,
        lengths: Buffer | Sequence[int],
        keys: Buffer | None = None,
        key_lengths: Buffer | Sequence[int] | None = None,
        partition: int | None = None,
        timestamp: int | None = None,
        start: int = 0,
    ) -> tuple[int, list[Any]]:
        """Append values that lie back to back, otherwise as `append_many`."""

    def append_arrow(
        self,
        topic: str,
        values: ArrowColumn,
        keys: ArrowColumn | None = None,
        partition: int | None = None,
        timestamp: int | None = None,
        start: int = 0,
    ) -> tuple[int, list[Any]]:
        """Append values that another library holds, otherwise as `append_many`."""

    def ready(self, now_ms: int, linger_ms: int) -> tuple[list[tuple[str, int]], int | None]:
        """Tell which partitions have a batch that is due, and when the next batch is."""

    def take(self, topic: str, partition: int) -> ProduceBatch | None:
        """Take the oldest batch of a partition out, if there is one."""

    def take_older(self, before_ms: int) -> list[ProduceBatch]:
        """Take out every batch that `ready` first saw before a time."""

    def release(self, batch: ProduceBatch) -> None:
        """Give back the memory of a batch that was taken; more than once is no error."""

    def has_room(self, size_bytes: int) -> bool:
        """Whether a record of so many bytes would be taken now."""

    def wait_for_room(self, size_bytes: int, timeout: float) -> bool:
        """Wait for room, at most so many seconds; Ctrl-C interrupts it. Tell whether there is."""

    @property
    def used_bytes(self) -> int:
        """Bytes of all batches that were not released."""

    @property
    def is_empty(self) -> bool:
        """Whether no record waits to be taken."""

    def close(self) -> None:
        """Take no more records."""

@final
class ProduceBatch:
    """A batch for one partition; ``memoryview(batch)`` is its bytes once it is sealed."""

    @property
    def ticket(self) -> Any:
        """What ``new_ticket`` made for it."""

    @property
    def topic(self) -> str:
        """Its topic."""

    @property
    def partition(self) -> int:
        """Its partition."""

    @property
    def count(self) -> int:
        """Number of records."""

    @property
    def size_bytes(self) -> int:
        """Bytes before compression."""

    @property
    def seen_ms(self) -> int | None:
        """When ``RecordAccumulator.ready`` first saw it, in its clock."""

    def seal(
        self, producer_id: int, producer_epoch: int, base_sequence: int, is_transactional: bool
    ) -> None:
        """Compress the records and write the header; again, with other numbers, is no error."""

    def split(self, first_ticket: object, second_ticket: object) -> tuple[Self, Self]:
        """Make two batches of its halves."""

    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

@final
class Delivery:
    """What becomes of a record that a producer took. Awaiting it gives a `RecordMetadata`.

    Example:
        ``delivery = producer.send("words", b"hello"); print(delivery.result().offset)``
    """

    def __new__(
        cls, batch: object, index: int, timestamp: int, key_size: int, value_size: int
    ) -> Self: ...
    @property
    def batch(self) -> Any:
        """The batch it is in."""

    @property
    def index(self) -> int:
        """Its place in the batch."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970 UTC."""

    @property
    def key_size(self) -> int:
        """Bytes of the key, -1 for None."""

    @property
    def value_size(self) -> int:
        """Bytes of the value, -1 for None."""

    def done(self) -> bool:
        """Whether it is known what became of the record."""

    def result(self, timeout: float | None = None) -> RecordMetadata:
        """Wait until the record is acknowledged. Not for a coroutine: there, await the delivery.

        Args:
            timeout: Seconds; None waits as long as ``delivery.timeout.ms`` allows.

        Returns:
            Where the record went.

        Raises:
            KafkaError: What the broker said, or that ``delivery.timeout.ms`` is over.
            TimeoutError: If the time is over; the record may still be delivered.
        """

    def exception(self, timeout: float | None = None) -> Exception | None:
        """Wait as `result` does, and return the error, None if the record was acknowledged."""

    def add_done_callback(self, callback: Callable[[Delivery], object]) -> None:
        """Call back once the delivery is done, at once if it is. What it raises is logged."""

    def __await__(self) -> Generator[Any, None, RecordMetadata]: ...

@final
class RecordMetadata:
    """Where a record went."""

    __match_args__: Final = ("topic", "partition", "offset")

    def __new__(
        cls,
        topic: str,
        partition: int,
        offset: int,
        timestamp: int = -1,
        key_size: int = -1,
        value_size: int = -1,
    ) -> Self: ...
    @property
    def topic(self) -> str:
        """The topic."""

    @property
    def partition(self) -> int:
        """The partition."""

    @property
    def offset(self) -> int:
        """The offset; -1 if it is not known, as with ``acks=0``."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970 UTC, the broker's if the topic says so."""

    @property
    def key_size(self) -> int:
        """Bytes of the key, -1 for None."""

    @property
    def value_size(self) -> int:
        """Bytes of the value, -1 for None."""

    @override
    def __eq__(self, other: object, /) -> bool: ...
    @override
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: object, /) -> bool: ...
    def __le__(self, other: object, /) -> bool: ...
    def __gt__(self, other: object, /) -> bool: ...
    def __ge__(self, other: object, /) -> bool: ...
    @override
    def __hash__(self) -> int: ...

@final
class ConsumerRecord:
    """A record that a consumer read. It never changes."""

    __match_args__: Final = ("topic", "partition", "offset", "key", "value")

    def __new__(
        cls,
        topic: str,
        partition: int,
        offset: int,
        key: Any,
        value: Any,
        *,
        timestamp: int = -1,
        is_append_time: bool = False,
        headers: tuple[tuple[str, bytes | None], ...] | None = None,
        leader_epoch: int = -1,
    ) -> Self: ...
    @property
    def topic(self) -> str:
        """The topic."""

    @property
    def partition(self) -> int:
        """The partition."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970 UTC, -1 for none."""

    @property
    def is_append_time(self) -> bool:
        """Whether the timestamp is the broker's, of the append."""

    @property
    def key(self) -> Any:
        """The key as bytes, or None; what the deserializer made of it, if there is one."""

    @property
    def value(self) -> Any:
        """The value as bytes, or None; what the deserializer made of it, if there is one."""

    @property
    def headers(self) -> tuple[tuple[str, bytes | None], ...]:
        """Pairs of key and value; keys may repeat."""

    @property
    def leader_epoch(self) -> int:
        """Epoch of the leader that appended it, -1 if unknown."""

    def with_key_and_value(self, key: Any, value: Any) -> Self:
        """Return a copy with another key and value."""

@final
class FetchedRecords:
    """Records of one partition as they were received, decoded one by one while iterating."""

    def __new__(
        cls,
        topic: str,
        partition: int,
        records: Buffer,
        offset: int,
        *,
        aborted: Sequence[tuple[int, int]] | None = None,
        check_crcs: bool = True,
    ) -> Self:
        """Read from `offset` on; `aborted` hides transactions, by producer id and first offset.

        Raises:
            CorruptMessageError: If what is between the batches makes no sense.
        """

    @property
    def topic(self) -> str:
        """Its topic."""

    @property
    def partition(self) -> int:
        """Its partition."""

    @property
    def size_bytes(self) -> int:
        """How many bytes were received."""

    @property
    def end_offset(self) -> int:
        """Offset after the last whole batch; that of the beginning if there is none."""

    @property
    def next_offset(self) -> int:
        """Where the partition is to be read on, after the last record handed out."""

    @property
    def taken_count(self) -> int:
        """How many records were handed out so far, of what this is the rest of, too."""

    def stop(self) -> None:
        """Hand out nothing more."""

    def rest(self) -> FetchedRecords:
        """Stop, and return what is left as an object of its own; from any thread."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> ConsumerRecord: ...
    def take(self, count: int) -> list[ConsumerRecord]:
        """Return up to so many of the next records.

        Raises:
            CorruptMessageError: If a batch is damaged.
        """

    def take_values(self, count: int) -> list[bytes | None]:
        """Return the values of up to so many of the next records."""

    def columns(self) -> Columns:
        """Return the rest as numpy arrays."""

@final
class PlainProduce:
    """A Produce request for one partition, outside of transactions, to be acknowledged."""

    @staticmethod
    def of(frame: Buffer) -> PlainProduce | None:
        """Look at a request, without its length; None if it is not plain, or not well formed.

        Plain is: versions 3 to 13, acks 1 or -1, no transactional id, one topic, one partition and
        one whole batch of version 2 that is neither transactional nor a control batch.
        """

    @property
    def topic(self) -> str | bytes:
        """The topic: its name before version 13, its id of 16 bytes from there on."""

    @property
    def index(self) -> int:
        """The partition's number in the topic."""

    @property
    def version(self) -> int:
        """The version of the request."""

@final
class PlainSockets:
    """Sockets of peers that send plain Produce requests one by one.

    Each turn is a call of `receive`, one of `append` for each partition that may be written to, and
    one of `leave`. A socket stays with whoever lent it: it must not be closed before it has left.

    Attributes:
        REQUEST_BYTES_MAX: The longest request that is served, in bytes, with its length.

    Raises:
        OSError: If the system refuses.
    """

    REQUEST_BYTES_MAX: Final[int]

    def __new__(cls) -> Self: ...
    def fileno(self) -> int:
        """Return a descriptor that is readable when there is a turn to take."""

    def add(self, socket: int) -> None:
        """Serve a socket from now on.

        Raises:
            OSError: If the system refuses.
        """

    def remove(self, socket: int) -> None:
        """Serve a socket no more. Not between `receive` and `leave`."""

    def receive(self) -> list[tuple[str | bytes, int]]:
        """Read what has arrived.

        Returns:
            Which partitions it is for, each once: the topic's name, or its id of 16 bytes where
            that is what requests tell, and the partition's number.
        """

    def append(self, position: int, log: PartitionLog, leader_epoch: int) -> tuple[int, int, int]:
        """Append the requests for a partition and answer them, in the order of their arrival.

        Args:
            position: Which partition of those that `receive` told.
            log: Its log.
            leader_epoch: As for `PartitionLog.append_leader`.

        Returns:
            How many were appended; their bytes; the bytes of the answers. Those that were refused
            leave as they came.
        """

    def leave(self) -> list[tuple[int, bytes, bytes]]:
        """Let go of every socket on which anything else came, or that takes no more bytes.

        Returns:
            Each with what was received and not served, and with what is still to be sent of an
            answer.
        """

@final
class PartitionLog:
    """The log of one partition, as a `LogManager` gives it out.

    Methods may be called from any thread. Those that work for a few microseconds hold the
    interpreter; those that may wait for a disk let go of it.
    """

    def append_leader(
        self, records: Buffer, leader_epoch: int, verification: int = 0
    ) -> tuple[int, int, int, int, bool]:
        """Append what a producer sent, after checking it in full.

        Args:
            records: One record batch (version 2). A writable buffer, such as a slice of a request's
                frame, gets offsets and leader epoch written in place; a read-only one is copied.
            leader_epoch: The epoch to write it in.
            verification: The guard of `start_verification`, where it writes to a transaction.

        Returns:
            Offset of the first record, offset of the last one, the time of the append in
            milliseconds (-1 unless ``message.timestamp.type`` is ``LogAppendTime``), the start
            offset of the log, and whether the producer had sent the batch before; then nothing was
            written, and the offsets are those of the first time.

        Raises:
            CorruptMessageError: If a length, CRC or encoding is wrong.
            InvalidRecordError, InvalidTimestampError: If it is whole but not acceptable; they name
                the records at fault.
            UnsupportedCompressionTypeError: If the codec is unknown.
            MessageTooLargeError, RecordListTooLargeError: If it is too large.
            InvalidProducerEpochError, OutOfOrderSequenceNumberError, InvalidTxnStateError: If it
                is not what the producer may send now.
            LogIoError: If the system refuses; the directory is offline then.
            LogPoisonedError: If an fsync failed earlier, or the directory is offline.
            LogClosedError: If the log was deleted, or the manager closed.
        """

    def append_records(
        self,
        records: Sequence[tuple[bytes | None, bytes | None]],
        leader_epoch: int,
        timestamp_ms: int,
        *,
        producer_id: int = -1,
        producer_epoch: int = -1,
        verification: int = 0,
    ) -> tuple[int, int]:
        """Append records of the broker's own, all or none: they become one batch.

        Args:
            records: Pairs of key and value, at least one.
            leader_epoch: The epoch to write them in.
            timestamp_ms: Milliseconds since 1970 UTC for all.
            producer_id: In whose transaction; -1 for none.
            producer_epoch: The producer's epoch.
            verification: The guard of `start_verification`.

        Returns:
            Offset of the first record and of the last one.

        Raises:
            InvalidArgumentError: If there is no record.
            InvalidProducerEpochError, InvalidTxnStateError: If the transaction is over.
            MessageTooLargeError, RecordListTooLargeError: If the batch is too large.
            LogIoError, LogPoisonedError, LogClosedError: As for `append_leader`.
        """

    def append_plain(self, frame: Buffer, plain: PlainProduce, leader_epoch: int) -> bytes:
        """Append what a plain Produce request brings, after checking it in full.

        Args:
            frame: The request that `plain` was read from; a writable buffer gets its offsets in
                place.
            plain: What was read.
            leader_epoch: As for `append_leader`.

        Returns:
            The response to the request, without its length.

        Raises:
            KafkaError, LogIoError, LogPoisonedError, LogClosedError: As for `append_leader`.
        """

    def start_verification(
        self, producer_id: int, producer_epoch: int, sequence: int, supports_epoch_bump: bool
    ) -> int:
        """Ask for the guard that a first write to a transaction must show (KIP-890).

        Between this and the append the transaction's coordinator is to be asked. The guard stands
        until the write, or the end of the transaction.

        Args:
            producer_id: The producer.
            producer_epoch: Its epoch.
            sequence: Sequence of the batch's first record.
            supports_epoch_bump: Whether the epoch rises with each transaction.

        Returns:
            The guard; 0 if the transaction is open here already, or the log asks for none.

        Raises:
            LogPoisonedError, LogClosedError: As for `append_leader`.
        """

    def append_control(
        self,
        key: bytes | None,
        value: bytes | None,
        leader_epoch: int,
        timestamp_ms: int,
        *,
        producer_id: int = -1,
        producer_epoch: int = -1,
        transaction_version: int = 0,
    ) -> tuple[int, int]:
        """Append a batch of one control record.

        Args:
            key: The record's key: version and type, two int16.
            value: The record's value.
            leader_epoch: The epoch to write it in.
            timestamp_ms: Milliseconds since 1970 UTC.
            producer_id: Whose transaction it ends; -1 for records of the metadata quorum.
            producer_epoch: The producer's epoch.
            transaction_version: Transactions version of the request that brought the marker.

        Returns:
            Offset of the first record and of the last one, which are the same.

        Raises:
            InvalidProducerEpochError, TransactionCoordinatorFencedError: If it comes too late.
            MessageTooLargeError, LogIoError, LogPoisonedError, LogClosedError: As for
                `append_records`.
        """

    def read(
        self, offset: int, max_bytes: int, min_one_batch: bool, isolation: int
    ) -> tuple[NativeBuffer | None, int, int, int, list[tuple[int, int]]]:
        """Read batches as a view of the segment's file, without copying or checking.

        Args:
            offset: An offset of the first batch; records before it may come along.
            max_bytes: Most bytes; the last batch may be cut off.
            min_one_batch: Whether a first batch that is larger comes whole; otherwise it does not
                come at all.
            isolation: How far to see: 0 to the end, 1 to the high watermark, 2 to the last stable
                offset.

        Returns:
            The bytes of one segment (None if none are there, or fit), the high watermark, the last
            stable offset, the start offset, and with isolation 2 the aborted transactions among
            the records, as pairs of producer id and first offset. The bytes stay readable after
            the log is deleted or closed.

        Raises:
            OffsetOutOfRangeError: If the offset is below the start or past the end of the log.
            InvalidArgumentError: If the isolation is unknown.
            LogCorruptError, LogIoError: If the segment cannot be read.
            LogClosedError: If the log was deleted, or the manager closed.
        """

    def read_records(self, offset: int, max_bytes: int) -> tuple[list[Record], int]:
        """Read decoded records, control records left out. Their CRCs are checked.

        Args:
            offset: Where to begin.
            max_bytes: Most bytes of the log to read; at least one batch is.

        Returns:
            The records, and the offset at which to go on. That one is `offset` itself at the end of
            the log only.

        Raises:
            OffsetOutOfRangeError: If the offset is below the start or past the end of the log.
            InvalidArgumentError: If `max_bytes` is not positive.
            CorruptMessageError: If a batch is damaged.
            LogClosedError: If the log was deleted, or the manager closed.
        """

    def read_batches(self, offset: int, max_bytes: int) -> list[BatchView]:
        """Read whole batches from the one that holds an offset, to the end of the log at most.

        Args:
            offset: Where to start.
            max_bytes: How much; the first batch comes even if it is larger.

        Raises:
            OffsetOutOfRangeError, LogCorruptError, LogIoError, LogClosedError: As for `read`.
        """

    @property
    def start_offset(self) -> int:
        """First offset that can be read."""

    @property
    def end_offset(self) -> int:
        """Offset that the next record gets."""

    @property
    def high_watermark(self) -> int:
        """Offset below which records are replicated; without replicas the end offset."""

    @property
    def last_stable_offset(self) -> int:
        """Offset below which every transaction is decided, at most the high watermark."""

    @property
    def recovery_point(self) -> int:
        """Offset below which everything is on disk."""

    @property
    def size_bytes(self) -> int:
        """Bytes of the batches in all segments."""

    @property
    def append_blocks(self) -> bool:
        """Whether an append may have to wait now: for an fsync, or for another thread's append."""

    @property
    def path(self) -> str:
        """The log's directory, as it was before a deletion."""

    def offset_for(self, timestamp: int) -> tuple[int, int, int] | None:
        """Find the first record at or past a time, or one of Kafka's special times.

        Args:
            timestamp: Milliseconds since 1970 UTC; or -1 for the end, -2 for the start, -3 for the
                record with the largest timestamp, -4 for the start on this machine, -5 for the end
                in tiered storage, -6 for the first offset that is not in tiered storage.

        Returns:
            Its timestamp (-1 for the ends), its offset, and its leader epoch (-1 if unknown); None
            if there is no such record.

        Raises:
            InvalidArgumentError: If the special time is unknown.
            LogCorruptError, LogIoError, LogClosedError: If it cannot be told.
        """

    def end_offset_for_epoch(self, epoch: int) -> tuple[int, int] | None:
        """Find where a leader epoch ends.

        Args:
            epoch: The epoch asked for.

        Returns:
            The largest known epoch at or below it and the offset at which that one ends; None if
            there is none.
        """

    def latest_epoch(self) -> int | None:
        """Tell the newest leader epoch that has records or a start; None without one."""

    def assign_epoch_start(self, epoch: int) -> None:
        """Note durably that a leader epoch starts at the end of the log.

        Args:
            epoch: The epoch.

        Raises:
            InvalidArgumentError: If it is negative.
            LogIoError, LogPoisonedError, LogClosedError: As for `append_leader`.
        """

    def delete_before(self, offset: int) -> int:
        """Make records below an offset unreadable; `LogManager.apply_retention` frees their files.

        Args:
            offset: First offset to keep.

        Returns:
            The new start offset.

        Raises:
            OffsetOutOfRangeError: If the offset is negative or past the high watermark.
            LogPoisonedError, LogClosedError: As for `append_leader`.
        """

    def flush(self) -> int:
        """Make everything appended so far durable, with an fsync.

        Returns:
            The offset below which everything is on disk.

        Raises:
            LogIoError: If the fsync fails; the log is poisoned then, its directory offline.
            LogPoisonedError, LogClosedError: As for `append_leader`.
        """

    def roll(self) -> int:
        """Start a new segment, unless the active one is empty.

        Returns:
            The base offset of the active segment.

        Raises:
            LogIoError, LogPoisonedError, LogClosedError: As for `append_leader`.
        """

    def active_producers(self) -> list[tuple[int, int, int, int, int, int]]:
        """Tell what is known of the producers that write to the log, by id.

        Returns:
            For each its id, epoch, last sequence, last timestamp in milliseconds, coordinator epoch
            and the first offset of its open transaction; -1 where there is none.

        Raises:
            LogPoisonedError, LogClosedError: As for `append_leader`.
        """
