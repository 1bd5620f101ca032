"""`logcore completion`: what a shell needs to complete our commands.

Invariant: prints a script and changes nothing.
Neighbours: click makes the script; `lazy` keeps completing quick.
"""

from typing import Final

import click
from click.shell_completion import get_completion_class

SHELLS: Final = ("bash", "zsh", "fish")
VARIABLE: Final = "_LOGCORE_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete commands and options.

    \b
    bash: eval "$(logcore completion bash)" in ~/.bashrc
    zsh:  eval "$(logcore completion zsh)" in ~/.zshrc
    fish: logcore completion fish > ~/.config/fish/completions/logcore.fish
    """  # noqa: D301 - click's mark of lines to be left as they are
    kind = get_completion_class(shell)
    assert kind is not None, "the shells are click's own"
    click.echo(kind(context.find_root().command, {}, "logcore", VARIABLE).source())
