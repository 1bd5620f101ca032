"""Numbers on the command line, each as large as the protocol has room for, and no larger.

Invariant: a number that is taken can be sent; one that cannot is a usage error that says so.
Neighbours: every command that takes numbers of partitions, brokers or records, or offsets.
"""

from typing import Any, Final

import click

from logcore.common.types import override


class Number(click.ParamType):  # type: ignore[type-arg]  # not in older clicks
    """A whole number.

    Args:
        first: The least.
        last: The greatest.
    """

    name = "integer"

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.last = last

    @override
    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Read one."""
        try:
            number = int(value)
        except ValueError:  # also of one with thousands of digits
            number = self.first - 1
        if not self.first <= number <= self.last:
            shown = str(value)[:40]
            self.fail(f"{shown}: write a number from {self.first} to {self.last}", param, ctx)
        return number


NODE: Final = Number(0, 2**31 - 1)
"""The number of a broker or of a controller."""
PARTITION: Final = Number(0, 2**31 - 1)
"""The number of a partition."""
COUNT: Final = Number(1, 2**31 - 1)
"""How many: partitions, records."""
FACTOR: Final = Number(1, 2**15 - 1)
"""How many copies."""
LEVEL: Final = Number(0, 2**15 - 1)
"""The level of a feature."""
OFFSET: Final = Number(0, 2**63 - 1)
"""An offset."""
DISTANCE: Final = Number(-(2**63), 2**63 - 1)
"""From one offset to another."""
