"""`logcore token`: delegation tokens of any Kafka, passes for programs that need no password.

Invariant: the secret of a token is printed when it is made, and where it is asked for; it is an
argument of nothing: tokens are named by their ids.
Neighbours: `logcore.admin.tokens` does it; `connecting` says where and who asks.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from logcore.cli.connecting import ClusterOptions, cluster_options, dry_run_option
from logcore.cli.output import output_option, print_report, print_rows, time_text
from logcore.cli.times import Period

if TYPE_CHECKING:
    from logcore.admin.admin import Admin
    from logcore.admin.tokens import Token


@click.group("token")
def token_command() -> None:
    """Make, list, prolong and end delegation tokens."""


@token_command.command("create")
@click.option("--owner", metavar="User:NAME", help="For whom; default: who asks.")
@click.option(
    "--renewer", "renewers", multiple=True, metavar="User:NAME", help="Who may prolong it, too."
)
@click.option("--lifetime", type=Period(), metavar="PERIOD", help="At most; default: broker's.")
@dry_run_option
@cluster_options
@output_option
def create_token(
    *,
    owner: str | None,
    renewers: Sequence[str],
    lifetime: timedelta | None,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Make a token, and show its secret: a client logs in by SCRAM with the id as its user.

    The secret is the password, and `sasl.jaas.config` has `tokenauth="true"`.
    """
    if dry_run:
        period = None if lifetime is None else str(lifetime)
        print_report({"owner": owner, "renewers": renewers, "lifetime": period}, output)
        return
    with cluster.admin() as admin:
        print_report(
            _row(
                admin.tokens.create(owner=owner, renewers=renewers, lifetime=lifetime),
                with_secret=True,
            ),
            output,
        )


@token_command.command("list")
@click.option(
    "--owner",
    "owners",
    multiple=True,
    metavar="User:NAME",
    help="Only those that they have, or may prolong.",
)
@click.option("--secrets", is_flag=True, help="Show secrets, too.")
@cluster_options
@output_option
def list_tokens(
    *, owners: Sequence[str], secrets: bool, cluster: ClusterOptions, output: str
) -> None:
    """List the tokens that one may see."""
    with cluster.admin() as admin:
        found = admin.tokens.describe(*owners)
    rows = (_row(one, with_secret=secrets) for one in found)
    print_rows(rows, output, "no token is theirs" if owners else "there are no tokens")


@token_command.command("renew")
@click.argument("token_id", metavar="ID")
@click.option("--for", "period", type=Period(), metavar="PERIOD", help="Default: broker's.")
@dry_run_option
@cluster_options
@output_option
def renew_token(
    token_id: str,
    *,
    period: timedelta | None,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Let token ID hold for longer."""
    with cluster.admin() as admin:
        token = _named(admin, token_id)
        until = token.expires_ms if dry_run else admin.tokens.renew(token.hmac, period)
    print_report({"id": token_id, "expires": time_text(until)}, output)


@token_command.command("expire")
@click.argument("token_id", metavar="ID")
@click.option("--after", type=Period(), metavar="PERIOD", help="Only then; default: at once.")
@dry_run_option
@cluster_options
@output_option
def expire_token(
    token_id: str,
    *,
    after: timedelta | None,
    dry_run: bool,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """End token ID."""
    with cluster.admin() as admin:
        token = _named(admin, token_id)
        until = token.expires_ms if dry_run else admin.tokens.expire(token.hmac, after)
    print_report({"id": token_id, "expires": time_text(until)}, output)


def _named(admin: "Admin", token_id: str) -> "Token":
    for token in admin.tokens.describe():
        if token.token_id == token_id:
            return token
    from logcore.common.errors import DelegationTokenNotFoundError  # noqa: PLC0415 - then only

    raise DelegationTokenNotFoundError(f"there is no token {token_id} that one may see")


def _row(token: "Token", *, with_secret: bool) -> dict[str, Any]:
    row = {
        "id": token.token_id,
        "owner": token.owner,
        "requester": token.requester,
        "renewers": token.renewers,
        "issued": time_text(token.issued_ms),
        "expires": time_text(token.expires_ms),
        "ends": time_text(token.ends_ms),
    }
    if with_secret:
        import base64  # noqa: PLC0415 - then only

        row["secret"] = base64.b64encode(token.hmac).decode()
    return row
