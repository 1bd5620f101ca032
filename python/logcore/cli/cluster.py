"""`logcore cluster`: brokers, directories, features, the metadata quorum, leaders of any Kafka.

Invariant: what changes something can be tried with ``--dry-run``, or asks first.
Neighbours: `logcore.admin.cluster` does it; `cluster_moves` and `cluster_quorum` have the rest of
the commands; `connecting` says where.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from logcore.cli.cluster_moves import (
    elect_command,
    move_command,
    move_dir_command,
    moves_command,
    stop_moving_command,
)
from logcore.cli.cluster_quorum import add_voter_command, quorum_command, remove_voter_command
from logcore.cli.connecting import ClusterOptions, cluster_options, dry_run_option
from logcore.cli.numbers import LEVEL, NODE
from logcore.cli.outcomes import tell_done
from logcore.cli.output import output_option, print_report, print_rows
from logcore.cli.partitions import METAVAR, named_partitions
from logcore.cli.times import Period

if TYPE_CHECKING:
    from logcore.admin.replicas import LogDirDescription

ELSEWHERE: Final = (
    quorum_command,
    add_voter_command,
    remove_voter_command,
    elect_command,
    move_command,
    moves_command,
    stop_moving_command,
    move_dir_command,
)
"""Commands of the group that have modules of their own."""


@click.group("cluster")
def cluster_command() -> None:
    """Describe the cluster: its brokers, directories, features and quorum; move partitions."""


@cluster_command.command("describe")
@click.option("--fenced", is_flag=True, help="Name brokers too that may not lead: those down.")
@cluster_options
@output_option
def describe_cluster(*, fenced: bool, cluster: ClusterOptions, output: str) -> None:
    """Describe the cluster and its brokers."""
    with cluster.admin() as admin:
        described = admin.cluster.describe(with_fenced=fenced)
    print_report(
        {
            "cluster_id": described.cluster_id,
            "controller_id": described.controller_id,
            "brokers": described.brokers,
        },
        output,
    )


@cluster_command.command("wait")
@click.option(
    "--timeout", type=Period(), default="30s", show_default=True, metavar="PERIOD",
    help="For how long.",
)  # fmt: skip
@cluster_options
@output_option
def wait_for_cluster(*, timeout: timedelta, cluster: ClusterOptions, output: str) -> None:
    """Wait until the cluster answers: one that is being started."""
    with cluster.admin(timeout.total_seconds()) as admin:
        described = admin.cluster.describe()
    tell_done(f"cluster {described.cluster_id}", "reached", output)


@cluster_command.command("apis")
@click.argument("broker", type=NODE, required=False)
@cluster_options
@output_option
def show_apis(broker: int | None, *, cluster: ClusterOptions, output: str) -> None:
    """Show which requests BROKER understands, in which versions: any broker if none is named."""
    with cluster.admin() as admin:
        apis = admin.cluster.apis(broker)
    rows = [
        {"api": name, "first": first, "last": last}
        for name, (first, last) in sorted(apis.known.items())
    ]
    rows += [
        {"api": f"number {key}", "first": first, "last": last}
        for key, (first, last) in sorted(apis.unknown.items())
    ]
    print_rows(rows, output)


@cluster_command.command("dirs")
@click.option(
    "-t", "--topic", "topics", multiple=True, metavar=METAVAR,
    help="Show what is in them of this topic, partition by partition; may be repeated.",
)  # fmt: skip
@cluster_options
@output_option
def describe_dirs(*, topics: Sequence[str], cluster: ClusterOptions, output: str) -> None:
    """Show the log directories of each broker, or what is in them of topics."""
    with cluster.admin() as admin:
        partitions = named_partitions(admin, topics) if topics else None
        found = admin.replicas.log_dirs(partitions=partitions)
    if topics:
        print_rows(_logs(found), output)
        return
    rows = (
        {
            "broker": node_id,
            "path": one.path,
            "partitions": len(one.logs),
            "log_bytes": sum(log.size_bytes for log in one.logs.values()),
            "usable_bytes": one.usable_bytes,
            "total_bytes": one.total_bytes,
            "error": None if one.error is None else one.error.kafka_name,
        }
        for node_id, directories in found.items()
        for one in directories
    )
    print_rows(rows, output)


def _logs(found: "Mapping[int, Sequence[LogDirDescription]]") -> Iterator[dict[str, Any]]:
    for node_id, directories in found.items():
        for directory in directories:
            for partition, log in sorted(directory.logs.items()):
                yield {
                    "broker": node_id,
                    "path": directory.path,
                    "topic": partition.topic,
                    "partition": partition.partition,
                    "log_bytes": log.size_bytes,
                    "lag": log.offset_lag,
                    "coming": log.is_future,
                }


@cluster_command.command("features")
@cluster_options
@output_option
def show_features(*, cluster: ClusterOptions, output: str) -> None:
    """Show features: the level in force, and what the broker supports."""
    with cluster.admin() as admin:
        features = admin.cluster.features()
    rows = (
        {
            "feature": name,
            "level": features.finalized.get(name, 0),
            "first": first,
            "last": last,
        }
        for name, (first, last) in sorted(features.supported.items())
    )
    print_rows(rows, output)


@cluster_command.command("feature")
@click.argument("name")
@click.argument("level", type=LEVEL)
@click.option("--unsafe", is_flag=True, help="Go down even where metadata is lost by it.")
@dry_run_option
@cluster_options
@output_option
def set_feature(
    name: str, level: int, *, unsafe: bool, dry_run: bool, cluster: ClusterOptions, output: str
) -> None:
    """Put LEVEL of feature NAME in force; 0 turns it off."""
    with cluster.admin() as admin:
        admin.cluster.update_features({name: level}, unsafe=unsafe, validate_only=dry_run)
    tell_done(f"{name} to {level}", "would set" if dry_run else "set", output)


@cluster_command.command("unregister")
@click.argument("broker", type=NODE)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@dry_run_option
@cluster_options
@output_option
def unregister_broker(
    broker: int, *, yes: bool, dry_run: bool, cluster: ClusterOptions, output: str
) -> None:
    """Take BROKER, which is gone for good, off the cluster's list."""
    name = f"broker {broker}"
    if dry_run:
        tell_done(name, "would unregister", output)
        return
    if not yes:
        click.confirm(f"Unregister {name}, which must be down?", abort=True, err=True)
    with cluster.admin() as admin:
        admin.cluster.unregister(broker)
    tell_done(name, "unregistered", output)


for command in ELSEWHERE:
    cluster_command.add_command(command)
