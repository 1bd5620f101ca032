"""`logcore log append` and `logcore log compact`: the commands that change a log.

Invariant: lines are appended as they arrive, never held back for a fuller batch, and what is
reported as appended is as durable as `--durability` says. Records without a key are removed only
by who says so.
Neighbours: `logcore.cli.output` prints; `logcore.log` writes.
"""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, get_args

import click

from logcore.cli.entries import Entry, arriving_lines, entry_of_json, size_of
from logcore.cli.output import (
    existing_path_argument,
    output_option,
    path_argument,
    print_report,
    progress,
)

if TYPE_CHECKING:
    from logcore.log import Log

Durability = Literal["os", "batch", "group"]
Compression = Literal["gzip", "snappy", "lz4", "zstd"]


def append_entries(log: "Log", entries: list[Entry]) -> None:
    """Append records in their order, as one batch where none has headers or its own time."""
    if all(entry.headers is None and entry.timestamp is None for entry in entries):
        keyed = any(entry.key is not None for entry in entries)
        keys = [entry.key for entry in entries] if keyed else None
        log.append_batch([entry.value for entry in entries], keys)
        return
    for entry in entries:
        log.append(entry.value, entry.key, entry.headers, entry.timestamp)


def append_lines(log: "Log", lists: Iterable[list[bytes]], key: bytes | None, size: int,
                 as_json: bool) -> None:  # fmt: skip
    """Append lines as they arrive, with a bar where the size of the input is known."""
    with progress(size, "appending") as bar:
        for lines in lists:
            if as_json:
                entries = [entry_of_json(line) for line in lines if line.strip()]
            else:
                entries = [Entry(line, key) for line in lines]
            if entries:
                append_entries(log, entries)
            bar.update(sum(map(len, lines)) + len(lines))


@click.command("append")
@path_argument
@click.argument("values", nargs=-1)
@click.option("--key", help="Key of every record; default: none.")
@click.option("--json", "as_json", is_flag=True, help="Each value or line is a record in JSON.")
@click.option(
    "--durability", type=click.Choice(get_args(Durability)), default="batch",
    show_default=True, help="os: survives a killed process; batch, group: a power loss, too.",
)  # fmt: skip
@click.option(
    "--compression", type=click.Choice(get_args(Compression)), help="Codec; default: none."
)
@output_option
def append_command(
    path: str, *, values: tuple[str, ...], key: str | None, as_json: bool, durability: Durability,
    compression: Compression | None, output: str,
) -> None:  # fmt: skip
    """Append VALUES, or else the lines of stdin, to the log in PATH, which is created if absent.

    A record in JSON is an object with `value`, `key`, `timestamp` (ms since 1970), `headers`, all
    optional, as `logcore log dump --records -o json` prints them.
    """
    from logcore.log import Log  # noqa: PLC0415 - only a command that runs pays for the engine

    stream = sys.stdin.buffer
    lists = iter([[value.encode() for value in values]]) if values else arriving_lines(stream)
    size = 0 if values else size_of(stream)
    with Log(path, durability=durability, compression=compression) as log:
        first = log.end_offset
        append_lines(log, lists, None if key is None else key.encode(), size, as_json)
        end = log.end_offset
    print_report({"appended": end - first, "first_offset": first, "end_offset": end}, output)


@click.command("compact")
@existing_path_argument
@click.option("--unkeyed", is_flag=True, help="Remove records without a key; else one is an error.")
@output_option
def compact_command(path: str, *, unkeyed: bool, output: str) -> None:
    """Keep only the newest record of each key of the log in PATH; offsets stay as they are."""
    from logcore.log import Log  # noqa: PLC0415 - only a command that runs pays for the engine

    # The policy is what tells the engine that records without a key may go.
    with Log(path, cleanup_policy="compact" if unkeyed else "delete") as log:
        report = log.compact()
    print_report(report, output)
