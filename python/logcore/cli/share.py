"""`logcore share`: share groups of any Kafka, where they are, and setting that.

Invariant: ``reset`` changes nothing before every new offset is known; it can be tried with
``--dry-run``.
Neighbours: `logcore.admin.share_groups` does it; `group` lists and describes groups of all kinds;
`share_consume` reads.
"""

from collections.abc import Sequence

import click

from logcore.cli.connecting import ClusterOptions, cluster_options, dry_run_option
from logcore.cli.group_reset import (
    Target,
    partitions_to_reset,
    planned,
    target_options,
)
from logcore.cli.outcomes import tell_errors, tell_outcomes
from logcore.cli.output import output_option, print_rows
from logcore.cli.partitions import topics_option
from logcore.cli.share_consume import share_consume


@click.group("share")
def share_command() -> None:
    """List share groups, show where they are, reset them; read as a member of one."""


@share_command.command("list")
@cluster_options
@output_option
def list_share_groups(*, cluster: ClusterOptions, output: str) -> None:
    """List the share groups."""
    with cluster.admin() as admin:
        found = admin.groups.list(kinds=["share"])
    rows = ({"name": one.group_id, "state": one.state} for one in found)
    print_rows(rows, output, "there are no share groups")


@share_command.command("offsets")
@click.argument("name")
@cluster_options
@output_option
def show_offsets(name: str, *, cluster: ClusterOptions, output: str) -> None:
    """Show where share group NAME is, by partition."""
    with cluster.admin() as admin:
        results = admin.share_groups.offsets(name)
    rows = (
        {
            "topic": one.topic,
            "partition": one.partition,
            "start": found.start_offset,
            "lag": found.lag,
        }
        for one, found in sorted(results.succeeded.items())
    )
    print_rows(rows, output, f"share group {name} has no offsets")
    tell_errors(results)


@share_command.command("reset")
@click.argument("name")
@topics_option
@target_options
@dry_run_option
@cluster_options
@output_option
def reset_offsets(
    name: str,
    *,
    topics: Sequence[str],
    target: Target,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Set where share group NAME, which nobody reads by, begins."""
    with cluster.admin() as admin:
        found = admin.share_groups.offsets(name).raise_for_errors()
        current = {one: at.start_offset for one, at in found.items()}
        partitions = partitions_to_reset(admin, topics, current, target)
        plan = planned(admin, partitions, current, target)
        if not dry_run:
            tell_errors(admin.share_groups.set_offsets(name, plan))
    rows = (
        {"topic": one.topic, "partition": one.partition, "before": current.get(one), "after": at}
        for one, at in sorted(plan.items())
    )
    print_rows(rows, output)


@share_command.command("forget")
@click.argument("name")
@click.argument("topics", nargs=-1, required=True, metavar="TOPIC...")
@dry_run_option
@cluster_options
@output_option
def forget_offsets(
    name: str, topics: Sequence[str], *, dry_run: bool, cluster: ClusterOptions, output: str
) -> None:
    """Forget where share group NAME is in topics."""
    with cluster.admin() as admin:
        if dry_run:
            known = admin.share_groups.offsets(name).raise_for_errors()
            rows = (
                {"topic": one.topic, "partition": one.partition, "start": at.start_offset}
                for one, at in sorted(known.items())
                if one.topic in topics
            )
            print_rows(rows, output, f"share group {name} has no offsets in {', '.join(topics)}")
            return
        tell_outcomes(admin.share_groups.delete_offsets(name, topics), "forgot", output)


share_command.add_command(share_consume)
