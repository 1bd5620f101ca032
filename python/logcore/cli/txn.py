"""`logcore txn`: transactions of any Kafka, those that hang among them.

Invariant: nothing is aborted that was not named.
Neighbours: `logcore.admin.transactions` does it; `connecting` says where.
"""

from collections.abc import Sequence
from typing import Final

import click

from logcore.cli.connecting import ClusterOptions, cluster_options
from logcore.cli.outcomes import tell_errors, tell_outcomes
from logcore.cli.output import output_option, print_rows, time_text

MS_PER_S: Final = 1000


@click.group("txn")
def txn_command() -> None:
    """List and describe transactions, end those that hang."""


@txn_command.command("list")
@click.option("--state", "states", multiple=True, help="Only transactions in this state.")
@click.option("--longer-than", type=float, metavar="SECONDS", help="Only those open for longer.")
@cluster_options
@output_option
def list_transactions(
    *, states: Sequence[str], longer_than: float | None, cluster: ClusterOptions, output: str
) -> None:
    """List transactional ids and what they are doing."""
    longer_than_ms = -1 if longer_than is None else int(longer_than * MS_PER_S)
    with cluster.admin() as admin:
        found = admin.transactions.list(states=states, longer_than_ms=longer_than_ms)
    rows = (
        {"name": one.transactional_id, "producer_id": one.producer_id, "state": one.state}
        for one in found
    )
    print_rows(rows, output, "there are no transactions")


@txn_command.command("describe")
@click.argument("names", nargs=-1, required=True, metavar="ID...")
@cluster_options
@output_option
def describe_transactions(names: Sequence[str], *, cluster: ClusterOptions, output: str) -> None:
    """Describe transactional ids."""
    with cluster.admin() as admin:
        results = admin.transactions.describe(*names)
    rows = (
        {
            "name": one.transactional_id,
            "state": one.state,
            "producer_id": one.producer_id,
            "epoch": one.producer_epoch,
            "timeout_ms": one.timeout_ms,
            "started": None if one.started_ms is None else time_text(one.started_ms),
            "partitions": [str(partition) for partition in one.partitions],
        }
        for one in results.succeeded.values()
    )
    print_rows(rows, output)
    tell_errors(results)


@txn_command.command("producers")
@click.argument("topic")
@cluster_options
@output_option
def list_producers(topic: str, *, cluster: ClusterOptions, output: str) -> None:
    """List the producers that the partitions of TOPIC know."""
    with cluster.admin() as admin:
        results = admin.transactions.producers(admin.offsets.partitions(topic))
    rows = (
        {
            "partition": partition.partition,
            "producer_id": one.producer_id,
            "epoch": one.producer_epoch,
            "last_sequence": one.last_sequence,
            "last_written": (
                None if one.last_timestamp_ms is None else time_text(one.last_timestamp_ms)
            ),
            "transaction_start": one.transaction_start_offset,
        }
        for partition, producers in results.succeeded.items()
        for one in producers
    )
    print_rows(rows, output, f"nobody has written to {topic} with an id")
    tell_errors(results)


@txn_command.command("abort")
@click.argument("topic")
@click.argument("partition", type=click.IntRange(min=0))
@click.argument("start_offset", type=click.IntRange(min=0))
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@cluster_options
def abort_transaction(
    topic: str, partition: int, start_offset: int, *, yes: bool, cluster: ClusterOptions
) -> None:
    """Abort the transaction that hangs in a partition, beginning at START_OFFSET."""
    from logcore.client.positions import TopicPartition  # noqa: PLC0415

    if not yes:
        click.confirm(f"Abort what begins at {topic}-{partition}:{start_offset}?", abort=True)
    with cluster.admin() as admin:
        admin.transactions.abort(TopicPartition(topic, partition), start_offset=start_offset)
    click.echo(f"aborted in {topic}-{partition}")


@txn_command.command("fence")
@click.argument("names", nargs=-1, required=True, metavar="ID...")
@cluster_options
@output_option
def fence_producers(names: Sequence[str], *, cluster: ClusterOptions, output: str) -> None:
    """Fence the producers of transactional ids, which aborts what they have open."""
    with cluster.admin() as admin:
        tell_outcomes(admin.transactions.fence(*names), "fenced", output)
