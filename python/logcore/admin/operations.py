"""What the asker may do with a thing, read out of the bits in which brokers tell it.

Invariant: None means that it was not asked for, or that the broker does not tell.
Neighbours: topics, groups and the cluster are described with it, where that is wanted.
Source: KIP-430.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from logcore.common.access import Operation

NOT_TOLD: Final = -(2**31)


def operations_of(bits: int) -> "frozenset[Operation] | None":
    """Return the operations that are allowed.

    Args:
        bits: A bit for each, at the place of its number.

    Example:
        >>> sorted(operation.name for operation in operations_of(0b11000))
        ['READ', 'WRITE']
        >>> operations_of(-(2**31)) is None
        True
    """
    if bits == NOT_TOLD:
        return None
    from logcore.common.access import Operation  # noqa: PLC0415 - where it was asked for

    return frozenset(each for each in Operation if bits >> each & 1)
