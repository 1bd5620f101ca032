"""`logcore log stat` and `logcore log verify`: how a log is, and whether all of it is readable.

Invariant: both open the log read-only; `verify` ends with exit code 1 if it found a problem. A
reader takes a damaged batch in the newest segment for the end of the log, so `verify` looks behind
it, too.
Neighbours: `logcore.cli.output` prints; `logcore.log` looks.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from logcore.cli.output import (
    existing_path_argument,
    jsonable,
    output_option,
    print_report,
    progress,
)

if TYPE_CHECKING:
    from logcore.log import Log

CHUNK_BYTES: Final = 1 << 20
WRITE_S: Final = 0.5
"""Seconds within which a write under way becomes readable."""


def unreadable_tail(log: "Log") -> list[str]:
    """Say what stands behind the last readable batch, unless it is zeros or a write under way."""
    base_offset, size_bytes = log.stat().segments[-1]
    path = Path(log.path) / f"{base_offset:020}.log"
    with path.open("rb") as file:
        file.seek(size_bytes)
        is_empty = all(
            not chunk.strip(b"\0") for chunk in iter(lambda: file.read(CHUNK_BYTES), b"")
        )
    if is_empty or log.wait(log.end_offset, WRITE_S):
        return []
    behind = path.stat().st_size - size_bytes
    return [f"{path}, byte {size_bytes}: {behind} bytes at the end are not whole batches"]


@click.command("stat")
@existing_path_argument
@output_option
def stat_command(path: str, output: str) -> None:
    """Show offsets, sizes and segments of the log in PATH."""
    from logcore.log import Log  # noqa: PLC0415 - only a command that runs pays for the engine

    with Log(path, readonly=True) as log:
        stat = jsonable(log.stat())
    names = ("base_offset", "size_bytes")
    stat["segments"] = [dict(zip(names, segment, strict=True)) for segment in stat["segments"]]
    print_report(stat, output)


@click.command("verify")
@existing_path_argument
@output_option
def verify_command(path: str, output: str) -> None:
    """Check every batch, record and index entry of the log in PATH."""
    from logcore.log import Log  # noqa: PLC0415 - only a command that runs pays for the engine

    with Log(path, readonly=True) as log, progress(log.stat().size_bytes, "verifying") as bar:
        report = jsonable(log.verify(lambda done, _total: bar.update(done - bar.pos)))
        report["problems"] += unreadable_tail(log)
    print_report(report, output)
    if report["problems"]:
        raise SystemExit(1)
