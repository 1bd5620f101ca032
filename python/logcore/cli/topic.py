"""`logcore topic`: make, list, describe, grow, empty and delete topics of any Kafka.

Invariant: a command that changes something can be tried with ``--dry-run``; deleting asks first,
unless it is told not to or nobody could answer.
Neighbours: `logcore.admin.topics` does it; `connecting` says where.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from logcore.cli.connecting import (
    ClusterOptions,
    cluster_options,
    dry_run_option,
    parse_pairs,
)
from logcore.cli.outcomes import tell_errors, tell_outcomes
from logcore.cli.output import output_option, print_rows

if TYPE_CHECKING:
    from logcore.admin.topics import PartitionDescription, TopicDescription


@click.group("topic")
def topic_command() -> None:
    """Make, list, describe and delete topics."""


@topic_command.command("list")
@click.option("--internal", is_flag=True, help="Show those too that brokers keep for themselves.")
@cluster_options
@output_option
def list_topics(*, cluster: ClusterOptions, internal: bool, output: str) -> None:
    """List the topics."""
    with cluster.admin() as admin:
        described = admin.topics.describe()
    shown = (topic for topic in described.succeeded.values() if internal or not topic.is_internal)
    rows = [
        {
            "name": topic.name,
            "partitions": len(topic.partitions),
            "replicas": max((len(part.replicas) for part in topic.partitions), default=0),
        }
        for topic in sorted(shown, key=lambda topic: topic.name)
    ]
    print_rows(rows, output, "there are no topics")


@topic_command.command("create")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-p", "--partitions", type=click.IntRange(min=1), help="How many; default: broker's.")
@click.option("-r", "--replicas", type=click.IntRange(min=1), help="Copies; default: broker's.")
@click.option(
    "-s", "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the topic."
)
@click.option("--if-not-exists", is_flag=True, help="A topic that is there already is no error.")
@dry_run_option
@cluster_options
@output_option
def create_topics(
    names: Sequence[str],
    *,
    partitions: int | None,
    replicas: int | None,
    settings: Sequence[str],
    if_not_exists: bool,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Create topics."""
    from logcore.admin.topics import NewTopic  # noqa: PLC0415 - as all that asks a cluster
    from logcore.common.errors import TopicAlreadyExistsError  # noqa: PLC0415

    configs = parse_pairs(settings)
    topics = [NewTopic(name, partitions, replicas, configs) for name in names]
    with cluster.admin() as admin:
        results = admin.topics.create(*topics, validate_only=dry_run)
    if if_not_exists:
        for name, error in list(results.errors.items()):
            if isinstance(error, TopicAlreadyExistsError):
                del results.errors[name]
    tell_outcomes(results, "would create" if dry_run else "created", output)


@topic_command.command("describe")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@cluster_options
@output_option
def describe_topics(names: Sequence[str], *, cluster: ClusterOptions, output: str) -> None:
    """Describe topics, partition by partition: all of them if none is named."""
    with cluster.admin() as admin:
        results = admin.topics.describe(*names)
    rows = [
        _partition_row(topic, part)
        for topic in sorted(results.succeeded.values(), key=lambda topic: topic.name)
        if names or not topic.is_internal
        for part in topic.partitions
    ]
    print_rows(rows, output, "there are no topics")
    tell_errors(results)


def _partition_row(topic: "TopicDescription", part: "PartitionDescription") -> dict[str, Any]:
    return {
        "topic": topic.name,
        "partition": part.partition,
        "leader": part.leader,
        "epoch": part.leader_epoch,
        "replicas": part.replicas,
        "isr": part.isr,
        "offline": part.offline,
    }


@topic_command.command("delete")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@dry_run_option
@cluster_options
@output_option
def delete_topics(
    names: Sequence[str], *, yes: bool, dry_run: bool, cluster: ClusterOptions, output: str
) -> None:
    """Delete topics, with all that is in them."""
    with cluster.admin() as admin:
        if dry_run:
            tell_outcomes(admin.topics.describe(*names), "would delete", output)
            return
        if not yes:
            click.confirm(f"Delete {', '.join(names)} with all records?", abort=True, err=True)
        tell_outcomes(admin.topics.delete(*names), "deleted", output)


@topic_command.command("grow")
@click.argument("name")
@click.argument("count", type=click.IntRange(min=1))
@dry_run_option
@cluster_options
@output_option
def grow_topic(
    name: str, count: int, *, dry_run: bool, cluster: ClusterOptions, output: str
) -> None:
    """Give topic NAME more partitions: COUNT in all."""
    with cluster.admin() as admin:
        results = admin.topics.add_partitions({name: count}, validate_only=dry_run)
    tell_outcomes(results, "would grow" if dry_run else "grew", output)


@topic_command.command("truncate")
@click.argument("name")
@click.option("-p", "--partition", "numbers", type=int, multiple=True, help="Only this partition.")
@click.option(
    "--before",
    type=click.IntRange(min=0),
    metavar="OFFSET",
    help="Keep this offset and later ones.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@dry_run_option
@cluster_options
@output_option
def truncate_topic(
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
    with cluster.admin() as admin:
        wanted = [
            one for one in admin.offsets.partitions(name) if not numbers or one.partition in numbers
        ]
        bounds = admin.offsets.bounds(wanted).raise_for_errors()
        if dry_run:
            print_rows(
                (
                    {
                        "partition": one.partition,
                        "start": low,
                        "start_after": high if before is None else before,
                    }
                    for one, (low, high) in bounds.items()
                ),
                output,
            )
            return
        if not yes:
            click.confirm(f"Delete records of {name}?", abort=True, err=True)
        results = admin.topics.delete_records(
            dict.fromkeys(wanted, -1 if before is None else before)
        )
        print_rows(
            (
                {"partition": one.partition, "start": start}
                for one, start in results.succeeded.items()
            ),
            output,
        )
        tell_errors(results)
