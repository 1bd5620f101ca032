"""`logcore produce`: send lines, or records in JSON, to a topic of any Kafka.

Invariant: lines are sent as they arrive; the command succeeds only if every record was
acknowledged, and says how many were.
Neighbours: `entries` reads lines; `logcore.producer` sends; `consume` is the way back.
"""

import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

import click

from logcore.cli.connecting import ClusterOptions, cluster_options, dry_run_option, parse_pairs
from logcore.cli.entries import Entry, Headers, arriving_lines, entry_of_json, size_of
from logcore.cli.format_writing import Writing
from logcore.cli.formats import Formats, writing_options
from logcore.cli.numbers import PARTITION
from logcore.cli.output import bytes_text, output_option, print_report, progress

if TYPE_CHECKING:
    from logcore.producer.producer import Producer
    from logcore.record.encoding import Delivery

CODECS = ("gzip", "snappy", "lz4", "zstd")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a line becomes a record.

    Attributes:
        as_json: Whether it is a record in JSON.
        delimiter: What stands between key and value; None if there is no key.
        empty_is_null: Whether an empty key or value is a null.
        headers: Headers of every record.
        writing: Writes key and value in their formats; None if they are bytes.
        key: The key of records that have none of their own.
    """

    as_json: bool
    delimiter: bytes | None
    empty_is_null: bool
    headers: Headers
    writing: Writing | None = None
    key: bytes | None = None

    def entry(self, line: bytes) -> Entry:
        """Read one line.

        Raises:
            ValueError: If it is no record in JSON, or none of its formats, where that was said.
        """
        if self.as_json:
            entry = entry_of_json(line)
        elif self.delimiter is None:
            entry = Entry(line)
        else:
            key, found, value = line.partition(self.delimiter)
            entry = Entry(value, key) if found else Entry(line)
        if entry.key is None:
            entry = entry._replace(key=self.key)
        if self.headers:
            entry = entry._replace(headers=[*(entry.headers or ()), *self.headers])
        if self.empty_is_null:
            entry = entry._replace(value=entry.value or None, key=entry.key or None)
        if self.writing is not None:
            entry = self.writing.entry(entry, line if self.as_json else None)
        return entry


@dataclass(slots=True)
class Sent:
    """What became of the records."""

    records: int = 0
    bytes: int = 0
    acknowledged: int = 0
    failed: int = 0
    first_error: Exception | None = None

    def heard(self, delivery: "Delivery") -> None:
        """Take note of an outcome; called on the producer's thread."""
        error = delivery.exception()
        if error is None:
            self.acknowledged += 1
        else:
            self.failed += 1
            self.first_error = self.first_error or error


@click.command("produce")
@click.argument("topic")
@click.argument("files", nargs=-1, type=click.File("rb"), metavar="[FILE...]")
@click.option("-k", "--key-delimiter", metavar="TEXT", help="What stands between key and value.")
@click.option("--key", metavar="TEXT", help="The key of records that have none of their own.")
@click.option("--json", "as_json", is_flag=True, help="Each line is a record in JSON.")
@click.option(
    "-H", "--header", "headers", multiple=True, metavar="NAME=VALUE",
    help="A header of every record; may be repeated.",
)  # fmt: skip
@click.option("-p", "--partition", type=PARTITION, help="Default: by the key.")
@click.option("-z", "--compression", type=click.Choice(CODECS), help="Codec; default: none.")
@click.option("--null", "empty_is_null", is_flag=True, help="An empty key or value is a null.")
@writing_options
@dry_run_option
@cluster_options
@output_option
def produce_command(
    topic: str,
    files: Sequence[IO[bytes]],
    *,
    key_delimiter: str | None,
    key: str | None,
    as_json: bool,
    headers: Sequence[str],
    partition: int | None,
    compression: str | None,
    empty_is_null: bool,
    formats: Formats,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Send the lines of FILEs, or else of stdin, to TOPIC.

    A record in JSON is an object with `value`, `key`, `timestamp` (ms since 1970), `headers`, all
    optional, as `logcore consume -o json` prints them. In a format, each key and value is JSON, but
    strings and UUIDs are as they stand.
    """
    delimiter = None if key_delimiter is None else unescaped(key_delimiter)
    pairs = (pair for text in headers for pair in parse_pairs([text]).items())
    told: Headers = [(name, value.encode()) for name, value in pairs]
    shape = Shape(
        as_json, delimiter, empty_is_null, told, key=None if key is None else key.encode()
    )
    streams = files or (sys.stdin.buffer,)
    if dry_run:
        show(streams, shape, output)
        return
    settings = {"compression.type": compression} if compression else {}
    formats, cluster = formats.apart(cluster)
    with ExitStack() as stack:
        if not formats.are_plain:
            shape = replace(shape, writing=stack.enter_context(Writing(formats, topic)))
        producer = stack.enter_context(
            replace(cluster, settings=settings | cluster.settings).producer()
        )
        bar = stack.enter_context(progress(sum(map(size_of, streams)), "producing"))
        start, sent = time.perf_counter(), Sent()
        for stream in streams:
            for lines in arriving_lines(stream):
                send(producer, topic, map(shape.entry, kept(lines, shape)), partition, sent)
                bar.update(sum(map(len, lines)) + len(lines))
        producer.flush()
        took_s = time.perf_counter() - start
    if sent.first_error is not None:
        raise click.ClickException(
            f"{sent.failed} of {sent.records} records were not acknowledged: {sent.first_error}"
        )
    report = {"records": sent.records, "bytes": sent.bytes, "seconds": round(took_s, 3)}
    print_report({"topic": topic, **report}, output)


def kept(lines: Iterable[bytes], shape: Shape) -> Iterable[bytes]:
    """Return the lines that are records: in JSON, an empty one is none."""
    return (line for line in lines if line.strip()) if shape.as_json else lines


def send(
    producer: "Producer",
    topic: str,
    entries: Iterable[Entry],
    partition: int | None,
    sent: Sent,
) -> None:
    """Send some records, and have their outcomes heard."""
    for entry in entries:
        producer.send(
            topic,
            entry.value,
            entry.key,
            partition=partition,
            headers=entry.headers,
            timestamp=entry.timestamp,
            on_delivery=sent.heard,
        )
        sent.records += 1
        sent.bytes += len(entry.value or b"") + len(entry.key or b"")


def show(streams: Iterable[IO[bytes]], shape: Shape, output: str) -> None:
    """Show the records that would be sent."""
    for stream in streams:
        for lines in arriving_lines(stream):
            for entry in map(shape.entry, kept(lines, shape)):
                shown = {"key": bytes_text(entry.key), "value": bytes_text(entry.value)}
                print_report(shown, output)


def unescaped(text: str) -> bytes:
    """Return a delimiter as bytes; a backslash begins an escape, such as a tab.

    Raises:
        click.UsageError: If there is none, or an escape is none.
    """
    try:
        delimiter = text.encode().decode("unicode_escape").encode()
    except UnicodeDecodeError:
        delimiter = b""
    if not delimiter:
        raise click.UsageError(f"--key-delimiter {text!r}: write text, with \\t for a tab")
    return delimiter
