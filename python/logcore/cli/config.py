"""`logcore config`: read and change settings of topics, brokers, groups and client metrics.

Invariant: only what is named is changed. Something that has settings is written as KIND:NAME.
Neighbours: `logcore.admin.configs` does it; `connecting` says where.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import click

from logcore.cli.connecting import (
    ClusterOptions,
    cluster_options,
    dry_run_option,
    parse_pairs,
)
from logcore.cli.outcomes import SomeFailedError, tell_outcomes
from logcore.cli.output import output_option, print_rows
from logcore.cli.typed import Typed
from logcore.common.types import override

if TYPE_CHECKING:
    from logcore.admin.configs import Changes, Resource

KINDS: Final = {
    "topic": "TOPIC",
    "broker": "BROKER",
    "broker-logger": "BROKER_LOGGER",
    "group": "GROUP",
    "client-metrics": "CLIENT_METRICS",
}


class ResourceParameter(Typed):
    """``topic:orders``, ``group:readers``, ``broker:1``, or ``broker`` for all brokers."""

    name = "resource"

    @override
    def read(self, text: str) -> "Resource":
        """Read one."""
        from logcore.admin.configs import Resource, ResourceKind  # noqa: PLC0415

        kind, separator, name = text.partition(":")
        if kind not in KINDS or (not separator and kind != "broker"):
            raise ValueError(f"{text}: write KIND:NAME, KIND being {', '.join(KINDS)}")
        if kind.startswith("broker") and name and not name.isdecimal():
            raise ValueError(f"{text}: a broker is named by its number")
        return Resource(ResourceKind[KINDS[kind]], name)


def name_of(resource: "Resource") -> str:
    """Return a resource as the command line writes it."""
    kind = resource.kind.name.lower().replace("_", "-")
    return f"{kind}:{resource.name}" if resource.name else kind


@click.group("config")
def config_command() -> None:
    """Read and change settings."""


@config_command.command("list")
@click.argument("kinds", nargs=-1, type=click.Choice(tuple(KINDS)), metavar="[KIND...]")
@cluster_options
@output_option
def list_resources(kinds: Sequence[str], *, cluster: ClusterOptions, output: str) -> None:
    """List what can have settings: topics, brokers, groups, client metrics, or one kind of it."""
    from logcore.admin.configs import ResourceKind  # noqa: PLC0415

    with cluster.admin() as admin:
        found = admin.configs.resources(*(ResourceKind[KINDS[kind]] for kind in kinds))
    rows = (
        {"kind": one.kind.name.lower().replace("_", "-"), "name": one.name}
        for one in sorted(found, key=lambda one: (one.kind, one.name))
    )
    print_rows(
        rows, output, f"there is nothing{' of that kind' if kinds else ''} that has settings"
    )


@config_command.command("get")
@click.argument("resource", type=ResourceParameter())
@click.argument("keys", nargs=-1, metavar="[KEY...]")
@click.option("-a", "--all", "with_defaults", is_flag=True, help="Show defaults too.")
@click.option("--doc", is_flag=True, help="Say what each setting means.")
@cluster_options
@output_option
def get_configs(
    resource: "Resource",
    keys: Sequence[str],
    *,
    with_defaults: bool,
    doc: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Show the settings of RESOURCE that somebody has set, or those that are named."""
    with cluster.admin() as admin:
        results = admin.configs.describe(resource, keys=keys or None, with_documentation=doc)
        found = results.raise_for_errors()[resource]
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        known = admin.configs.describe(resource).raise_for_errors()[resource] if missing else {}
    rows = [
        {
            "key": config.name,
            "value": "(hidden)" if config.is_sensitive else config.value,
            "source": config.source.name.lower().replace("_", " "),
            **({"meaning": config.documentation} if doc else {}),
        }
        for config in sorted(found.values(), key=lambda config: config.name)
        if with_defaults or keys or not config.is_default
    ]
    print_rows(rows, output, "" if keys else "nothing is set; --all shows defaults")
    tell_missing(resource, missing, known)


def tell_missing(resource: "Resource", missing: Sequence[str], known: Iterable[str]) -> None:
    """Tell which settings a resource does not have, and what may have been meant.

    Raises:
        SomeFailedError: If one is missing.
    """
    from logcore.common.config import nearest  # noqa: PLC0415 - only mistakes pay for it

    for key in missing:
        near = nearest(key, known)
        also = f" (did you mean {near}?)" if near else ""
        click.echo(f"{name_of(resource)} has no {key}{also}", err=True)
    if missing:
        raise SomeFailedError("some are missing")


@config_command.command("set")
@click.argument("resource", type=ResourceParameter())
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
@dry_run_option
@cluster_options
@output_option
def set_configs(
    resource: "Resource",
    pairs: Sequence[str],
    *,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Set settings of RESOURCE."""
    from logcore.admin.configs import Changes  # noqa: PLC0415

    _alter(resource, Changes(set=parse_pairs(pairs)), cluster, output, dry_run=dry_run)


@config_command.command("unset")
@click.argument("resource", type=ResourceParameter())
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@dry_run_option
@cluster_options
@output_option
def unset_configs(
    resource: "Resource",
    keys: Sequence[str],
    *,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Bring settings of RESOURCE back to their defaults."""
    from logcore.admin.configs import Changes  # noqa: PLC0415

    _alter(resource, Changes(delete=keys), cluster, output, dry_run=dry_run)


@config_command.command("append")
@click.argument("resource", type=ResourceParameter())
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=ELEMENT,...")
@dry_run_option
@cluster_options
@output_option
def append_configs(
    resource: "Resource",
    pairs: Sequence[str],
    *,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Add elements to settings of RESOURCE that are lists."""
    from logcore.admin.configs import Changes  # noqa: PLC0415

    _alter(resource, Changes(append=parse_pairs(pairs)), cluster, output, dry_run=dry_run)


@config_command.command("subtract")
@click.argument("resource", type=ResourceParameter())
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=ELEMENT,...")
@dry_run_option
@cluster_options
@output_option
def subtract_configs(
    resource: "Resource",
    pairs: Sequence[str],
    *,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Take elements from settings of RESOURCE that are lists."""
    from logcore.admin.configs import Changes  # noqa: PLC0415

    _alter(resource, Changes(subtract=parse_pairs(pairs)), cluster, output, dry_run=dry_run)


def _alter(
    resource: "Resource",
    changes: "Changes",
    cluster: ClusterOptions,
    output: str,
    *,
    dry_run: bool,
) -> None:
    with cluster.admin() as admin:
        results = admin.configs.alter({resource: changes}, validate_only=dry_run)
    tell_outcomes(results, "would change" if dry_run else "changed", output, name_of)
