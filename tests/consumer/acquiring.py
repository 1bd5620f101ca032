"""Acquired records as a broker would have sent them, without a broker."""

from types import SimpleNamespace
from typing import Any

from logcore.client.positions import TopicPartition
from logcore.consumer.acknowledgements import Acquisition
from logcore.consumer.acquired_records import Acquired, AcquiredRecords
from tests.broker.batches import batch

PLACE = TopicPartition("t", 0)


class Session:
    """A share session that notes what is acknowledged."""

    def __init__(self) -> None:
        self.error: Any = None
        self.put_in: list[Any] = []

    def put(self, acknowledgement: Any) -> Any:
        self.put_in.append(acknowledgement)
        return acknowledgement


def acquisition(session: Any = None, due_ms: int = -1) -> Acquisition:
    return Acquisition(PLACE, bytes(16), session or SimpleNamespace(error=None), due_ms)


def batches(*sizes: int, base: int = 0) -> bytes:
    """Return batches of records whose values are their offsets."""
    data = b""
    for size in sizes:
        data += at_offset(batch([b"%d" % (base + number) for number in range(size)]), base)
        base += size
    return data


def at_offset(data: bytes, base: int) -> bytes:
    """Return a batch at another offset: what its checksum does not cover."""
    return base.to_bytes(8) + data[8:]


def acquired(data: bytes, *ranges: tuple[int, int, int], **options: Any) -> AcquiredRecords:
    """Return what was acquired of batches: first, last, how often delivered."""
    where = options.pop("acquisition", None) or acquisition()
    return AcquiredRecords(where, data, [Acquired(*each) for each in ranges], **options)
