"""What stood on the command line as a setting, and is none, is a usage error.

Invariant: a command that was wrong ends with code 2; a file that is wrong is not the command's.
Neighbours: `connecting`, `formats` and `broker` join options to settings in such a block.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def settings_of_options(of_file: Callable[[str], bool]) -> Iterator[None]:
    """Refuse, as usage, settings that are unknown or not allowed.

    Args:
        of_file: Whether a file says the value of a key; such errors pass as they are.

    Raises:
        click.UsageError: If an option said what is refused.
    """
    from logcore.common.config import ConfigError  # noqa: PLC0415 - only where settings are read

    try:
        yield
    except ConfigError as error:
        if of_file(error.key):
            raise
        raise click.UsageError(str(error)) from error
