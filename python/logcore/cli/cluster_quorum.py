"""`logcore cluster quorum`, `add-voter` and `remove-voter`: who keeps the cluster's metadata.

Invariant: nothing changes but by `add-voter` and `remove-voter`, which can be tried with
``--dry-run``.
Neighbours: `cluster` is the group; `logcore.admin.quorum` does it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from logcore.cli.connecting import ClusterOptions, cluster_options, dry_run_option
from logcore.cli.numbers import NODE
from logcore.cli.outcomes import tell_done
from logcore.cli.output import output_option, print_report, time_text
from logcore.cli.typed import Typed
from logcore.common.types import override

if TYPE_CHECKING:
    from logcore.admin.quorum import QuorumReplica


class DirectoryParameter(Typed):
    """The id of a directory, as `quorum` shows it."""

    name = "directory"
    made = (bytes,)

    @override
    def read(self, text: str) -> bytes:
        """Read one."""
        from logcore.common.uuids import parse_uuid  # noqa: PLC0415 - when one is given

        return parse_uuid(text)


@click.command("quorum")
@cluster_options
@output_option
def quorum_command(*, cluster: ClusterOptions, output: str) -> None:
    """Describe the quorum that keeps the metadata: who votes, who follows, how far each is."""
    with cluster.admin() as admin:
        quorum = admin.quorum.describe()
    nodes = (*quorum.voters, *quorum.observers)
    end = max((node.log_end_offset for node in nodes), default=0)
    report = {
        "leader": quorum.leader,
        "leader_epoch": quorum.leader_epoch,
        "high_watermark": quorum.high_watermark,
        "voters": [_row(node, end) for node in quorum.voters],
        "observers": [_row(node, end) for node in quorum.observers],
    }
    print_report(report, output)


def _row(node: "QuorumReplica", end: int) -> dict[str, Any]:
    from logcore.common.uuids import uuid_text  # noqa: PLC0415 - as all that asks a cluster

    caught_up = node.last_caught_up_ms
    return {
        "node": node.node_id,
        "directory": uuid_text(node.directory_id),
        "log_end_offset": node.log_end_offset,
        "lag": end - node.log_end_offset,
        "last_caught_up": None if caught_up is None else time_text(caught_up),
    }


@click.command("add-voter")
@click.argument("node_id", type=NODE)
@click.argument("directory", type=DirectoryParameter())
@click.argument("addresses", nargs=-1, required=True, metavar="LISTENER://HOST:PORT...")
@dry_run_option
@cluster_options
@output_option
def add_voter_command(
    node_id: int,
    directory: bytes,
    addresses: Sequence[str],
    *,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Have controller NODE_ID vote, which follows already with the directory of id DIRECTORY."""
    from logcore.admin.quorum import Endpoint  # noqa: PLC0415 - as all that asks a cluster
    from logcore.client.addresses import parse_address  # noqa: PLC0415

    endpoints = []
    for text in addresses:
        listener, separator, _ = text.partition("://")
        if not separator:
            raise click.UsageError(f"{text}: write LISTENER://HOST:PORT")
        endpoints.append(Endpoint(listener, *parse_address(text)))
    if not dry_run:
        with cluster.admin() as admin:
            admin.quorum.add_voter(node_id, directory, endpoints)
    tell_done(f"voter {node_id}", "would add" if dry_run else "added", output)


@click.command("remove-voter")
@click.argument("node_id", type=NODE)
@click.argument("directory", type=DirectoryParameter())
@dry_run_option
@cluster_options
@output_option
def remove_voter_command(
    node_id: int, directory: bytes, *, dry_run: bool, cluster: ClusterOptions, output: str
) -> None:
    """Have controller NODE_ID, whose directory has the id DIRECTORY, vote no more."""
    if not dry_run:
        with cluster.admin() as admin:
            admin.quorum.remove_voter(node_id, directory)
    tell_done(f"voter {node_id}", "would remove" if dry_run else "removed", output)
