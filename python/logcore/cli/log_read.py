"""`logcore log dump` and `logcore log tail`: what stands in a log.

Invariant: both open the log read-only and change nothing, a live writer's directory included.
Neighbours: `logcore.cli.output` prints; `logcore.log` reads.
"""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from logcore.cli.output import (
    existing_path_argument,
    output_option,
    print_json,
    record_line,
    record_object,
    shown_progress,
    time_text,
)

if TYPE_CHECKING:
    from logcore.log import BatchView, Log
    from logcore.record import Record

CHUNK_BYTES: Final = 1 << 20
BATCH_FIELDS: Final = (
    "base_offset", "last_offset", "count", "max_timestamp", "compression", "producer_id",
    "is_transactional", "is_control",
)  # fmt: skip


def batches(log: "Log", start: int) -> "Iterator[BatchView]":
    """Yield the batches from the one that holds `start` to the end of the log."""
    while start < log.end_offset:
        found = log.read_batches(start, CHUNK_BYTES)
        if not found:
            return
        yield from found
        start = found[-1].last_offset + 1


def batch_object(batch: "BatchView") -> dict[str, Any]:
    """Return what a batch's header says, as an object of JSON."""
    shown = {name: getattr(batch, name) for name in BATCH_FIELDS}
    return shown | {"size_bytes": len(memoryview(batch))}


def batch_line(batch: "BatchView") -> str:
    """Return a batch as a line of `name: value`, without what says nothing."""
    shown = batch_object(batch)
    line = (
        f"offsets {shown['base_offset']}..{shown['last_offset']}  records: {shown['count']}"
        f"  size_bytes: {shown['size_bytes']}  max_timestamp: {time_text(shown['max_timestamp'])}"
        f"  compression: {shown['compression'] or 'none'}"
    )
    if shown["producer_id"] not in (None, -1):
        line += f"  producer_id: {shown['producer_id']}"
    return line + "".join(f"  {n[3:]}" for n in ("is_transactional", "is_control") if shown[n])


def print_record(record: "Record", output: str) -> None:
    """Print one record as a line of the chosen format."""
    if output == "json":
        print_json(record_object(record))
    else:
        click.echo(record_line(record))


@click.command("dump")
@existing_path_argument
@click.option("--records", is_flag=True, help="Show the records, not only their batches.")
@click.option(
    "--from", "start", type=int, metavar="OFFSET", help="First offset; default: the start."
)
@click.option("-n", "--limit", type=click.IntRange(min=0), help="Show at most this many.")
@output_option
def dump_command(
    path: str, *, records: bool, start: int | None, limit: int | None, output: str
) -> None:
    """Show the batches of the log in PATH, or with --records each record.

    A line of records has offset, time, key, value and headers, separated by tabs.
    """
    from logcore.log import Log  # noqa: PLC0415 - only a command that runs pays for the engine

    with Log(path, readonly=True) as log:
        first = log.start_offset if start is None else start
        if records:
            found = log.iter(first)
            last = log.end_offset
            for record in islice(shown_progress(found, first, last), limit):
                print_record(record, output)
            return
        for batch in islice(batches(log, first), limit):
            if output == "json":
                print_json(batch_object(batch))
            else:
                click.echo(batch_line(batch))


@click.command("tail")
@existing_path_argument
@click.option(
    "-n", "--lines", type=click.IntRange(min=0), default=10, show_default=True,
    help="Show the last this many offsets.",
)  # fmt: skip
@click.option("-f", "--follow", is_flag=True, help="Go on with what is appended, until Ctrl-C.")
@click.option(
    "--timeout", type=float, metavar="SECONDS",
    help="With --follow: end when nothing came for this long.",
)  # fmt: skip
@output_option
def tail_command(
    path: str, *, lines: int, follow: bool, timeout: float | None, output: str
) -> None:
    """Show the last records of the log in PATH; with -f follow its writer."""
    from logcore.log import Log  # noqa: PLC0415 - only a command that runs pays for the engine

    with Log(path, readonly=True) as log:
        start = max(log.start_offset, log.end_offset - lines)
        try:
            for record in log.iter(start, follow=follow, timeout=timeout):
                print_record(record, output)
        except KeyboardInterrupt:
            click.echo(err=True)
