"""`logcore cluster elect`, `move`, `moves`, `stop-moving`, `move-dir`: who leads, who holds what.

Invariant: a partition moves only if it is named; each change can be tried with ``--dry-run``.
Neighbours: `cluster` is the group; `logcore.admin.replicas` does it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from logcore.cli.connecting import ClusterOptions, cluster_options, dry_run_option
from logcore.cli.numbers import NODE
from logcore.cli.outcomes import tell_errors, tell_outcomes
from logcore.cli.output import output_option, print_rows
from logcore.cli.partitions import METAVAR, named_partitions, partitions_argument
from logcore.cli.typed import Typed
from logcore.common.types import override

if TYPE_CHECKING:
    from logcore.admin.admin import Admin
    from logcore.client.positions import TopicPartition


class BrokersParameter(Typed):
    """Numbers of brokers: ``1,2,3``."""

    name = "brokers"

    @override
    def read(self, text: str) -> list[int]:
        """Read them."""
        try:
            return [NODE.read(number) for number in text.split(",")]
        except ValueError:
            raise ValueError(f"{text}: write numbers of brokers, such as 1,2,3") from None


@click.command("elect")
@click.argument("named", nargs=-1, metavar=f"[{METAVAR}...]")
@click.option("--unclean", is_flag=True, help="Let a replica out of sync lead, losing records.")
@dry_run_option
@cluster_options
@output_option
def elect_command(
    named: Sequence[str], *, unclean: bool, dry_run: bool, cluster: ClusterOptions, output: str
) -> None:
    """Have preferred replicas lead again: of these partitions, or of all."""
    all_is_well = "every partition has its preferred leader"
    with cluster.admin() as admin:
        partitions = named_partitions(admin, named) if named else None
        if dry_run:
            print_rows(_not_preferred(admin, partitions), output, all_is_well)
            return
        results = admin.replicas.elect_leaders(partitions, unclean=unclean)
    rows = (
        {"topic": one.topic, "partition": one.partition, "elected": elected}
        for one, elected in sorted(results.succeeded.items())
    )
    print_rows(rows, output, all_is_well)
    tell_errors(results)


def _not_preferred(
    admin: "Admin", partitions: "Sequence[TopicPartition] | None"
) -> list[dict[str, Any]]:
    topics = [] if partitions is None else sorted({one.topic for one in partitions})
    described = admin.topics.describe(*topics).raise_for_errors()
    return [
        {
            "topic": topic.name,
            "partition": part.partition,
            "leader": part.leader,
            "preferred": part.replicas[0],
        }
        for topic in described.values()
        for part in topic.partitions
        if part.leader != part.replicas[0]
        and (partitions is None or (topic.name, part.partition) in partitions)
    ]


@click.command("move")
@partitions_argument
@click.option(
    "--to", "brokers", type=BrokersParameter(), required=True, metavar="BROKER,...",
    help="The brokers that shall hold each; the first one leads, if it can.",
)  # fmt: skip
@dry_run_option
@cluster_options
@output_option
def move_command(
    named: Sequence[str],
    *,
    brokers: list[int],
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Move partitions to other brokers; `moves` shows how it goes."""
    with cluster.admin() as admin:
        partitions = named_partitions(admin, named)
        if dry_run:
            print_rows(_planned(admin, partitions, brokers), output)
            return
        results = admin.replicas.reassign(dict.fromkeys(partitions, brokers))
    tell_outcomes(results, "moving", output)


def _planned(
    admin: "Admin", partitions: "Sequence[TopicPartition]", brokers: list[int]
) -> list[dict[str, Any]]:
    described = admin.topics.describe(*sorted({one.topic for one in partitions}))
    replicas = {
        (topic.name, part.partition): part.replicas
        for topic in described.raise_for_errors().values()
        for part in topic.partitions
    }
    return [
        {
            "topic": one.topic,
            "partition": one.partition,
            "before": replicas[one],
            "after": brokers,
        }
        for one in partitions
    ]


@click.command("moves")
@cluster_options
@output_option
def moves_command(*, cluster: ClusterOptions, output: str) -> None:
    """Show the moves of partitions that are under way."""
    with cluster.admin() as admin:
        found = admin.replicas.reassignments()
    rows = (
        {
            "topic": one.topic,
            "partition": one.partition,
            "replicas": move.replicas,
            "adding": move.adding,
            "removing": move.removing,
        }
        for one, move in sorted(found.items())
    )
    print_rows(rows, output, "nothing moves")


@click.command("stop-moving")
@partitions_argument
@dry_run_option
@cluster_options
@output_option
def stop_moving_command(
    named: Sequence[str], *, dry_run: bool, cluster: ClusterOptions, output: str
) -> None:
    """Call moves of partitions off: they stay where they were."""
    with cluster.admin() as admin:
        partitions = named_partitions(admin, named)
        if dry_run:
            moving = admin.replicas.reassignments(partitions)
            rows = ({"name": str(one), "outcome": "would stay"} for one in sorted(moving))
            print_rows(rows, output, "none of these moves")
            return
        results = admin.replicas.reassign(dict.fromkeys(partitions))
    tell_outcomes(results, "staying", output)


@click.command("move-dir")
@partitions_argument
@click.option("--broker", "node_id", type=NODE, required=True, help="On which broker.")
@click.option("--to", "path", required=True, metavar="DIR", help="One of its log directories.")
@dry_run_option
@cluster_options
@output_option
def move_dir_command(
    named: Sequence[str],
    *,
    node_id: int,
    path: str,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Move a broker's replicas of partitions to another of its log directories."""
    from logcore.admin.replicas import Replica  # noqa: PLC0415 - as all that asks a cluster

    with cluster.admin() as admin:
        replicas = [Replica(*one, node_id) for one in named_partitions(admin, named)]
        if dry_run:
            rows = (
                {"name": _name(one), "before": place.path, "after": path}
                for one, place in admin.replicas.places(*replicas).items()
            )
            print_rows(rows, output)
            return
        results = admin.replicas.move_dirs(dict.fromkeys(replicas, path))
    tell_outcomes(results, "moving", output, _name)


def _name(replica: Any) -> str:  # noqa: ANN401 - a Replica, which is imported late
    return f"{replica.topic}-{replica.partition}"
