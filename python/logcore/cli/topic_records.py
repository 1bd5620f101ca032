"""`logcore topic offsets` and `truncate`: where the records of topics begin and end.

Invariant: ``truncate`` can be tried with ``--dry-run``; it asks first, unless it is told not to.
Neighbours: `topic` is the group; `logcore.admin.offsets` and `logcore.admin.topics` do it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from logcore.cli.connecting import ClusterOptions, cluster_options, dry_run_option
from logcore.cli.numbers import OFFSET, PARTITION
from logcore.cli.outcomes import tell_errors
from logcore.cli.output import output_option, print_rows, time_text
from logcore.cli.partitions import named_partitions, partitions_argument
from logcore.cli.times import Moment


@click.command("offsets")
@partitions_argument
@click.option(
    "--time", "at", type=Moment(), metavar="TIME",
    help="Show the first record as late as this, too; 2h is two hours ago.",
)  # fmt: skip
@click.option("--newest", is_flag=True, help="Show the record of the latest time, too.")
@cluster_options
@output_option
def offsets_command(
    named: Sequence[str],
    *,
    at: datetime | None,
    newest: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Show where partitions begin and end."""
    from logcore.admin.offsets import OffsetSpec  # noqa: PLC0415 - as all that asks a cluster

    asked: dict[str, OffsetSpec | datetime] = {}
    if at is not None:
        asked["at_time"] = at
    if newest:
        asked["newest"] = OffsetSpec.MAX_TIMESTAMP
    with cluster.admin() as admin:
        partitions = named_partitions(admin, named)
        bounds = admin.offsets.bounds(partitions)
        found = {
            column: admin.offsets.find(dict.fromkeys(partitions, what)).raise_for_errors()
            for column, what in asked.items()
        }
    rows = []
    for one, (low, high) in sorted(bounds.succeeded.items()):
        row: dict[str, Any] = {
            "topic": one.topic,
            "partition": one.partition,
            "start": low,
            "end": high,
        }
        for column, offsets in found.items():
            record = offsets[one]
            row[column] = record.offset
            told = record.timestamp_ms
            row[f"{column}_timestamp"] = None if told is None else time_text(told)
        rows.append(row)
    print_rows(rows, output)
    tell_errors(bounds)


@click.command("truncate")
@click.argument("name")
@click.option(
    "-p", "--partition", "numbers", type=PARTITION, multiple=True, help="Only this partition."
)
@click.option(
    "--before",
    type=OFFSET,
    metavar="OFFSET",
    help="Keep this offset and later ones.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@dry_run_option
@cluster_options
@output_option
def truncate_command(
    name: str,
    *,
    numbers: Sequence[int],
    before: int | None,
    yes: bool,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Delete the records of topic NAME: all of them, or those before an offset."""
    words = [f"{name}:{','.join(map(str, numbers))}"] if numbers else [name]
    with cluster.admin() as admin:
        wanted = named_partitions(admin, words)
        bounds = admin.offsets.bounds(wanted).raise_for_errors()
        if dry_run:
            rows = (
                {
                    "partition": one.partition,
                    "start": low,
                    "start_after": high if before is None else before,
                }
                for one, (low, high) in sorted(bounds.items())
            )
            print_rows(rows, output)
            return
        if not yes:
            click.confirm(f"Delete records of {name}?", abort=True, err=True)
        results = admin.topics.delete_records(
            dict.fromkeys(wanted, -1 if before is None else before)
        )
    rows_after = (
        {"partition": one.partition, "start": start}
        for one, start in sorted(results.succeeded.items())
    )
    print_rows(rows_after, output)
    tell_errors(results)
