"""How commands tell what became of each thing they were asked about.

Invariant: what failed is told on stderr, a line each, and ends in exit code 1; what succeeded is
told all the same.
Neighbours: `logcore.admin.results` is what comes in; every command that changes several things
ends here.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from logcore.cli.output import print_json
from logcore.common.types import override

if TYPE_CHECKING:
    from logcore.admin.results import Results

K = TypeVar("K")
V = TypeVar("V")


class SomeFailedError(click.ClickException):
    """Some of what was asked for failed, as was told already."""

    @override
    def show(self, file: Any = None) -> None:  # noqa: ANN401 - click's
        """Say nothing more."""


def tell_outcomes(
    results: "Results[K, V]",
    done: str,
    output: str,
    name: Callable[[K], str] = str,
) -> None:
    """Tell what was done, and what was not.

    Args:
        results: What became of each thing.
        done: What was done to those that succeeded: "created".
        output: ``json`` or ``text``.
        name: How a thing is called.

    Raises:
        SomeFailedError: If something failed.
    """
    for key in results.succeeded:
        tell_done(name(key), done, output)
    tell_errors(results, name)


def tell_done(name: str, done: str, output: str) -> None:
    """Tell what was done to one thing: as JSON, or as a line such as "created orders"."""
    if output == "json":
        print_json({"name": name, "outcome": done})
    else:
        click.echo(f"{done} {name}")


def tell_errors(results: "Results[K, V]", name: Callable[[K], str] = str) -> None:
    """Tell what failed.

    Raises:
        SomeFailedError: If something did.
    """
    for key, error in results.errors.items():
        told = " ".join(str(error).split()).removeprefix(f"{key}: ")
        click.echo(f"{name(key)}: {told}", err=True)
    if results.errors:
        raise SomeFailedError("some failed")
