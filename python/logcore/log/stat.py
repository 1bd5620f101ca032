"""What a log tells of itself: its state, and what opening, compacting and checking it found.

Invariant: plain values, taken at one moment; nothing here changes when the log does.
Neighbours: `log.Log` makes them; the commands of `logcore log` print them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What opening a log found and repaired.

    Attributes:
        was_clean: Whether the log had been closed in order, so that nothing had to be checked.
        segments_walked: Segments that were read batch by batch.
        checked_bytes: Bytes whose CRC was checked.
        truncated_bytes: Bytes that were cut off as torn or damaged.
        truncated_reason: Why, in a sentence; None if nothing was cut.
    """

    was_clean: bool
    segments_walked: int
    checked_bytes: int
    truncated_bytes: int
    truncated_reason: str | None


@dataclass(frozen=True, slots=True)
class LogStat:
    """The state of a log at one moment.

    Attributes:
        path: The log's directory.
        start_offset: First offset that can be read.
        end_offset: Offset that the next record gets.
        recovery_point: Offset below which everything is on disk; None with ``readonly=True``.
        size_bytes: Bytes of record batches in all segments.
        segments: Base offset and size in bytes of each segment, oldest first.
        recovery: What opening found; None for a log opened with ``readonly=True``.
    """

    path: str
    start_offset: int
    end_offset: int
    recovery_point: int | None
    size_bytes: int
    segments: list[tuple[int, int]]
    recovery: RecoveryReport | None


@dataclass(frozen=True, slots=True)
class CompactionReport:
    """What a compaction did.

    Attributes:
        segments_before: Segments of the log before, the active one included.
        segments_after: Segments of the log after.
        bytes_before: Bytes of record batches before.
        bytes_after: Bytes of record batches after.
        records_read: Records read in the segments that were cleaned.
        records_kept: Records of these that stayed.
    """

    segments_before: int
    segments_after: int
    bytes_before: int
    bytes_after: int
    records_read: int
    records_kept: int


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a check of the whole log found.

    Attributes:
        segments: Segments that were walked.
        batches: Batches that are whole.
        records: Records that could be decoded.
        size_bytes: Bytes of the batches.
        problems: What is wrong, one sentence each, with file and byte; empty if nothing is.
    """

    segments: int
    batches: int
    records: int
    size_bytes: int
    problems: list[str]
