"""`logcore cluster`: brokers, directories, features, the metadata quorum, leaders of any Kafka.

Invariant: only ``elect`` and ``feature`` change anything.
Neighbours: `logcore.admin.cluster` does it; `connecting` says where.
"""

from collections.abc import Sequence

import click

from logcore.cli.connecting import ClusterOptions, cluster_options, dry_run_option
from logcore.cli.outcomes import tell_errors
from logcore.cli.output import output_option, print_report, print_rows


@click.group("cluster")
def cluster_command() -> None:
    """Describe the cluster: its brokers, directories, features and quorum."""


@cluster_command.command("describe")
@cluster_options
@output_option
def describe_cluster(*, cluster: ClusterOptions, output: str) -> None:
    """Describe the cluster and its brokers."""
    with cluster.admin() as admin:
        print_report(admin.cluster.describe(), output)


@cluster_command.command("dirs")
@cluster_options
@output_option
def describe_dirs(*, cluster: ClusterOptions, output: str) -> None:
    """Show the log directories of each broker."""
    with cluster.admin() as admin:
        found = admin.cluster.log_dirs()
    rows = (
        {
            "broker": node_id,
            "path": one.path,
            "partitions": len(one.sizes),
            "log_bytes": sum(one.sizes.values()),
            "usable_bytes": one.usable_bytes,
            "total_bytes": one.total_bytes,
        }
        for node_id, directories in found.items()
        for one in directories
    )
    print_rows(rows, output)


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
@click.argument("level", type=click.IntRange(min=0))
@dry_run_option
@cluster_options
def set_feature(name: str, level: int, *, dry_run: bool, cluster: ClusterOptions) -> None:
    """Put LEVEL of feature NAME in force; 0 turns it off."""
    with cluster.admin() as admin:
        admin.cluster.update_features({name: level}, validate_only=dry_run)
    click.echo(f"{'would set' if dry_run else 'set'} {name} to {level}")


@cluster_command.command("quorum")
@cluster_options
@output_option
def show_quorum(*, cluster: ClusterOptions, output: str) -> None:
    """Describe the quorum that keeps the metadata."""
    with cluster.admin() as admin:
        print_report(admin.cluster.quorum(), output)


@cluster_command.command("elect")
@click.argument("topics", nargs=-1, metavar="[TOPIC...]")
@click.option("--unclean", is_flag=True, help="Let a replica out of sync lead, losing records.")
@cluster_options
@output_option
def elect_leaders(
    topics: Sequence[str], *, unclean: bool, cluster: ClusterOptions, output: str
) -> None:
    """Have preferred replicas lead again: of these topics, or of all."""
    with cluster.admin() as admin:
        partitions = admin.offsets.partitions(*topics) if topics else None
        results = admin.cluster.elect_leaders(partitions, unclean=unclean)
    rows = (
        {"topic": one.topic, "partition": one.partition, "elected": elected}
        for one, elected in results.succeeded.items()
    )
    print_rows(rows, output, "every partition has its preferred leader")
    tell_errors(results)
