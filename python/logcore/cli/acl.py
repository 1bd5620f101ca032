"""`logcore acl`: access rules of any Kafka.

Invariant: what is deleted is shown; ``--dry-run`` shows it and deletes nothing.
Neighbours: `logcore.admin.acls` does it; `connecting` says where.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from logcore.cli.connecting import ClusterOptions, cluster_options, dry_run_option
from logcore.cli.outcomes import tell_errors
from logcore.cli.output import output_option, print_rows

if TYPE_CHECKING:
    from logcore.admin.acls import Acl, AclFilter

F = TypeVar("F", bound=Callable[..., Any])

RESOURCES: Final = ("topic", "group", "cluster", "transactional-id", "delegation-token", "user")
OPERATIONS: Final = (
    "all", "read", "write", "create", "delete", "alter", "describe", "cluster-action",
    "describe-configs", "alter-configs", "idempotent-write", "create-tokens", "describe-tokens",
    "two-phase-commit",
)  # fmt: skip


@click.group("acl")
def acl_command() -> None:
    """List, add and delete access rules."""


def filter_options(command: F) -> F:
    """Give a command what says which rules are meant."""
    for option in (
        click.option(
            "--resource", type=click.Choice(RESOURCES), help="Only rules about this kind."
        ),
        click.option("--name", help="Only rules with this name."),
        click.option("--principal", metavar="User:NAME", help="Only rules for this principal."),
        click.option("--operation", type=click.Choice(OPERATIONS), help="Only for this operation."),
        click.option(
            "--match", is_flag=True, help="Also rules whose prefix or * the name falls under."
        ),
    ):
        command = option(command)
    return command


@acl_command.command("list")
@filter_options
@cluster_options
@output_option
def list_acls(*, cluster: ClusterOptions, output: str, **meant: Any) -> None:  # noqa: ANN401
    """List access rules."""
    with cluster.admin() as admin:
        found = admin.acls.describe(filter_of(**meant))
    print_rows(map(row, found), output, "there are no such rules")


@acl_command.command("add")
@click.argument("principal", metavar="User:NAME")
@click.argument("operations", nargs=-1, required=True, type=click.Choice(OPERATIONS))
@click.option("--resource", type=click.Choice(RESOURCES), required=True, help="About what kind.")
@click.option("--name", help="Its name; * for every one.")
@click.option("--prefixed", is_flag=True, help="The name is a prefix.")
@click.option("--deny", is_flag=True, help="Deny rather than allow.")
@click.option("--host", default="*", show_default=True, help="From which address.")
@dry_run_option
@cluster_options
@output_option
def add_acls(
    principal: str,
    operations: Sequence[str],
    *,
    resource: str,
    name: str | None,
    prefixed: bool,
    deny: bool,
    host: str,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Let a principal do something, or deny it."""
    from logcore.admin.acls import Acl  # noqa: PLC0415 - as all that asks a cluster
    from logcore.common.access import (  # noqa: PLC0415
        Operation,
        PatternType,
        PermissionType,
        ResourceType,
    )

    if name is None and resource != "cluster":
        raise click.UsageError("say which with --name; * is every one")
    acls = [
        Acl(
            ResourceType[_constant(resource)],
            name or "kafka-cluster",
            principal,
            Operation[_constant(operation)],
            PermissionType.DENY if deny else PermissionType.ALLOW,
            host,
            PatternType.PREFIXED if prefixed else PatternType.LITERAL,
        )
        for operation in operations
    ]
    if dry_run:
        print_rows(map(row, acls), output)
        return
    with cluster.admin() as admin:
        results = admin.acls.create(acls)
    print_rows(map(row, results.succeeded), output)
    tell_errors(results, lambda acl: " ".join(map(str, row(acl).values())))


@acl_command.command("delete")
@filter_options
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@dry_run_option
@cluster_options
@output_option
def delete_acls(
    *,
    yes: bool,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
    **meant: Any,  # noqa: ANN401
) -> None:
    """Delete access rules."""
    matching = filter_of(**meant)
    with cluster.admin() as admin:
        found = admin.acls.describe(matching)
        if dry_run or not found:
            print_rows(map(row, found), output, "there are no such rules")
            return
        if not yes:
            click.confirm(f"Delete {len(found)} rules?", abort=True, err=True)
        results = admin.acls.delete(matching)
    print_rows(map(row, results.succeeded.get(matching, ())), output)
    tell_errors(results, lambda _: "rules")


def filter_of(
    *,
    resource: str | None,
    name: str | None,
    principal: str | None,
    operation: str | None,
    match: bool,
) -> "AclFilter":
    """Return the filter that the options make."""
    from logcore.admin.acls import AclFilter  # noqa: PLC0415 - as all that asks a cluster
    from logcore.common.access import Operation, PatternType, ResourceType  # noqa: PLC0415

    return AclFilter(
        resource=None if resource is None else ResourceType[_constant(resource)],
        name=name,
        principal=principal,
        operation=None if operation is None else Operation[_constant(operation)],
        pattern=PatternType.MATCH if match else None,
    )


def row(acl: "Acl") -> dict[str, str]:
    """Return a rule as a row of a table."""
    return {
        "permission": acl.permission.name.lower(),
        "principal": acl.principal,
        "operation": acl.operation.name.lower().replace("_", "-"),
        "resource": acl.resource.name.lower().replace("_", "-"),
        "name": acl.name,
        "pattern": acl.pattern.name.lower(),
        "host": acl.host,
    }


def _constant(word: str) -> str:
    return word.upper().replace("-", "_")
