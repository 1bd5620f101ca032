"""What stands behind the last batch that a reader takes for whole.

A reader follows a log that another process may be writing, so bytes that are no batch end the log
for it: a write may be under way. Who checks a log wants to know whether it is damage. Invariant:
zeros, which preallocation leaves, and a write that becomes whole in time are none.
Neighbours: `log.Log.verify` asks; nothing here changes a file.
"""

from pathlib import Path
from typing import Final

from logcore import _native

_CHUNK_BYTES: Final = 1 << 20
_WRITE_S: Final = 0.5
"""Seconds within which a write under way becomes readable."""


def unreadable_tail(log: _native.Log, directory: str) -> list[str]:
    """Say what stands behind the last readable batch of a log, if it is damage.

    Args:
        log: A log that was opened with ``readonly=True``.
        directory: Its directory.

    Returns:
        A sentence with file and byte, or nothing.
    """
    end_offset = log.end_offset
    base_offset, size_bytes = log._stat()["segments"][-1]  # noqa: SLF001 - the room's own class
    path = Path(directory) / f"{base_offset:020}.log"
    with path.open("rb") as file:
        file.seek(size_bytes)
        is_empty = all(
            not chunk.strip(b"\0") for chunk in iter(lambda: file.read(_CHUNK_BYTES), b"")
        )
    if is_empty or log.wait(end_offset, _WRITE_S):
        return []
    behind = path.stat().st_size - size_bytes
    return [f"{path} at byte {size_bytes}: {behind} bytes at the end are not whole batches"]
