"""`Log`: a durable log in a directory, for one program, with no server.

Invariant: nothing here touches a record or a file; the compiled parent does. What is here are the
parts that are Python's own: opening with keywords, iteration, waiting in an event loop.
Neighbours: `logcore._native` is the parent; `stat` holds what `Log.stat` returns.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import TracebackType
from typing import Final, Literal, TypeAlias

from logcore import _native
from logcore.common.errors import InvalidArgumentError
from logcore.common.types import override
from logcore.log.stat import CompactionReport, LogStat, RecoveryReport, VerifyReport
from logcore.log.tail import unreadable_tail
from logcore.record import Record

Compression: TypeAlias = Literal["gzip", "snappy", "lz4", "zstd"]
Durability: TypeAlias = Literal["os", "batch", "group"]

_SPECIAL_TIMES: Final = {"latest": -1, "earliest": -2, "max_timestamp": -3}
_CHUNK_BYTES: Final = 1 << 20
_ASYNC_WAIT_S: Final = 0.25
"""Longest stay in a worker thread, so that a cancelled task leaves none behind for long."""


class Log(_native.Log):
    """A durable log in a directory: append records, read them by offset or time.

    One process writes to a log at a time; threads may share it. The files are those of a partition
    of Apache Kafka. Besides what is listed here the class has `append`, `append_batch`,
    `append_buffer`, `append_raw`, `read`, `read_values`, `read_batches`, `read_columns`,
    `fetch_range`, `flush`, `truncate`, `delete_before`, `apply_retention`, `roll`, `wait`, `close`
    and the attributes `start_offset`, `end_offset`, `recovery_point`, `closed`.

    Args:
        path: The directory; created if absent.
        segment_bytes: Size at which a new segment file begins, in bytes.
        index_interval_bytes: Bytes of records between two index entries.
        durability: When an append returns: ``"os"`` when the operating system has the bytes (they
            survive the process, not a power loss), ``"batch"`` after an fsync of its own,
            ``"group"`` after an fsync that concurrent appends share.
        linger_ms: How long single records may wait to share a batch, in milliseconds. A record
            that waits is readable at once by this process and lost if the process is killed.
        compression: Codec of the batches built here; None for none.
        retention_bytes: Size above which `apply_retention` deletes old segments, -1 for none.
        retention_ms: Age above which it does, in milliseconds, -1 for none.
        cleanup_policy: ``"delete"``, ``"compact"`` or both, as ``"compact,delete"``.
        max_message_bytes: Largest record batch, in bytes.
        preallocate: Whether a segment's file gets its full size at once.
        readonly: Follow a log that another process may be writing; nothing can be changed.
        config: More of Kafka's topic settings by their dotted names, such as ``"segment.ms"``;
            they win over the arguments above.

    Raises:
        LogLockedError: If another process, or another `Log` of this one, writes to it.
        LogCorruptError: If records that were durable are missing or damaged.
        UnsupportedFormatError: If a newer release wrote it.
        InvalidConfigError: If a setting's value is not allowed.
        InvalidArgumentError: If a setting is unknown.
        LogIoError: If the system refuses.

    Example:
        >>> import tempfile
        >>> from logcore import Log
        >>> with tempfile.TemporaryDirectory() as path, Log(path) as log:
        ...     log.append(b"hello", key=b"greeting")
        ...     log.append_batch([b"a", b"b"])
        ...     [record.value for record in log]
        0
        range(1, 3)
        [b'hello', b'a', b'b']

    Source:
        Apache Kafka 4.3.1, ``kafka.log.UnifiedLog`` for the behaviour of a partition's log.
    """

    path: str
    """The log's directory, as it was given."""

    def __new__(  # noqa: PLR0913 - settings, all by keyword
        cls,
        path: str | os.PathLike[str],
        *,
        segment_bytes: int = 1 << 30,
        index_interval_bytes: int = 4096,
        durability: Durability = "os",
        linger_ms: int = 0,
        compression: Compression | None = None,
        retention_bytes: int = -1,
        retention_ms: int = -1,
        cleanup_policy: str = "delete",
        max_message_bytes: int = 1_048_588,
        preallocate: bool = False,
        readonly: bool = False,
        config: Mapping[str, object] | None = None,
    ) -> "Log":
        """Open a log, creating it if absent; see the class."""
        settings = {
            "segment.bytes": segment_bytes,
            "index.interval.bytes": index_interval_bytes,
            "retention.bytes": retention_bytes,
            "retention.ms": retention_ms,
            "cleanup.policy": cleanup_policy,
            "max.message.bytes": max_message_bytes,
            "preallocate": preallocate,
        } | dict(config or {})
        if linger_ms < 0:
            raise InvalidArgumentError(f"linger_ms must be 0 or more, not {linger_ms}")
        path = os.fspath(path)
        text = {key: _text(value) for key, value in settings.items()}
        codec = compression or "none"
        log = super().__new__(cls, path, text, durability, linger_ms, codec, readonly)
        log.path = path
        return log

    @override
    def __repr__(self) -> str:
        if self.closed:
            return f"<Log {self.path!r}, closed>"
        return f"<Log {self.path!r}, offsets {self.start_offset} to {self.end_offset}>"

    def __enter__(self) -> "Log":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """Return how many offsets can be read; compaction may have left gaps among them."""
        return self.end_offset - self.start_offset

    def __iter__(self) -> Iterator[Record]:
        """Iterate over all records, from the start to the end of the log."""
        return self.iter()

    def iter(
        self, start: int | None = None, *, follow: bool = False, timeout: float | None = None
    ) -> Iterator[Record]:
        """Iterate over records; with `follow`, go on when new ones are appended.

        Args:
            start: Offset to begin at; the start of the log if None.
            follow: Whether to wait at the end of the log for more, instead of stopping.
            timeout: With `follow`, seconds without a new record after which the iteration stops;
                None waits for ever.

        Yields:
            Each record, in order of offsets.

        Raises:
            OffsetOutOfRangeError: If the next offset was truncated or deleted meanwhile.
            CorruptMessageError: If a batch is damaged.
            LogClosedError: If the log is closed, also while waiting.

        Example:
            >>> import tempfile
            >>> from logcore import Log
            >>> with tempfile.TemporaryDirectory() as path, Log(path) as log:
            ...     _ = log.append(b"a")
            ...     [r.offset for r in log.iter(follow=True, timeout=0.01)]
            [0]
        """
        offset = self.start_offset if start is None else start
        while True:
            records, offset_next = self._records_chunk(offset, _CHUNK_BYTES)
            yield from records
            if offset_next == offset and not (follow and self.wait(offset, timeout)):
                return
            offset = offset_next

    def values(self, start: int | None = None) -> Iterator[bytes | None]:
        """Iterate over the values only, which is faster than over records.

        Args:
            start: Offset to begin at; the start of the log if None.

        Yields:
            Each record's value, None for a tombstone, to the end of the log.

        Raises:
            OffsetOutOfRangeError: If `start` is not an offset of the log.
            CorruptMessageError: If a batch is damaged.
            LogClosedError: If the log is closed.
        """
        offset = self.start_offset if start is None else start
        while True:
            values, offset_next = self._values_chunk(offset, _CHUNK_BYTES)
            yield from values
            if offset_next == offset:
                return
            offset = offset_next

    def __aiter__(self) -> AsyncIterator[Record]:
        """Iterate from the start and follow, without blocking the event loop."""
        return self.aiter()

    async def aiter(
        self, start: int | None = None, *, follow: bool = True
    ) -> AsyncIterator[Record]:
        """Iterate over records in a coroutine; reads and waits happen in worker threads.

        Args:
            start: Offset to begin at; the start of the log if None.
            follow: Whether to wait at the end of the log for more, instead of stopping.

        Yields:
            Each record, in order of offsets.

        Raises:
            OffsetOutOfRangeError: If the next offset was truncated or deleted meanwhile.
            CorruptMessageError: If a batch is damaged.
            LogClosedError: If the log is closed, also while waiting.
        """
        offset = self.start_offset if start is None else start
        while True:
            records, offset_next = await asyncio.to_thread(
                self._records_chunk, offset, _CHUNK_BYTES
            )
            for record in records:
                yield record
            if offset_next == offset:
                if not follow:
                    return
                await asyncio.to_thread(self.wait, offset, _ASYNC_WAIT_S)
            offset = offset_next

    def to_arrow(
        self, start: int | None = None, end: int | None = None, *, max_rows: int = 65_536
    ) -> _native.ArrowStream:
        """Offer records to whatever speaks Arrow's C stream interface; logcore needs no Arrow.

        Args:
            start: First offset; the start of the log if None.
            end: Offset after the last; the end of the log as it is now if None.
            max_rows: Most rows of one Arrow record batch.

        Returns:
            An object with ``__arrow_c_stream__``. Its columns: ``offset`` int64, ``timestamp``
            timestamp[ms, UTC] (null for none), ``key`` and ``value`` binary, ``headers``
            list<struct<key: utf8, value: binary>>. It may be consumed more than once.

        Raises:
            InvalidArgumentError: If `max_rows` is not positive.
            LogClosedError: If the log is closed.

        Example:
            ``polars.DataFrame(log.to_arrow())``, ``pyarrow.table(log.to_arrow())``.

        Source:
            The Arrow PyCapsule Interface.
        """
        start = self.start_offset if start is None else start
        end = self.end_offset if end is None else end
        return self._arrow_stream(start, end, max_rows)

    def offset_for_time(
        self, timestamp: int | Literal["earliest", "latest", "max_timestamp"]
    ) -> int | None:
        """Find the first record that is not older than a time.

        Args:
            timestamp: Milliseconds since 1970 UTC, or ``"earliest"`` (the start offset),
                ``"latest"`` (the end offset) or ``"max_timestamp"`` (the youngest record).

        Returns:
            Its offset; None if all records are older.

        Raises:
            InvalidArgumentError: If `timestamp` is negative or an unknown word.
            LogClosedError: If the log is closed.
        """
        if isinstance(timestamp, str):
            if timestamp not in _SPECIAL_TIMES:
                words = ", ".join(_SPECIAL_TIMES)
                raise InvalidArgumentError(f"{timestamp!r} is none of {words}")
            return self._offset_for(_SPECIAL_TIMES[timestamp])
        if timestamp < 0:
            raise InvalidArgumentError(f"timestamp must be 0 or more, not {timestamp}")
        return self._offset_for(timestamp)

    def stat(self) -> LogStat:
        """Tell the log's segments, offsets and what opening it found.

        Returns:
            The state at this moment.

        Raises:
            LogClosedError: If the log is closed.
        """
        facts = self._stat()
        report = facts.get("recovery")
        return LogStat(
            path=self.path,
            start_offset=facts["start_offset"],
            end_offset=facts["end_offset"],
            recovery_point=facts.get("recovery_point"),
            size_bytes=sum(size for _, size in facts["segments"]),
            segments=facts["segments"],
            recovery=None if report is None else RecoveryReport(**report),
        )

    def compact(self, *, roll: bool = True) -> CompactionReport:
        """Keep only the newest record of each key, whether compaction is due or not.

        Offsets never change; gaps stay. Tombstones go once they are older than
        ``delete.retention.ms``.

        Args:
            roll: Whether the active segment is sealed first, so that it is compacted too.

        Returns:
            What it did.

        Raises:
            CorruptMessageError, LogCorruptError: If a batch is damaged; the log is as before.
            InvalidArgumentError: If a record has no key.
            LogClosedError, LogReadOnlyError, LogIoError, LogPoisonedError: If it cannot write.

        Example:
            >>> import tempfile
            >>> from logcore import Log
            >>> with tempfile.TemporaryDirectory() as path:
            ...     with Log(path, cleanup_policy="compact") as log:
            ...         _ = log.append_batch([b"old", b"new"], [b"k", b"k"])
            ...         _ = log.compact()
            ...         list(log.values())
            [b'new']

        Source:
            Apache Kafka 4.3.1, ``kafka.log.Cleaner``.
        """
        return CompactionReport(**self._compact(roll))

    def verify(self, progress: Callable[[int, int], object] | None = None) -> VerifyReport:
        """Check every batch, record and index entry; nothing is changed.

        A log that was opened with ``readonly=True`` is also checked for bytes behind its last
        readable batch, which a reader takes for a write under way.

        Args:
            progress: Called with the bytes done and the bytes in total, now and then. What it
                raises is raised when the check is done.

        Returns:
            What was found. Damage is a problem in the report, not an error.

        Raises:
            LogIoError: If a file cannot be read.
            LogClosedError: If the log is closed.
        """
        report = VerifyReport(**self._verify(progress))
        if "recovery_point" not in self._stat():
            report.problems.extend(unreadable_tail(self, self.path))
        return report


def _text(value: object) -> str:
    """Return a setting as a properties file would have it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
