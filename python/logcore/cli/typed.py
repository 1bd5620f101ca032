"""What parameters of commands have in common that are read from a word of the command line.

Invariant: what cannot be read is a usage error, in the words of the `ValueError` that says why.
Neighbours: `numbers`, `times`, `formats` and the commands have such parameters.
"""

from abc import abstractmethod
from typing import Any, ClassVar

import click

from logcore.common.types import override


class Typed(click.ParamType):  # type: ignore[type-arg]  # not in older clicks
    """A parameter that `read` makes of text."""

    made: ClassVar[tuple[type, ...]] = ()
    """What a value already is that need not be read: a default, or one that was read before."""

    @abstractmethod
    def read(self, text: str) -> Any:  # noqa: ANN401 - each its own
        """Return what a text means.

        Raises:
            ValueError: If it means nothing; its words are shown.
        """

    @override
    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - as `read`
        """Read a value."""
        if self.made and isinstance(value, self.made):
            return value
        try:
            return self.read(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
