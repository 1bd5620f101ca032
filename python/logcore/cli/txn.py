"""`logcore txn`: transactions of any Kafka, those that hang among them.

Invariant: nothing is aborted that was not named; each change can be tried with ``--dry-run``.
Neighbours: `logcore.admin.transactions` does it; `connecting` says where.
"""

from collections.abc import Sequence
from datetime import timedelta

import click

from logcore.cli.connecting import ClusterOptions, cluster_options, dry_run_option
from logcore.cli.numbers import OFFSET, PARTITION
from logcore.cli.outcomes import tell_done, tell_errors, tell_outcomes
from logcore.cli.output import output_option, print_rows, time_text
from logcore.cli.partitions import METAVAR, named_partitions
from logcore.cli.times import Period


@click.group("txn")
def txn_command() -> None:
    """List and describe transactions, end those that hang."""


@txn_command.command("list")
@click.option("--state", "states", multiple=True, help="Only transactions in this state.")
@click.option("--longer-than", type=Period(), metavar="PERIOD", help="Only those open for longer.")
@click.option("--match", "pattern", metavar="REGEX", help="Only ids that match, as a whole.")
@cluster_options
@output_option
def list_transactions(
    *,
    states: Sequence[str],
    longer_than: timedelta | None,
    pattern: str | None,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """List transactional ids and what they are doing."""
    longer_than_ms = -1 if longer_than is None else longer_than // timedelta(milliseconds=1)
    with cluster.admin() as admin:
        found = admin.transactions.list(
            states=states, longer_than_ms=longer_than_ms, id_pattern=pattern
        )
    rows = (
        {"name": one.transactional_id, "producer_id": one.producer_id, "state": one.state}
        for one in found
    )
    is_filtered = bool(states) or longer_than is not None or pattern is not None
    empty = "no transaction is so" if is_filtered else "there are no transactions"
    print_rows(rows, output, empty)


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
    print_rows(rows, output, "")
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
        for partition, producers in sorted(results.succeeded.items())
        for one in producers
    )
    print_rows(rows, output, f"nobody has written to {topic} with an id")
    tell_errors(results)


@txn_command.command("hanging")
@click.argument("named", nargs=-1, metavar=f"[{METAVAR}...]")
@click.option(
    "--open-for", type=Period(), default="15m", show_default=True, metavar="PERIOD",
    help="For how long their producers have written nothing; longer than transactions may last.",
)  # fmt: skip
@cluster_options
@output_option
def list_hanging(
    named: Sequence[str], *, open_for: timedelta, cluster: ClusterOptions, output: str
) -> None:
    """Find transactions that hang: open in a partition, and unknown to their coordinators.

    Without a name all topics are searched. `abort` ends what is found.
    """
    with cluster.admin() as admin:
        partitions = named_partitions(admin, named or admin.topics.list())
        found = admin.transactions.hanging(partitions, open_for=open_for)
    rows = (
        {
            "topic": one.partition.topic,
            "partition": one.partition.partition,
            "start_offset": one.start_offset,
            "producer_id": one.producer_id,
            "epoch": one.producer_epoch,
            "last_written": (
                None if one.last_timestamp_ms is None else time_text(one.last_timestamp_ms)
            ),
            "name": one.transactional_id,
        }
        for one in found
    )
    print_rows(rows, output, "no transaction hangs")


@txn_command.command("abort")
@click.argument("topic")
@click.argument("partition", type=PARTITION)
@click.argument("start_offset", type=OFFSET)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@dry_run_option
@cluster_options
@output_option
def abort_transaction(
    topic: str,
    partition: int,
    start_offset: int,
    *,
    yes: bool,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Abort the transaction that hangs in a partition, beginning at START_OFFSET."""
    from logcore.client.positions import TopicPartition  # noqa: PLC0415

    where = TopicPartition(topic, partition)
    name = f"what begins at {where}:{start_offset}"
    with cluster.admin() as admin:
        if dry_run:
            known = admin.transactions.producers([where])[where]
            rows = (
                {"producer_id": one.producer_id, "epoch": one.producer_epoch}
                for one in known
                if one.transaction_start_offset == start_offset
            )
            print_rows(rows, output, "no open transaction begins there")
            return
        if not yes:
            click.confirm(f"Abort {name}?", abort=True, err=True)
        admin.transactions.abort(where, start_offset=start_offset)
    tell_done(name, "aborted", output)


@txn_command.command("fence")
@click.argument("names", nargs=-1, required=True, metavar="ID...")
@dry_run_option
@cluster_options
@output_option
def fence_producers(
    names: Sequence[str], *, dry_run: bool, cluster: ClusterOptions, output: str
) -> None:
    """Fence the producers of transactional ids, which aborts what they have open.

    An id that nobody has used becomes known by it.
    """
    with cluster.admin() as admin:
        if dry_run:
            tell_outcomes(admin.transactions.describe(*names), "would fence", output)
            return
        tell_outcomes(admin.transactions.fence(*names), "fenced", output)
