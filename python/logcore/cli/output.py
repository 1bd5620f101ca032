"""What commands share: the `-o` option, records and reports as text or JSON, progress.

Invariant: with `-o json` stdout carries JSON and nothing else, one object a line. Bytes that are
UTF-8 are shown as text under their field's name, others as base64 under `<field>_base64`;
`logcore log append --json` takes the same shape back. Progress goes to stderr, on a terminal only.
Neighbours: the modules `log_*` are the users.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from logcore.record import Record

STEP: Final = 1000
"""Offsets between two moves of a bar."""

F = TypeVar("F", bound=Callable[..., Any])


def output_option(command: F) -> F:
    """Give a command `-o text|json`, as its argument `output`."""
    choice = click.Choice(["text", "json"])
    return click.option(
        "-o", "--output", type=choice, default="text", show_default=True, help="How to print."
    )(command)


def path_argument(command: F) -> F:
    """Give a command the log's directory, as its argument `path`."""
    return click.argument("path", type=click.Path(file_okay=False))(command)


def existing_path_argument(command: F) -> F:
    """Give a command the directory of a log that must be there, as its argument `path`."""
    return click.argument("path", type=click.Path(exists=True, file_okay=False))(command)


def field(name: str, data: bytes | None) -> dict[str, str | None]:
    """Return a field of JSON that holds bytes."""
    if data is None:
        return {name: None}
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        import base64  # noqa: PLC0415 - what is text does not pay for it

        return {f"{name}_base64": base64.b64encode(data).decode()}


def record_object(record: "Record") -> dict[str, Any]:
    """Return a record as an object of JSON."""
    shown: dict[str, Any] = {"offset": record.offset, "timestamp": record.timestamp}
    shown |= field("key", record.key) | field("value", record.value)
    if record.headers:
        shown["headers"] = [{"name": name, **field("value", data)} for name, data in record.headers]
    return shown


def time_text(timestamp: int) -> str:
    """Return milliseconds since 1970 as UTC, or the number where no calendar has it."""
    try:
        moment = datetime.fromtimestamp(timestamp / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return str(timestamp)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def bytes_text(data: bytes | None) -> str:
    """Return bytes for a person: `-` for null, escapes for what no terminal should be sent."""
    if data is None:
        return "-"
    text = data.decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def record_line(record: "Record") -> str:
    """Return a record as a line: offset, time, key, value, headers, separated by tabs."""
    parts = [str(record.offset), time_text(record.timestamp)]
    parts += [bytes_text(record.key), bytes_text(record.value)]
    parts += [f"{name}={bytes_text(data)}" for name, data in record.headers]
    return "\t".join(parts)


def jsonable(value: object) -> Any:  # noqa: ANN401 - JSON
    """Return a report as JSON can hold it: data classes, mappings, ranges, paths included."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): jsonable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(part) for part in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def print_json(value: object) -> None:
    """Print one object as one line."""
    import json  # noqa: PLC0415 - tables do not pay for it

    click.echo(json.dumps(jsonable(value), ensure_ascii=False))


def print_report(value: object, output: str) -> None:
    """Print one object: as JSON, or as lines `name: value` of what there is."""
    if output == "json":
        print_json(value)
        return
    for name, part in jsonable(value).items():
        if isinstance(part, list) and part and isinstance(part[0], dict):
            click.echo(f"{name}:")
            for item in part:
                click.echo("  " + "  ".join(f"{key}={item[key]}" for key in item))
        elif isinstance(part, dict):
            click.echo(f"{name}: " + "  ".join(f"{key}={part[key]}" for key in part))
        elif part is not None and part != []:
            click.echo(f"{name}: {part}")


def print_rows(rows: Iterable[Mapping[str, object]], output: str, empty: str = "none") -> None:
    """Print things of one kind: one object of JSON a line, or a table.

    Args:
        rows: The things; their keys are the columns.
        output: ``json`` or ``text``.
        empty: What the text says if there is none; nothing if it is empty.
    """
    listed = [{name: jsonable(value) for name, value in row.items()} for row in rows]
    if output == "json":
        for row in listed:
            print_json(row)
        return
    if not listed:
        if empty:
            click.echo(empty)
        return
    columns = list(listed[0])
    cells = [[cell_text(row.get(name)) for name in columns] for row in listed]
    table = [[name.replace("_", " ").upper() for name in columns], *cells]
    widths = [max(len(line[at]) for line in table) for at in range(len(columns))]
    for line in table:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def cell_text(value: object) -> str:
    """Return a value as a cell of a table has it."""
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(cell_text(part) for part in value)
    if isinstance(value, dict):
        return ",".join(f"{key}={cell_text(part)}" for key, part in value.items())
    return str(value)


def progress(
    length: int, label: str, *, is_shown: bool = True
) -> "AbstractContextManager[ProgressBar[int]]":
    """Return a progress bar on stderr, hidden if it is not wanted, or that is no terminal."""
    hidden = not (is_shown and sys.stderr.isatty())
    return click.progressbar(length=max(length, 1), label=label, file=sys.stderr, hidden=hidden)


def shown_progress(
    records: "Iterable[Record]", first_offset: int, end_offset: int
) -> "Iterator[Record]":
    """Yield records, moving a bar by offsets; only where stdout does not fill the same terminal."""
    if sys.stdout.isatty() or not sys.stderr.isatty():
        yield from records
        return
    with progress(end_offset - first_offset, "reading") as bar:
        seen = first_offset
        for record in records:
            yield record
            if record.offset - seen >= STEP:
                bar.update(record.offset - seen)
                seen = record.offset
        bar.update(end_offset - seen)
