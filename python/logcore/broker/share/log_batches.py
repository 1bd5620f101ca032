"""The headers of record batches in a view of a log, read as far as they are asked for.

Invariant: only whole batches count; a batch that the view cuts off is not there. Records are never
looked at, and each header at most once.
Neighbours: `acquiring` asks where batches end; `fetching` sends what `between` cuts out.
"""

import struct
from typing import Final, NamedTuple

from logcore.broker.transaction_markers import commits

_HEADER: Final = struct.Struct(">qi4xx4xhi16xq")
"""Base offset, length, leader epoch, magic, CRC, attributes, last delta, two times, producer."""
_OVERHEAD_BYTES: Final = 12
_HEADER_BYTES: Final = 61
_TRANSACTIONAL: Final = 0x10
_CONTROL: Final = 0x20
NO_OFFSET: Final = -1


class LogBatch(NamedTuple):
    """What a header says.

    Attributes:
        position: Where it begins in the view.
        end: Where it ends in the view.
        base_offset: Its first offset.
        last_offset: Its last offset.
        attributes: Its flags.
        producer_id: Whose it is, -1 for nobody's.
    """

    position: int
    end: int
    base_offset: int
    last_offset: int
    attributes: int
    producer_id: int


class LogBatches:
    """Batches in a view, in order.

    Args:
        view: The bytes, from the beginning of a batch.

    Attributes:
        read: The headers read so far.
    """

    __slots__ = ("_is_over", "_position", "read", "view")

    def __init__(self, view: memoryview) -> None:
        self.view = view
        self.read: list[LogBatch] = []
        self._position = 0
        self._is_over = False

    def _next(self) -> bool:
        position, view = self._position, self.view
        if self._is_over or position + _HEADER_BYTES > len(view):
            self._is_over = True
            return False
        base, length, attributes, delta, producer_id = _HEADER.unpack_from(view, position)
        end = position + _OVERHEAD_BYTES + length
        if length < _HEADER_BYTES - _OVERHEAD_BYTES or end > len(view):
            self._is_over = True
            return False
        self.read.append(LogBatch(position, end, base, base + delta, attributes, producer_id))
        self._position = end
        return True

    @property
    def first_offset(self) -> int:
        """The first offset of the first batch, -1 if there is none."""
        if not self.read and not self._next():
            return NO_OFFSET
        return self.read[0].base_offset

    def reach(self, offset: int) -> int:
        """Return how far the batches go, looking no farther than the one that holds an offset.

        Returns:
            The last offset of the batch that holds it, so that is past it or at it; less if the
            batches end before; the offset itself if it lies in a hole between two.
        """
        read = self.read
        while not read or read[-1].last_offset < offset:
            if not self._next():
                return read[-1].last_offset if read else NO_OFFSET
        for batch in reversed(read):
            if batch.base_offset <= offset:
                return max(batch.last_offset, offset)
        return offset

    def between(self, first: int, last: int) -> memoryview:
        """Cut out the batches that hold offsets from `first` to `last`; both have been reached."""
        held = [
            each for each in self.read if each.last_offset >= first and each.base_offset <= last
        ]
        return self.view[held[0].position : held[-1].end] if held else self.view[:0]

    def aborted(self, transactions: list[tuple[int, int]], last: int) -> list[LogBatch]:
        """Find the batches, up to an offset that has been reached, of transactions that aborted.

        Args:
            transactions: Producer id and first offset of each.
            last: How far to look.
        """
        begins = sorted(transactions, key=lambda each: each[1], reverse=True)
        open_ids: set[int] = set()
        found = []
        for batch in self.read:
            if batch.base_offset > last:
                break
            while begins and begins[-1][1] <= batch.last_offset:
                open_ids.add(begins.pop()[0])
            if batch.producer_id not in open_ids:
                continue
            if batch.attributes & _CONTROL:
                if commits(bytes(self.view[batch.position : batch.end])) is False:
                    open_ids.discard(batch.producer_id)
            elif batch.attributes & _TRANSACTIONAL:
                found.append(batch)
        return found
