"""What members of modern groups have in common: the epochs that say something, and their states.

Invariant: the numbers are those of requests and records, and never change.
Neighbours: `consumer_member`, `share.member` and `streams.member` are the members.
"""

from enum import IntEnum
from typing import Final

JOINING: Final = 0
"""The epoch of who joins."""
LEAVING: Final = -1
"""The epoch of who leaves."""
LEAVING_FOR_NOW: Final = -2
"""The epoch of a static member that leaves and will be back."""


class MemberState(IntEnum):
    """How far a member is on the way to its target, numbered as in records."""

    STABLE = 0
    """It has what its epoch's target says."""
    UNREVOKED = 1
    """It has yet to give something up, and stays in its epoch until it has."""
    UNRELEASED = 2
    """It waits for what others have yet to give up."""
    UNKNOWN = 127
    """A later release wrote a state that this one does not know."""

    @classmethod
    def of(cls, number: int) -> "MemberState":
        """Return the state of a number."""
        return cls(number) if number in cls._value2member_map_ else cls.UNKNOWN
