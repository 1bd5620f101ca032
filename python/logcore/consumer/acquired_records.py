"""Records that a member of a share group acquired of one partition, decoded as they are handed out.

What a broker sends are whole batches; of these only the ranges it names were acquired. Invariants:
only acquired records come out; acquired offsets without one (control records, what compaction took)
are gaps, and are acknowledged as such; what was named and not sent is given back, never accepted.
Neighbours: `share_fetcher` makes these of answers; `in_hand` hands out from them.
Source: KIP-932.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from logcore.common.errors import CorruptMessageError
from logcore.consumer.acknowledgements import GAP, AcknowledgeType, Acquisition, Run
from logcore.consumer.share_record import ShareRecord
from logcore.record import ConsumerRecord
from logcore.record.decoding import FetchedRecords

if TYPE_CHECKING:
    from typing_extensions import Buffer

_HEAD: Final = struct.Struct(">qi")
_LAST_DELTA_AT: Final = 23
_LAST_DELTA: Final = struct.Struct(">i")


class Acquired(NamedTuple):
    """A range of acquired offsets.

    Attributes:
        first: The first.
        last: The last.
        delivery_count: How often they have been delivered, this time included.
    """

    first: int
    last: int
    delivery_count: int


class AcquiredRecords:
    """Acquired records of one partition.

    Args:
        acquisition: Where they were acquired.
        data: The batches, as they were received.
        ranges: What was acquired of them, in order.
        check_crcs: Whether the checksum of each batch is checked.

    Attributes:
        acquisition: The same.

    Raises:
        CorruptMessageError: If the ranges or what is between the batches make no sense.
    """

    def __init__(
        self,
        acquisition: Acquisition,
        data: "Buffer",
        ranges: Sequence[Acquired],
        *,
        check_crcs: bool = True,
    ) -> None:
        self.acquisition = acquisition
        self._data = memoryview(data)
        self._check_crcs = check_crcs
        _check(acquisition, ranges)
        self._ranges = iter(ranges)
        self._range = next(self._ranges, None)
        self._next = -1 if self._range is None else self._range.first
        self._fetched = self._reading()  # refuses what is no row of batches
        self._unsent: list[Run] = []
        if self._begin_at(self._next):
            self._fetched = self._reading()

    def _reading(self) -> FetchedRecords:
        topic, partition = self.acquisition.place
        return FetchedRecords(topic, partition, self._data, self._next, check_crcs=self._check_crcs)

    def _begin_at(self, offset: int) -> bool:
        """Leave out the batches before an offset, if there are any."""
        position = _position_of(self._data, offset)
        self._data = self._data[position:]
        return position > 0

    @property
    def is_done(self) -> bool:
        """Whether everything that was acquired has come out, or was said of otherwise."""
        return self._range is None

    def next_record(self) -> ShareRecord | None:
        """Return the next record; None if there is none any more.

        Raises:
            KafkaError: If its batch cannot be read; `skip` goes on behind it.
        """
        while self._range is not None:
            record = next(self._fetched, None)
            if record is None:
                self._finish()
                return None
            found = self._match(record)
            if found is not None:
                return found
        return None

    def _match(self, record: ConsumerRecord) -> ShareRecord | None:
        """Return a record if it was acquired; what was acquired before it are gaps."""
        offset = record.offset
        while self._range is not None and offset > self._range.last:
            self._say(self._range.last, GAP)
        if self._range is None or offset < self._range.first:
            return None
        count = self._range.delivery_count
        if offset > self._next:
            self._say(offset - 1, GAP)
        self._pass(offset)
        return ShareRecord(record, count)

    def _say(self, last: int, said: int) -> None:
        """Say something of what comes next in the range, up to an offset in it."""
        if self._next <= last:
            self._unsent.append(Run(self._next, last, said))
        self._pass(last)

    def _pass(self, offset: int) -> None:
        """Take note that the range is done up to an offset in it."""
        assert self._range is not None, "it has the offset"
        self._next = offset + 1
        if self._next > self._range.last:
            self._range = next(self._ranges, None)
            if self._range is not None:
                self._next = self._range.first

    def _finish(self) -> None:
        """Say what is left to say: no more records come."""
        end = self._fetched.end_offset
        while self._range is not None:
            last = self._range.last
            if self._next < end:
                self._say(min(last, end - 1), GAP)
            else:
                self._say(last, AcknowledgeType.RELEASE)

    def skip(self, what: AcknowledgeType) -> None:
        """Say something of all that was acquired of a batch that cannot be read, and go on."""
        at = self._fetched.next_offset
        end = _end_of_batch(self._data, at)
        if end <= at:  # nobody knows how far the damage goes
            self.release()
        while self._range is not None and self._next < end:
            self._say(min(self._range.last, end - 1), what)
        self._begin_at(end)
        self._fetched = self._reading()

    def release(self) -> None:
        """Give back everything that has not come out."""
        while self._range is not None:
            self._say(self._range.last, AcknowledgeType.RELEASE)

    def said(self) -> list[Run]:
        """Return what is to be said of offsets that did not come out, once."""
        said, self._unsent = self._unsent, []
        return said


def _check(acquisition: Acquisition, ranges: Iterable[Acquired]) -> None:
    end = -1
    for each in ranges:
        if not end < each.first <= each.last:
            raise CorruptMessageError(
                f"{acquisition.place}: the broker says that offsets {each.first} to {each.last} "
                f"are acquired, after offset {end}"
            )
        end = each.last


def _batches(data: memoryview) -> Iterator[tuple[int, int]]:
    """Yield where each batch begins and the offset behind it."""
    at = 0
    while at + _LAST_DELTA_AT + _LAST_DELTA.size <= len(data):
        base, size = _HEAD.unpack_from(data, at)
        (delta,) = _LAST_DELTA.unpack_from(data, at + _LAST_DELTA_AT)
        if size <= 0 or delta < 0:
            return
        yield at, base + delta + 1
        at += _HEAD.size + size


def _end_of_batch(data: memoryview, offset: int) -> int:
    """Return the offset behind the batch that holds an offset, or the next one."""
    return next((end for _, end in _batches(data) if end > offset), offset)


def _position_of(data: memoryview, offset: int) -> int:
    """Return where the batch with an offset begins, or the first behind it."""
    return next((at for at, end in _batches(data) if end > offset), len(data))
