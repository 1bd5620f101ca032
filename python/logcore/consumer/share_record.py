"""`ShareRecord`: a record that a share consumer acquired, and how often it has been delivered.

Invariant: it never changes; everything but the count is what every consumer would see.
Neighbours: `acquired_records` makes them; `logcore.record` has the record inside.
Source: KIP-932 for the delivery count.
"""

from typing import Any, Final

from logcore.common.types import override
from logcore.record import ConsumerRecord


class ShareRecord:
    """A record that was delivered by a share group.

    Attributes:
        record: The record as any consumer reads it.
        delivery_count: How often it has been delivered, this time included; from 2 on somebody
            had it before, and did not finish.

    Example:
        >>> record = ShareRecord(ConsumerRecord("jobs", 0, 7, b"key", b"value"), 2)
        >>> record.offset, record.value, record.delivery_count
        (7, b'value', 2)
    """

    __slots__ = ("delivery_count", "record")
    __match_args__: Final = ("topic", "partition", "offset", "key", "value")

    def __init__(self, record: ConsumerRecord, delivery_count: int) -> None:
        self.record = record
        self.delivery_count = delivery_count

    @property
    def topic(self) -> str:
        """The topic."""
        return self.record.topic

    @property
    def partition(self) -> int:
        """The partition."""
        return self.record.partition

    @property
    def offset(self) -> int:
        """Its place in the partition."""
        return self.record.offset

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970 UTC, -1 for none."""
        return self.record.timestamp

    @property
    def is_append_time(self) -> bool:
        """Whether the timestamp is the broker's, of the append."""
        return self.record.is_append_time

    @property
    def key(self) -> Any:  # noqa: ANN401 - of the deserializer's type
        """The key as bytes, or None; what the deserializer made of it, if there is one."""
        return self.record.key

    @property
    def value(self) -> Any:  # noqa: ANN401 - of the deserializer's type
        """The value as bytes, or None; what the deserializer made of it, if there is one."""
        return self.record.value

    @property
    def headers(self) -> tuple[tuple[str, bytes | None], ...]:
        """Pairs of key and value; keys may repeat."""
        return self.record.headers

    @property
    def leader_epoch(self) -> int:
        """Epoch of the leader that appended it, -1 if unknown."""
        return self.record.leader_epoch

    @override
    def __repr__(self) -> str:
        return f"ShareRecord({self.record!r}, delivery_count={self.delivery_count})"
