"""`logcore log stat` and `logcore log verify`: how a log is, and whether all of it is readable.

Invariant: both open the log read-only; `verify` ends with exit code 1 if it found a problem.
Neighbours: `logcore.cli.output` prints; `logcore.log` looks.
"""

import click

from logcore.cli.output import (
    existing_path_argument,
    jsonable,
    output_option,
    print_report,
    progress,
)


@click.command("stat")
@existing_path_argument
@output_option
def stat_command(path: str, output: str) -> None:
    """Show offsets, sizes and segments of the log in PATH."""
    from logcore.log import Log  # noqa: PLC0415 - only a command that runs pays for the engine

    with Log(path, readonly=True) as log:
        stat = jsonable(log.stat())
    names = ("base_offset", "size_bytes")
    stat["segments"] = [dict(zip(names, segment, strict=True)) for segment in stat["segments"]]
    print_report(stat, output)


@click.command("verify")
@existing_path_argument
@output_option
def verify_command(path: str, output: str) -> None:
    """Check every batch, record and index entry of the log in PATH."""
    from logcore.log import Log  # noqa: PLC0415 - only a command that runs pays for the engine

    with Log(path, readonly=True) as log, progress(log.stat().size_bytes, "verifying") as bar:
        report = jsonable(log.verify(lambda done, _total: bar.update(done - bar.pos)))
    print_report(report, output)
    if report["problems"]:
        raise SystemExit(1)
