"""Records as commands read them: lines as they arrive, or JSON as `output` prints it.

Invariant: what `output.record_object` prints, `entry_of_json` reads back; a line is handed on as
soon as it is there.
Neighbours: `log_write` appends what is read here to a log, `produce` sends it to a topic.
"""

import base64
import json
import operator
import os
import stat
from collections.abc import Iterator
from typing import IO, Any, Final, NamedTuple

CHUNK_BYTES: Final = 1 << 18
TIMESTAMP_MAX: Final = 2**63 - 1

Headers = list[tuple[str, bytes | None]]


class Entry(NamedTuple):
    """One record to append; a timestamp of `None` means now."""

    value: bytes | None
    key: bytes | None = None
    headers: Headers | None = None
    timestamp: int | None = None


def data_of(entry: dict[str, Any], name: str) -> bytes | None:
    """Return the bytes of a field of JSON: text, base64 under `<name>_base64`, or a JSON value."""
    if f"{name}_base64" in entry:
        return base64.b64decode(entry[f"{name}_base64"], validate=True)
    value = entry.get(name)
    if value is None:
        return None
    return (value if isinstance(value, str) else json.dumps(value)).encode()


def timestamp_of(value: object) -> int:
    """Return a timestamp.

    Raises:
        ValueError: If no record has room for it.
        TypeError: If it is no number.
    """
    timestamp = operator.index(value)  # type: ignore[arg-type]  # of anything, which it refuses
    if abs(timestamp) > TIMESTAMP_MAX:
        raise ValueError("no record has room for such a time")
    return timestamp


def entry_of_json(line: bytes) -> Entry:
    """Read a record from a line of JSON, as `dump --records -o json` prints it.

    Raises:
        ValueError: If the line is not an object of that shape.
    """
    try:
        entry = json.loads(line)
        headers = [
            (header["name"], data_of(header, "value")) for header in entry.get("headers", [])
        ]
        timestamp = entry.get("timestamp")
        timestamp = None if timestamp is None else timestamp_of(timestamp)
        return Entry(data_of(entry, "value"), data_of(entry, "key"), headers or None, timestamp)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        shown = line[:80].decode(errors="backslashreplace")
        raise ValueError(f"not a record in JSON: {shown}") from error


def arriving_lines(stream: IO[bytes]) -> Iterator[list[bytes]]:
    """Yield lists of the lines that have arrived, without their ends."""
    rest = b""
    read = getattr(stream, "read1", stream.read)
    while chunk := read(CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


def size_of(stream: IO[bytes]) -> int:
    """Return the bytes of a regular file behind a stream, 0 for a pipe or a terminal."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
