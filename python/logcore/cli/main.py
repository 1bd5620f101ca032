"""The `logcore` command: the tree of subcommands, and how any of them fails.

Invariant: whatever a file or a user did wrong ends as one sentence on stderr and exit code 1; a
usage error has code 2. A traceback is a mistake of ours. That holds where the streams are closed or
full, too.
Neighbours: `logcore.cli.lazy` imports the commands; `streams` sees to the standard streams; each
room has a module of its own here.
"""

import atexit
import errno
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import click

from logcore.cli.lazy import LazyGroup
from logcore.cli.streams import drop_unwritable, open_missing
from logcore.common.errors import LogcoreError
from logcore.common.types import override

MODULES: Final = {
    "broker": "logcore.cli.broker",
    "topic": "logcore.cli.topic",
    "produce": "logcore.cli.produce",
    "consume": "logcore.cli.consume",
    "group": "logcore.cli.group",
    "share": "logcore.cli.share",
    "config": "logcore.cli.config",
    "cluster": "logcore.cli.cluster",
    "txn": "logcore.cli.txn",
    "acl": "logcore.cli.acl",
    "user": "logcore.cli.user",
    "quota": "logcore.cli.user",
    "token": "logcore.cli.token",
    "log": "logcore.cli.log",
    "bench": "logcore.cli.bench",
    "doctor": "logcore.cli.doctor",
    "completion": "logcore.cli.completion",
}


def sentence(error: Exception) -> str:
    """Say an error in one line: its message, or its class where it has none."""
    text = str(error)
    wrong = next((one for one in (error, error.__cause__) if isinstance(one, UnicodeError)), None)
    if isinstance(wrong, UnicodeEncodeError):
        text = f"{wrong.object!r} is no text in UTF-8"
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(text.split()) or type(error).__name__


class Commands(LazyGroup):
    """The root: turns expected failures into a sentence."""

    @override
    def __call__(self, *args: Any, **settings: Any) -> Any:  # noqa: ANN401 - click's
        """Run as the program, which ends with it: no garbage need be looked for at the exit."""
        atexit.register(gc.freeze)
        return super().__call__(*args, **settings)

    @override
    def main(self, *args: Any, **settings: Any) -> Any:  # noqa: ANN401 - click's
        """Run with all streams open; where not even an error can be told, the code tells."""
        open_missing()
        try:
            return super().main(*args, **settings)
        except OSError as error:
            with suppress(OSError):
                click.echo(f"Error: {sentence(error)}", err=True)
            sys.exit(1)
        finally:
            drop_unwritable()

    @override
    def make_context(self, *args: Any, **settings: Any) -> click.Context:  # noqa: ANN401 - click's
        """Read the options of the program itself, which may print help."""
        with told():
            return super().make_context(*args, **settings)

    @override
    def invoke(self, ctx: click.Context) -> object:
        """Run the command that the arguments name."""
        with told():
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result


@contextmanager
def told() -> Iterator[None]:
    """Turn what is expected to fail into a sentence."""
    try:
        yield
    except (LogcoreError, OSError, ValueError) as error:
        # The reader of our output went away (`| head`): click ends quietly on that one.
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            raise
        raise click.ClickException(sentence(error)) from error


@click.command(
    cls=Commands, modules=MODULES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="logcore", message="logcore %(version)s")
def main() -> None:
    """Durable logs in Apache Kafka's format, a broker that serves them, and tools for any Kafka."""


if __name__ == "__main__":
    main()
