"""Writes docs/reference/command-line.md: every command of `logcore`, with its options.

Derived from the commands, so that the document cannot say anything else; a test compares.

    python scripts/write_cli_docs.py docs/reference/command-line.md
"""

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from logcore.cli.main import main

HEAD = """# Commands

Every command of `logcore`, as `--help` tells. How to use them:
[the tutorial](../tutorial/command-line.md). This page is written by `scripts/write_cli_docs.py`
from the commands.

Those that speak to a cluster have these options too:

{shared}
How a command ends:

| code | when |
|---|---|
| 0 | All that was asked for was done. `consume` that follows ends so with Ctrl-C. |
| 1 | Something failed: a sentence on stderr says what, and why; what could be done was done. Or `doctor` found a problem, a question was answered with no, Ctrl-C was pressed, or who read the output went away. |
| 2 | The command itself was wrong, and nothing was done. |

With `-o json` stdout has JSON and nothing else, one object a line; errors are on stderr all the same.
"""  # noqa: E501 - rows of a table
SHARED = ("--bootstrap", "--command-config", "-X", "--output", "--dry-run")
"""Options that are told once."""


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield each command that does something, with how it is called."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command, info_name=path)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None, name
        yield from walk(found, f"{path} {name}")


def line(*cells: str) -> str:
    """Return a row."""
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |\n"


def options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str, bool]]:
    """Yield each option: how it is written, what it does, whether it is one that many have."""
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if isinstance(parameter, click.Argument):
            continue
        if record is not None and "--help" not in parameter.opts:
            yield *record, any(name in SHARED for name in parameter.opts)


def table(rows: list[tuple[str, str]]) -> str:
    """Return options as a table."""
    head = "| option | what it does |\n|---|---|\n"
    return head + "".join(line(f"`{written}`", told) for written, told in rows)


def section(path: str, command: click.Command) -> str:
    """Return what one command does."""
    context = click.Context(command, info_name=path)
    usage = [part for part in command.collect_usage_pieces(context) if part != "[OPTIONS]"]
    text = inspect.cleandoc(command.help or "").partition("\f")[0]
    text = re.sub(r"^\x08\n((?:.+\n?)+)", r"```\n\1\n```", text, flags=re.MULTILINE)
    told = list(options(command, context))
    own = [(written, what) for written, what, is_shared in told if not is_shared]
    page = f"\n## `{path}`\n\n```\n{' '.join([path, *usage])}\n```\n\n{text}\n"
    if own:
        page += "\n" + table(own)
    also = [written.split(" ")[0].rstrip(",") for written, _, is_shared in told if is_shared]
    if also:
        page += "\nAlso " + ", ".join(f"`{name}`" for name in also) + ".\n"
    return page


def document() -> str:
    """Return the whole page."""
    commands = dict(walk(main, "logcore"))
    shared: dict[str, str] = {}
    for path, command in commands.items():
        for written, what, is_shared in options(command, click.Context(command, info_name=path)):
            if is_shared:
                shared.setdefault(written, what)
    page = HEAD.format(shared=table(list(shared.items())))
    return page + "".join(section(path, command) for path, command in commands.items())


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
