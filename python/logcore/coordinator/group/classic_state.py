"""The states of a classic group, as a table.

Invariant: a group moves only along `PREVIOUS`; a move that is not there is our own mistake.
Neighbours: `classic_group` moves.
"""

from enum import StrEnum
from typing import Final


class ClassicState(StrEnum):
    """A state, spelled as DescribeGroups spells it."""

    EMPTY = "Empty"
    """No members; perhaps offsets."""
    PREPARING_REBALANCE = "PreparingRebalance"
    """Collecting who joins the next generation."""
    COMPLETING_REBALANCE = "CompletingRebalance"
    """Waiting for the leader's assignment."""
    STABLE = "Stable"
    """Everybody has an assignment."""
    DEAD = "Dead"
    """Removed, or coordinated elsewhere."""


PREVIOUS: Final = {
    ClassicState.EMPTY: {ClassicState.PREPARING_REBALANCE},
    ClassicState.PREPARING_REBALANCE: {
        ClassicState.STABLE,
        ClassicState.COMPLETING_REBALANCE,
        ClassicState.EMPTY,
    },
    ClassicState.COMPLETING_REBALANCE: {ClassicState.PREPARING_REBALANCE},
    ClassicState.STABLE: {ClassicState.COMPLETING_REBALANCE},
    ClassicState.DEAD: set(ClassicState),
}
"""From where each state may be reached."""
