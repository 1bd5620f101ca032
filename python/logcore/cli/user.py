"""`logcore user` and `logcore quota`: users' passwords and limits of any Kafka.

Invariant: a password is asked for, or read from stdin; it stands on no command line. Each change
can be tried with ``--dry-run``.
Neighbours: `logcore.admin.users` does it; `connecting` says where.
"""

import sys
from collections.abc import Sequence
from typing import Final

import click

from logcore.cli.connecting import ClusterOptions, cluster_options, dry_run_option
from logcore.cli.outcomes import tell_done, tell_errors
from logcore.cli.output import output_option, print_rows

MECHANISMS: Final = ("SCRAM-SHA-256", "SCRAM-SHA-512")


@click.group("user")
def user_command() -> None:
    """List users with passwords, give them one, take it away."""


@user_command.command("list")
@cluster_options
@output_option
def list_users(*, cluster: ClusterOptions, output: str) -> None:
    """List the users that have a password."""
    with cluster.admin() as admin:
        results = admin.users.credentials()
    rows = (
        {
            "user": user,
            "mechanism": one.mechanism.name.replace("_", "-"),
            "iterations": one.iterations,
        }
        for user, credentials in sorted(results.succeeded.items())
        for one in credentials
    )
    print_rows(rows, output, "no user has a password")
    tell_errors(results)


@user_command.command("password")
@click.argument("name")
@click.option(
    "--mechanism", type=click.Choice(MECHANISMS), default=MECHANISMS[-1], show_default=True
)
@click.option("--iterations", type=click.IntRange(4096, 16384), default=4096, show_default=True)
@dry_run_option
@cluster_options
@output_option
def set_password(
    name: str,
    *,
    mechanism: str,
    iterations: int,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Give user NAME a password, which is asked for; or read from stdin if that is no terminal."""
    from logcore.admin.users import Mechanism  # noqa: PLC0415

    told = f"password of {name} by {mechanism}"
    if dry_run:
        tell_done(told, "would set", output)
        return
    if sys.stdin.isatty():
        password = str(
            click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        )
    else:
        password = sys.stdin.readline().rstrip("\n")
    if not password:
        raise click.UsageError("an empty password is none")
    with cluster.admin() as admin:
        chosen = Mechanism[mechanism.replace("-", "_")]
        admin.users.set_password(name, password, chosen, iterations=iterations)
    tell_done(told, "set", output)


@user_command.command("remove-password")
@click.argument("name")
@click.option("--mechanism", type=click.Choice(MECHANISMS), required=True)
@dry_run_option
@cluster_options
@output_option
def remove_password(
    name: str, *, mechanism: str, dry_run: bool, cluster: ClusterOptions, output: str
) -> None:
    """Take the password of user NAME away."""
    from logcore.admin.users import Mechanism  # noqa: PLC0415

    with cluster.admin() as admin:
        if dry_run:
            admin.users.credentials(name).raise_for_errors()
        else:
            admin.users.remove_password(name, Mechanism[mechanism.replace("-", "_")])
    done = "would remove" if dry_run else "removed"
    tell_done(f"password of {name} by {mechanism}", done, output)


@click.group("quota")
def quota_command() -> None:
    """List and change limits of users, clients and addresses."""


@quota_command.command("list")
@cluster_options
@output_option
def list_quotas(*, cluster: ClusterOptions, output: str) -> None:
    """List the quotas."""
    with cluster.admin() as admin:
        found = admin.quotas.describe()
    rows = (
        {
            "whom": " ".join(f"{kind}:{'(default)' if n is None else n}" for kind, n in entity),
            "key": key,
            "limit": limit,
        }
        for entity, limits in found.items()
        for key, limit in limits.items()
    )
    print_rows(rows, output, "there are no quotas")


@quota_command.command("set")
@click.argument("limits", nargs=-1, required=True, metavar="KEY=LIMIT...")
@click.option("--user", help="Of this user; an empty name is every user without their own.")
@click.option("--client-id", help="Of this client id; empty as for --user.")
@click.option("--ip", help="Of this address; empty as for --user.")
@dry_run_option
@cluster_options
@output_option
def set_quotas(
    limits: Sequence[str],
    *,
    user: str | None,
    client_id: str | None,
    ip: str | None,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Set limits, such as producer_byte_rate=1048576; KEY= takes one away."""
    named = {"user": user, "client-id": client_id, "ip": ip}
    entity = [(kind, name or None) for kind, name in named.items() if name is not None]
    if not entity:
        raise click.UsageError("say whose with --user, --client-id or --ip")
    if ip is not None and len(entity) > 1:
        raise click.UsageError("--ip stands alone: leave out --user and --client-id")
    wanted: dict[str, float | None] = {}
    for word in limits:
        key, separator, value = word.partition("=")
        try:
            wanted[key] = float(value) if value else None
        except ValueError:
            separator = ""
        if not separator:
            raise click.UsageError(f"{word}: write KEY=NUMBER")
    with cluster.admin() as admin:
        admin.quotas.alter(entity, wanted, validate_only=dry_run)
    whom = " ".join(f"{kind}:{name or '(default)'}" for kind, name in entity)
    tell_done(f"quotas of {whom}", "would change" if dry_run else "changed", output)
