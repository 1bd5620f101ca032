"""Numbers on the command line, each as large as the protocol has room for, and no larger.

Invariant: a number that is taken can be sent; one that cannot is a usage error that says so.
Neighbours: every command that takes numbers of partitions, brokers or records, or offsets.
"""

from typing import Final

from logcore.cli.typed import Typed
from logcore.common.types import override


class Number(Typed):
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
    def read(self, text: str) -> int:
        """Read one."""
        try:
            number = int(text)
        except ValueError:  # also of one with thousands of digits
            number = self.first - 1
        if not self.first <= number <= self.last:
            raise ValueError(f"{text[:40]}: write a number from {self.first} to {self.last}")
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
