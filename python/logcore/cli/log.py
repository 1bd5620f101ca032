"""`logcore log`: the commands on the directory of one log.

Invariant: reading commands open the log read-only and so work beside a live writer; `append` and
`compact` take the directory's lock.
Neighbours: `logcore.cli.log_read`, `log_write` and `log_state` hold the commands.
"""

from typing import Final

import click

from logcore.cli.lazy import LazyGroup

MODULES: Final = {
    "dump": "logcore.cli.log_read",
    "tail": "logcore.cli.log_read",
    "append": "logcore.cli.log_write",
    "compact": "logcore.cli.log_write",
    "stat": "logcore.cli.log_state",
    "verify": "logcore.cli.log_state",
}


@click.command("log", cls=LazyGroup, modules=MODULES)
def log_command() -> None:
    """Read, write and check the directory of one log."""
