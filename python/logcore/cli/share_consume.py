"""`logcore share consume`: read topics of any Kafka as a member of a share group.

Invariant: a record is acknowledged after it was shown, and no more are acquired than are shown;
what was acquired and not shown goes back to the group.
Neighbours: `share` has the other commands; `record_format` shows records; `consume` reads in other
groups; `logcore.consumer.share_consumer` reads.
"""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import click

from logcore.cli.connecting import ClusterOptions, cluster_options
from logcore.cli.numbers import COUNT
from logcore.cli.outcomes import SomeFailedError
from logcore.cli.output import output_option, print_json
from logcore.cli.record_format import Show, TemplateParameter, record_line, record_object

if TYPE_CHECKING:
    from logcore.consumer.share_consumer import ShareConsumer
    from logcore.consumer.share_record import ShareRecord

POLL_S: Final = 0.5
POLL_RECORDS: Final = 500
WORDS: Final = ("accept", "release", "reject")


@click.command("consume")
@click.argument("name")
@click.argument("topics", nargs=-1, required=True, metavar="TOPIC...")
@click.option("-n", "--limit", type=COUNT, metavar="N", help="At most N records.")
@click.option(
    "--idle",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End when nothing came for so long; otherwise it ends with Ctrl-C.",
)
@click.option(
    "--as",
    "word",
    type=click.Choice(WORDS),
    default="accept",
    show_default=True,
    help="What becomes of the records: accepted, given back, or refused for good.",
)
@click.option(
    "--format", "template", type=TemplateParameter(), metavar="FORMAT",
    help="As kcat's -f, such as %p:%o %k=%s\\n.",
)  # fmt: skip
@cluster_options
@output_option
def share_consume(
    name: str,
    topics: Sequence[str],
    *,
    limit: int | None,
    idle: float | None,
    word: str,
    template: Show | None,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Show and acknowledge records of TOPIC as a member of share group NAME.

    A group that is new begins at the end of its topics. Where it is to begin is a setting of it:
    `logcore config set group:NAME share.auto.offset.reset=earliest`.
    """
    show = shower(template, output)
    problems: list[str] = []
    with cluster.share_consumer(name, topics) as consumer:
        left = limit
        try:
            while left is None or left > 0:
                count = POLL_RECORDS if left is None else min(left, POLL_RECORDS)
                records = wait(consumer, count, idle)
                if not records:
                    break
                show_all(consumer, records, show, word)
                problems += tell_problems(consumer)
                left = None if left is None else left - len(records)
        except KeyboardInterrupt:
            pass  # the way to end it
    if problems:
        raise SomeFailedError("; ".join(problems))


def wait(consumer: "ShareConsumer", count: int, idle: float | None) -> "list[ShareRecord]":
    """Return the next records; none if none came for too long."""
    if idle is not None:
        return consumer.poll(idle, count)
    while not (records := consumer.poll(POLL_S, count)):
        pass
    return records


def show_all(
    consumer: "ShareConsumer",
    records: "list[ShareRecord]",
    show: "Callable[[ShareRecord], object]",
    word: str,
) -> None:
    """Show records, and say of each what is to become of it."""
    from logcore.consumer.acknowledgements import AcknowledgeType  # noqa: PLC0415

    what = AcknowledgeType[word.upper()]
    for record in records:
        show(record)
    sys.stdout.flush()  # what nobody saw is not to be acknowledged
    for record in records:
        consumer.acknowledge(record, what)


def tell_problems(consumer: "ShareConsumer") -> list[str]:
    """Have acknowledged what was shown; tell, and return, what was not."""
    problems = [f"{place}: {error}" for place, error in consumer.commit().items() if error]
    for problem in problems:
        click.echo(f"not acknowledged, so these records come again: {problem}", err=True)
    return problems


def shower(template: Show | None, output: str) -> "Callable[[ShareRecord], object]":
    """Return what shows a record."""
    if template is not None:
        write = sys.stdout.buffer.write
        return lambda record: write(template(record.record))
    if output == "json":
        return lambda record: print_json(
            record_object(record.record) | {"delivery_count": record.delivery_count}
        )
    return lambda record: click.echo(line(record))


def line(record: "ShareRecord") -> str:
    """Return a record as a line, which tells when it comes again."""
    count = record.delivery_count
    return record_line(record.record) + (f"\tdelivery {count}" if count > 1 else "")
