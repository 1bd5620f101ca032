"""Stubs of the compiled module, checked against it by `make lint` (mypy's stubtest).

Invariant: what stands here is what `rust/bindings/src/lib.rs` registers, no more and no less.
"""

from collections.abc import Callable, Sequence
from typing import Final, Self, TypedDict, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer, CapsuleType, disjoint_base, override

__all__ = ["ArrowStream", "BatchView", "Columns", "Log", "NativeBuffer", "Record"]

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
class NativeBuffer:
    """Memory of the engine that numpy and memoryview look into without copying."""

    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
