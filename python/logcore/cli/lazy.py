"""A group of commands that are imported when they are asked for.

Invariant: naming a command, completing it or listing names imports nothing but click; running one
imports its own module only.
Neighbours: `logcore.cli.main` and `logcore.cli.log` are such groups.
"""

import importlib
from collections.abc import Mapping
from typing import Any

import click

from logcore.common.types import override


class LazyGroup(click.Group):
    """A click group whose table names the module of each command.

    Args:
        modules: Command name -> dotted module; its attribute `<name>_command` is the command.
        settings: As for `click.Group`.
    """

    def __init__(self, *, modules: Mapping[str, str], **settings: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(**settings)
        self.modules = dict(modules)

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Return the names, in the order of the table."""
        return list(self.modules)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in self.modules:
            return None
        module = importlib.import_module(self.modules[cmd_name])
        command = getattr(module, f"{cmd_name}_command")
        assert isinstance(command, click.Command), f"{cmd_name} is not a command"
        return command

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that arguments begin with; of a name that is none, tell the nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches  # noqa: PLC0415 - only mistakes pay for it

            near = get_close_matches(args[0], self.modules, n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from error
