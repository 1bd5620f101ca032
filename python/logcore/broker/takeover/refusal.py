"""Why a directory of Apache Kafka is not taken over: every reason at once, each with what to do.

Invariant: whoever raises this has changed nothing.
Neighbours: every module of this room finds reasons; the command line prints them.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from logcore.common.errors import LogcoreError

_SHOWN: Final = 10


class TakeoverRefusedError(LogcoreError):
    """A directory that Apache Kafka wrote cannot be taken over as it is; nothing was changed.

    Attributes:
        reasons: What stands against it, a sentence each.
    """

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        shown = "; ".join(self.reasons[:_SHOWN])
        if len(self.reasons) > _SHOWN:
            shown += f"; and {len(self.reasons) - _SHOWN} more"
        super().__init__(
            f"this data of Apache Kafka cannot be taken over: {shown}. Nothing was changed"
        )


def refuse(reasons: Iterable[str]) -> None:
    """Raise if there are reasons.

    Raises:
        TakeoverRefusedError: If there is one.
    """
    found = list(reasons)
    if found:
        raise TakeoverRefusedError(found)
