"""`logcore group`: groups of any Kafka, how far they have read, and setting that.

Invariant: ``reset`` changes nothing before every new offset is known; it can be tried with
``--dry-run``.
Neighbours: `logcore.admin.groups` does it; `group_reset` decides where to; `connecting` says where.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

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
from logcore.cli.partitions import named_partitions, topics_option

if TYPE_CHECKING:
    from logcore.admin.admin import Admin
    from logcore.admin.group_descriptions import MemberDescription
    from logcore.client.positions import TopicPartition


SHARE: Final = "share"
"""The kind whose groups commit no offsets; `logcore share` shows where they are."""
KINDS: Final = ("classic", "consumer", SHARE, "streams")


@click.group("group")
def group_command() -> None:
    """List and describe groups, show their lag, reset their offsets."""


@group_command.command("list")
@click.option(
    "--kind", "kinds", type=click.Choice(KINDS, case_sensitive=False), multiple=True,
    help="Only groups of this kind.",
)  # fmt: skip
@click.option("--state", "states", multiple=True, help="Only groups in this state.")
@cluster_options
@output_option
def list_groups(
    *, kinds: Sequence[str], states: Sequence[str], cluster: ClusterOptions, output: str
) -> None:
    """List the groups."""
    with cluster.admin() as admin:
        found = admin.groups.list(kinds=kinds, states=states)
    rows = ({"name": one.group_id, "kind": one.kind, "state": one.state} for one in found)
    print_rows(rows, output, "no group is so" if kinds or states else "there are no groups")


@group_command.command("describe")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@cluster_options
@output_option
def describe_groups(names: Sequence[str], *, cluster: ClusterOptions, output: str) -> None:
    """Describe groups, member by member."""
    with cluster.admin() as admin:
        results = admin.groups.describe(*names)
    rows: list[dict[str, Any]] = []
    for group in results.succeeded.values():
        head = {"group": group.group_id, "kind": group.kind, "state": group.state}
        rows += [head | _member_row(member) for member in group.members]
        if not group.members:
            rows.append(head | {"member": None, "client": None, "host": None, "assignment": []})
    print_rows(rows, output, "")
    tell_errors(results)


def _member_row(member: "MemberDescription") -> dict[str, Any]:
    tasks = (task for kind in member.tasks.values() for task in kind)
    return {
        "member": member.instance_id or member.member_id,
        "client": member.client_id,
        "host": member.host,
        "assignment": [*map(str, member.assignment), *tasks],
    }


@group_command.command("topology")
@click.argument("name")
@cluster_options
@output_option
def show_topology(name: str, *, cluster: ClusterOptions, output: str) -> None:
    """Show what streams group NAME computes, part by part."""
    with cluster.admin() as admin:
        topology = admin.groups.describe(name).raise_for_errors()[name].topology
    rows = (
        {
            "subtopology": part.subtopology_id,
            "sources": part.source_topics,
            "repartition_sources": part.repartition_source_topics,
            "repartition_sinks": part.repartition_sink_topics,
            "changelogs": part.state_changelog_topics,
        }
        for part in (topology.subtopologies if topology is not None else ())
    )
    print_rows(rows, output, f"group {name} has no topology: only streams groups do")


@group_command.command("lag")
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "every", is_flag=True, help="Of every group that is none of shares.")
@cluster_options
@output_option
def show_lag(names: Sequence[str], *, every: bool, cluster: ClusterOptions, output: str) -> None:
    """Show how far groups have read, and how much is left, by partition.

    As JSON it can be kept, and given to `reset --from` later.
    """
    if bool(names) == every:
        raise click.UsageError("name the groups, or write --all")
    with cluster.admin() as admin:
        if every:
            names = [one.group_id for one in admin.groups.list() if one.kind != SHARE]
        rows = [
            ({"group": name} if every or len(names) > 1 else {}) | row
            for name in names
            for row in lag_rows(admin, name)
        ]
    whose = f"group {names[0]} has" if len(names) == 1 else "the groups have"
    print_rows(rows, output, f"{whose} committed no offsets")


def lag_rows(admin: "Admin", group: str) -> list[dict[str, Any]]:
    """Return for each partition that a group has read what it committed, the end, and its lag."""
    committed = admin.groups.offsets(group).raise_for_errors()
    bounds = admin.offsets.bounds(committed)
    owners = _owners(admin, group)
    rows = []
    for partition in sorted(committed):
        offset = committed[partition].offset
        low, high = bounds.succeeded.get(partition, (None, None))
        rows.append(
            {
                "topic": partition.topic,
                "partition": partition.partition,
                "committed": offset,
                "start": low,
                "end": high,
                "lag": None if high is None else max(high - offset, 0),
                "member": owners.get(partition),
            }
        )
    return rows


def _owners(admin: "Admin", group: str) -> "dict[TopicPartition, str]":
    described = admin.groups.describe(group).succeeded.get(group)
    members = () if described is None else described.members
    return {one: member.member_id for member in members for one in member.assignment}


@group_command.command("reset")
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
    """Set where group NAME, which nobody reads by, goes on reading.

    Without --topic all partitions are set that it has committed offsets of. `--from` takes what
    `lag -o json` printed, or such objects with an `offset` each.
    """
    with cluster.admin() as admin:
        committed = admin.groups.offsets(name).raise_for_errors()
        current = {one: found.offset for one, found in committed.items()}
        partitions = partitions_to_reset(admin, topics, current, target)
        plan = planned(admin, partitions, current, target)
        if not dry_run:
            tell_errors(admin.groups.set_offsets(name, plan))
    rows = (
        {
            "topic": one.topic,
            "partition": one.partition,
            "before": current.get(one),
            "after": offset,
        }
        for one, offset in sorted(plan.items())
    )
    print_rows(rows, output)


@group_command.command("delete")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@dry_run_option
@cluster_options
@output_option
def delete_groups(
    names: Sequence[str], *, dry_run: bool, cluster: ClusterOptions, output: str
) -> None:
    """Delete groups that have no members, with the offsets they committed."""
    with cluster.admin() as admin:
        if dry_run:
            tell_outcomes(admin.groups.describe(*names), "would delete", output)
        else:
            tell_outcomes(admin.groups.delete(*names), "deleted", output)


@group_command.command("forget")
@click.argument("name")
@topics_option
@dry_run_option
@cluster_options
@output_option
def forget_offsets(
    name: str, *, topics: Sequence[str], dry_run: bool, cluster: ClusterOptions, output: str
) -> None:
    """Delete the offsets of group NAME in topics that it does not read any more."""
    if not topics:
        raise click.UsageError("name the topics with --topic")
    with cluster.admin() as admin:
        partitions = named_partitions(admin, topics)
        if dry_run:
            _tell("would forget", partitions, output)
            return
        tell_outcomes(admin.groups.delete_offsets(name, partitions), "forgot", output)


@group_command.command("kick")
@click.argument("name")
@click.argument("members", nargs=-1, required=True, metavar="MEMBER...")
@dry_run_option
@cluster_options
@output_option
def kick_members(
    name: str, members: Sequence[str], *, dry_run: bool, cluster: ClusterOptions, output: str
) -> None:
    """Remove members of the classic group NAME, static ones by their instance ids."""
    with cluster.admin() as admin:
        described = admin.groups.describe(name).raise_for_errors()[name]
        static = {one.instance_id for one in described.members if one.instance_id}
        if dry_run:
            _tell("would remove", members, output)
            return
        results = admin.groups.remove_members(
            name,
            member_ids=[one for one in members if one not in static],
            instance_ids=[one for one in members if one in static],
            reason="removed by an administrator",
        )
    tell_outcomes(results, "removed", output)


def _tell(outcome: str, things: Iterable[object], output: str) -> None:
    print_rows(({"name": str(one), "outcome": outcome} for one in things), output)
