"""The batches of a share group's partition: which offsets are in which state of delivery.

Invariant: the batches of a state are in order and do not overlap, neighbours with the same state
and count are one, and none lies below the start offset. Where two say something of one offset, the
one that was delivered more often counts, and of those the later state.
Neighbours: `state` holds them; `decide` makes records of them.
Source: Apache Kafka 4.3, the rules of `PersisterStateBatchCombiner`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

NO_OFFSET: Final = -1
"""A start offset that says nothing."""


class StateBatch(NamedTuple):
    """Offsets in one state of delivery.

    Attributes:
        first_offset: The first of them.
        last_offset: The last of them.
        delivery_state: 0 available, 2 acknowledged, 4 archived.
        delivery_count: How often they were delivered.
    """

    first_offset: int
    last_offset: int
    delivery_state: int
    delivery_count: int


def combine(
    known: Sequence[StateBatch], news: Iterable[StateBatch], start_offset: int
) -> tuple[StateBatch, ...]:
    """Lay batches over others, and drop what lies below the start.

    Args:
        known: Batches as `combine` makes them.
        news: What to lay over them, in any order.
        start_offset: Where the state begins; -1 for everywhere.

    Example:
        >>> before = combine((), [StateBatch(0, 9, 0, 1)], 0)
        >>> [tuple(each) for each in combine(before, [StateBatch(4, 5, 2, 1)], 2)]
        [(2, 3, 0, 1), (4, 5, 2, 1), (6, 9, 0, 1)]
    """
    combined = pruned(known, start_offset)
    for new in pruned(news, start_offset):
        _lay_over(combined, new)
    return tuple(combined)


def pruned(batches: Iterable[StateBatch], start_offset: int) -> list[StateBatch]:
    """Return what of some batches lies at the start or above it."""
    if start_offset == NO_OFFSET:
        return list(batches)
    return [
        batch if batch.first_offset >= start_offset else StateBatch(start_offset, *batch[1:])
        for batch in batches
        if batch.last_offset >= start_offset
    ]


def _lay_over(batches: list[StateBatch], new: StateBatch) -> None:
    """Put one batch into an ordered list, in the place of what it overlaps or touches."""
    first, last = new.first_offset, new.last_offset
    begin = bisect_left(batches, first - 1, key=_last_offset)
    end = bisect_right(batches, last + 1, lo=begin, key=_first_offset)
    pieces: list[StateBatch] = []
    position = first
    for old in batches[begin:end]:
        _append(pieces, old, old.first_offset, min(old.last_offset, first - 1))
        _append(pieces, new, position, min(last, old.first_offset - 1))
        both_end = min(old.last_offset, last)
        stronger = old if _strength(old) > _strength(new) else new
        _append(pieces, stronger, max(old.first_offset, first), both_end)
        position = max(position, both_end + 1)
        if old.last_offset > last:
            _append(pieces, old, max(old.first_offset, last + 1), old.last_offset)
    _append(pieces, new, position, last)
    batches[begin:end] = pieces


def _append(pieces: list[StateBatch], like: StateBatch, first: int, last: int) -> None:
    """Add a piece that is like a batch; nothing if it is empty, to the one before if it goes on."""
    if first > last:
        return
    if pieces:
        before = pieces[-1]
        if before.last_offset + 1 == first and before[2:] == like[2:]:
            pieces[-1] = StateBatch(before.first_offset, last, *like[2:])
            return
    pieces.append(StateBatch(first, last, *like[2:]))


def _strength(batch: StateBatch) -> tuple[int, int]:
    return batch.delivery_count, batch.delivery_state


def _first_offset(batch: StateBatch) -> int:
    return batch.first_offset


def _last_offset(batch: StateBatch) -> int:
    return batch.last_offset
