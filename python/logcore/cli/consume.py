"""`logcore consume`: read a topic of any Kafka: from an offset, a time, the last n, or in a group.

Invariant: without ``--follow`` it ends where the topic ended when it began; nothing is committed
unless it reads in a group. What says where to begin is said once, and nothing that is said is
ignored.
Neighbours: `record_format` shows records; `logcore.consumer` reads; `produce` is the way in.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import click

from logcore.cli.connecting import ClusterOptions, cluster_options
from logcore.cli.formats import Formats, Reading, format_options
from logcore.cli.numbers import COUNT, OFFSET, PARTITION
from logcore.cli.output import output_option, print_json, progress
from logcore.cli.record_format import Show, TemplateParameter, record_line, record_object
from logcore.cli.times import Moment, timestamp_ms
from logcore.cli.typed import Typed
from logcore.common.types import override

if TYPE_CHECKING:
    from logcore.client.positions import TopicPartition
    from logcore.consumer.consumer import Consumer
    from logcore.record import ConsumerRecord

POLL_S: Final = 0.5
POLL_RECORDS: Final = 10_000
BEGINNING: Final = "beginning"
END: Final = "end"


@dataclass(frozen=True, slots=True)
class Start:
    """Where to begin: at the beginning if nothing is set, and no more than one thing is.

    Attributes:
        at: At the first record as late as this.
        last: So many records before the end of each partition.
        offset: At this offset, or "beginning" or "end".
    """

    at: datetime | None = None
    last: int | None = None
    offset: int | str | None = None

    @property
    def given(self) -> list[str]:
        """The options that were given."""
        told = {"--time": self.at, "--last": self.last, "--offset": self.offset}
        return [name for name, value in told.items() if value is not None]


class OffsetParameter(Typed):
    """``beginning``, ``end``, or a number."""

    name = "offset"

    @override
    def read(self, text: str) -> int | str:
        """Read one."""
        if text in (BEGINNING, END):
            return text
        if not text.isdecimal():
            raise ValueError(f"{text[:40]}: write beginning, end or a number")
        return OFFSET.read(text)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records are shown: those whose key, value and headers match what is set."""

    key: re.Pattern[bytes] | None
    value: re.Pattern[bytes] | None
    headers: Sequence[tuple[str, re.Pattern[bytes]]] = ()

    def passes(self, record: "ConsumerRecord") -> bool:
        """Whether a record is shown."""
        return (
            (self.key is None or bool(self.key.search(record.key or b"")))
            and (self.value is None or bool(self.value.search(record.value or b"")))
            and all(
                any(name == wanted and found.search(data or b"") for name, data in record.headers)
                for wanted, found in self.headers
            )
        )


def pattern(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> re.Pattern[bytes] | None:
    """Read an expression."""
    try:
        return None if value is None else re.compile(value.encode())
    except re.error as error:
        raise click.BadParameter(f"{value}: {error}") from error


def header_patterns(
    context: click.Context, parameter: click.Parameter, values: Sequence[str]
) -> list[tuple[str, re.Pattern[bytes]]]:
    """Read names of headers with expressions; a name alone takes any value."""
    found = []
    for value in values:
        name, _, text = value.partition("=")
        read = pattern(context, parameter, text)
        assert read is not None, "an empty expression matches everything"
        found.append((name, read))
    return found


@click.command("consume")
@click.argument("topic")
@click.option(
    "-p", "--partition", "numbers", type=PARTITION, multiple=True, help="Only this partition."
)
@click.option(
    "--offset",
    type=OffsetParameter(),
    metavar="beginning|end|N",
    help="Where to begin.  [default: beginning]",
)
@click.option("--time", "at", type=Moment(), metavar="TIME", help="Begin there; 2h is 2 hours ago.")
@click.option("--until", type=Moment(), metavar="TIME", help="End before records as late as this.")
@click.option("--last", type=COUNT, metavar="N", help="The last N of a partition.")
@click.option("-n", "--limit", type=COUNT, metavar="N", help="At most N records.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what arrives, until Ctrl-C.")
@click.option(
    "-g",
    "--group",
    metavar="NAME",
    help="Read in a group, which commits, from where it is; follows.",
)
@click.option("--key", callback=pattern, metavar="REGEX", help="Only keys that match.")
@click.option("--grep", "value", callback=pattern, metavar="REGEX", help="Only values that match.")
@click.option(
    "-H", "--header", "headers", multiple=True, callback=header_patterns, metavar="NAME[=REGEX]",
    help="Only records with this header, or with one that matches; may be repeated.",
)  # fmt: skip
@click.option(
    "--format", "template", type=TemplateParameter(), metavar="FORMAT",
    help="As kcat's -f, such as %p:%o %k=%s\\n.",
)  # fmt: skip
@format_options
@cluster_options
@output_option
def consume_command(
    topic: str,
    *,
    numbers: Sequence[int],
    offset: int | str | None,
    at: datetime | None,
    until: datetime | None,
    last: int | None,
    limit: int | None,
    follow: bool,
    group: str | None,
    key: re.Pattern[bytes] | None,
    value: re.Pattern[bytes] | None,
    headers: Sequence[tuple[str, re.Pattern[bytes]]],
    template: Show | None,
    formats: Formats,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Show the records of TOPIC, from its beginning to where it ends now."""
    show = shower(template, output)
    start = Start(at, last, offset)
    if until is not None and (follow or group is not None):
        raise click.UsageError("--until is for what is there: leave out --follow and --group")
    check(start, numbers, group)
    formats, cluster = formats.apart(cluster)
    with ExitStack() as stack:
        reading = None if formats.are_plain else stack.enter_context(Reading(formats))
        consumer = stack.enter_context(cluster.consumer(group, [topic]))
        if group is not None:
            consumer.subscribe([topic])
            records = endless(consumer)
        else:
            places = places_of(consumer, topic, numbers)
            begin(consumer, places, start, is_followed=follow)
            records = endless(consumer) if follow else until_the_end(consumer, places, until)
        records = records if reading is None else reading.of(records)
        wanted = Filter(key, value, headers)
        shown = 0
        try:
            for record in records:
                if wanted.passes(record):
                    show(record)
                    shown += 1
                    if shown == limit:
                        break
        except KeyboardInterrupt:
            pass  # the way to end what follows
        sys.stdout.flush()


def check(start: Start, numbers: Sequence[int], group: str | None) -> None:
    """Refuse what contradicts itself.

    Raises:
        click.UsageError: If it is said more than once where to begin, or of a group, which knows.
    """
    if len(start.given) > 1:
        raise click.UsageError(f"say once where to begin: {' or '.join(start.given)}")
    if group is not None and (start.given or numbers):
        wrong = [*(["--partition"] if numbers else []), *start.given]
        raise click.UsageError(
            f"a group reads all partitions from where it is: leave out {' and '.join(wrong)}; "
            "`logcore group reset` sets where it is"
        )


def shower(template: Show | None, output: str) -> "Callable[[ConsumerRecord], object]":
    """Return what shows a record."""
    if template is not None:
        write = sys.stdout.buffer.write
        return lambda record: write(template(record))
    if output == "json":
        return lambda record: print_json(record_object(record))
    return lambda record: click.echo(record_line(record))


def places_of(consumer: "Consumer", topic: str, numbers: Sequence[int]) -> "list[TopicPartition]":
    """Return the partitions to read.

    Raises:
        click.UsageError: If one of those that are named is not there.
    """
    from logcore.client.positions import TopicPartition  # noqa: PLC0415

    found = consumer.partitions_for(topic)
    missing = set(numbers) - set(found)
    if missing:
        raise click.UsageError(f"{topic} has no partition {min(missing)}")
    return [TopicPartition(topic, number) for number in found if not numbers or number in numbers]


def begin(
    consumer: "Consumer", places: "list[TopicPartition]", start: Start, *, is_followed: bool
) -> None:
    """Take the partitions, and go to where reading begins."""
    consumer.assign(places)
    if start.at is not None:
        timestamp = timestamp_ms(start.at)
        found = consumer.offsets_for_times(dict.fromkeys(places, timestamp))
        ends = consumer.end_offsets(*places)
        for place in places:
            at = found.get(place)
            consumer.seek(place, ends[place] if at is None else at.offset)
    elif start.last is not None:
        starts, ends = consumer.beginning_offsets(*places), consumer.end_offsets(*places)
        for place in places:
            consumer.seek(place, max(starts[place], ends[place] - start.last))
    elif isinstance(start.offset, int):
        begin_at(consumer, places, start.offset, is_followed=is_followed)
    elif start.offset == END:
        consumer.seek_to_end(*places)
    else:
        consumer.seek_to_beginning(*places)


def begin_at(
    consumer: "Consumer", places: "list[TopicPartition]", offset: int, *, is_followed: bool
) -> None:
    """Go to an offset; a partition that ends before has nothing to show, if others have.

    Raises:
        click.ClickException: If it is past the end of all partitions, or of one that is followed:
            reading on would begin anywhere else.
    """
    ends = consumer.end_offsets(*places)
    past = [place for place in places if offset > ends[place]]
    if past and (is_followed or len(past) == len(places)):
        raise click.ClickException(
            f"offset {offset} is past the end of {past[0]}, which is {ends[past[0]]}"
        )
    for place in places:
        consumer.seek(place, min(offset, ends[place]))


def endless(consumer: "Consumer") -> "Iterable[ConsumerRecord]":
    """Yield records as they arrive."""
    return consumer


def until_the_end(
    consumer: "Consumer", places: "list[TopicPartition]", until: datetime | None = None
) -> "Iterator[ConsumerRecord]":
    """Yield the records up to where each partition ends now, or has the first one of a time."""
    ends = consumer.end_offsets(*places)
    if until is not None:
        timestamp = timestamp_ms(until)
        for place, found in consumer.offsets_for_times(dict.fromkeys(places, timestamp)).items():
            ends[place] = ends[place] if found is None else found.offset
    ends_of = {place.partition: end for place, end in ends.items()}
    left = {place for place in places if consumer.position(place) < ends[place]}
    count = sum(ends[place] - consumer.position(place) for place in left)
    with progress(count, "reading", is_shown=not sys.stdout.isatty()) as bar:
        while left := {place for place in left if consumer.position(place) < ends[place]}:
            records = consumer.poll(POLL_S, POLL_RECORDS)
            for record in records:
                if record.offset < ends_of[record.partition]:
                    yield record
            bar.update(len(records))
