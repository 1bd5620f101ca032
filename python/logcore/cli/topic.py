"""`logcore topic`: make, list, describe, grow, empty and delete topics of any Kafka.

Invariant: a command that changes something can be tried with ``--dry-run``; deleting asks first,
unless it is told not to or nobody could answer.
Neighbours: `logcore.admin.topics` does it; `topic_records` has the commands about what is in them.
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
from logcore.cli.numbers import COUNT, FACTOR
from logcore.cli.outcomes import tell_errors, tell_outcomes
from logcore.cli.output import output_option, print_rows
from logcore.cli.topic_records import offsets_command, truncate_command

if TYPE_CHECKING:
    import re

    from logcore.admin.topic_descriptions import PartitionDescription, TopicDescription


def expression(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> "re.Pattern[str] | None":
    """Read an expression."""
    import re  # noqa: PLC0415 - click has it already

    try:
        return None if value is None else re.compile(value)
    except re.error as error:
        raise click.BadParameter(f"{value}: {error}") from error


@click.group("topic")
def topic_command() -> None:
    """Make, list, describe and delete topics."""


@topic_command.command("list")
@click.argument("pattern", required=False, callback=expression, metavar="[REGEX]")
@click.option("--internal", is_flag=True, help="Show those too that brokers keep for themselves.")
@cluster_options
@output_option
def list_topics(
    pattern: "re.Pattern[str] | None", *, cluster: ClusterOptions, internal: bool, output: str
) -> None:
    """List the topics, or those whose names match."""
    with cluster.admin() as admin:
        described = admin.topics.describe()
    shown = (
        topic
        for topic in described.succeeded.values()
        if (internal or not topic.is_internal)
        and (pattern is None or pattern.search(topic.name) is not None)
    )
    rows = [
        {
            "name": topic.name,
            "partitions": len(topic.partitions),
            "replicas": max((len(part.replicas) for part in topic.partitions), default=0),
        }
        for topic in sorted(shown, key=lambda topic: topic.name)
    ]
    print_rows(rows, output, "there are no topics" if pattern is None else "no topic matches")


@topic_command.command("create")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-p", "--partitions", type=COUNT, help="How many; default: broker's.")
@click.option("-r", "--replicas", type=FACTOR, help="Copies; default: broker's.")
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
@click.option("--under-replicated", is_flag=True, help="Only partitions with replicas out of sync.")
@click.option("--unavailable", is_flag=True, help="Only partitions without a leader.")
@cluster_options
@output_option
def describe_topics(
    names: Sequence[str],
    *,
    under_replicated: bool,
    unavailable: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Describe topics, partition by partition: all of them if none is named."""
    with cluster.admin() as admin:
        results = admin.topics.describe(*names)
    rows = [
        _partition_row(topic, part)
        for topic in sorted(results.succeeded.values(), key=lambda topic: topic.name)
        if names or not topic.is_internal
        for part in topic.partitions
        if not (under_replicated and len(part.isr) == len(part.replicas))
        and not (unavailable and part.leader is not None)
    ]
    empty = "no partition is so" if under_replicated or unavailable else "there are no topics"
    print_rows(rows, output, "" if results.errors else empty)
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
@click.argument("count", type=COUNT)
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


for command in (offsets_command, truncate_command):
    topic_command.add_command(command)
