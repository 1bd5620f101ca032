"""`logcore doctor`: what is wrong with a cluster, in sentences that say what to do.

Invariant: nothing is changed. A check that cannot be made is told as such; a problem ends in exit
code 1, a warning does not.
Neighbours: `doctor_checks` looks; `logcore.admin` asks.
"""

import click

from logcore.cli.connecting import ClusterOptions, cluster_options
from logcore.cli.outcomes import SomeFailedError
from logcore.cli.output import output_option, print_json


@click.command("doctor")
@cluster_options
@output_option
def doctor_command(*, cluster: ClusterOptions, output: str) -> None:
    """Look for what is wrong: addresses, versions, durability, space, hanging transactions."""
    from logcore.cli.doctor_checks import PROBLEM, findings  # noqa: PLC0415 - asks the cluster

    worst_found = False
    for finding in findings(cluster):
        worst_found = worst_found or finding.severity == PROBLEM
        if output == "json":
            print_json(finding)
        else:
            click.echo(f"{finding.severity:8} {finding.sentence}")
            if finding.advice:
                click.echo(f"{'':8} -> {finding.advice}")
    if worst_found:
        raise SomeFailedError("there are problems")
