"""What a log tells of itself: its segments, its offsets, and what opening it found.

Invariant: plain values, taken at one moment; nothing here changes when the log does.
Neighbours: `log.Log.stat` makes them; `logcore log stat` prints them.
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
        recovery_point: Offset below which everything is on disk.
        size_bytes: Bytes of record batches in all segments.
        segments: Base offset and size in bytes of each segment, oldest first.
        recovery: What opening found; None for a log opened with ``readonly=True``.
    """

    path: str
    start_offset: int
    end_offset: int
    recovery_point: int
    size_bytes: int
    segments: list[tuple[int, int]]
    recovery: RecoveryReport | None
