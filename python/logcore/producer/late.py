"""Records that cannot be taken yet, because their topic is not known or there is no room, in order.

An asynchronous `send` does not wait; what it cannot place waits here, at most ``buffer.memory``
bytes. So does what a serializer that may block has still to make bytes of.
Invariant: records are placed in the order of the calls; each gets its outcome, whatever happens.
Neighbours: `placing` puts records here, and places them.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from itertools import islice
from typing import Any, NamedTuple

from logcore.common.errors import BufferExhaustedError, LogcoreError
from logcore.producer.delivery import BatchResult
from logcore.producer.interceptor import ProducerRecord
from logcore.producer.room import RECORD_BYTES, room_for
from logcore.record import RecordMetadata
from logcore.record.encoding import Delivery


class LateBatch:
    """The batch of one late record: its own until it is placed, then the one it was placed in."""

    __slots__ = ("_placed", "_result")

    def __init__(self) -> None:
        self._result = BatchResult()  # done when the record was placed, or failed
        self._placed: Delivery | None = None

    def place(self, delivery: Delivery) -> None:
        """Say where the record was placed."""
        self._placed = delivery
        self._result.complete("", -1, -1, -1)

    def fail(self, error: Exception) -> None:
        """Say why the record could not be placed."""
        self._result.fail(error)

    @property
    def is_done(self) -> bool:
        """Whether the outcome is known."""
        return self._result.is_done and (self._placed is None or self._placed.done())

    def done(self) -> bool:
        """Whether the outcome is known, as a delivery asks."""
        return self.is_done

    def wait(self, timeout: float | None) -> None:
        """Wait for the outcome.

        Raises:
            ClientTimeoutError: If the time is over.
        """
        self._result.wait(timeout)
        if self._placed is not None:
            self._placed.exception(timeout)

    def until_done(self) -> Generator[Any, None, None]:
        """Wait for the outcome in a coroutine."""
        yield from self._result.until_done()
        if self._placed is not None:
            yield from self._placed.batch.until_done()

    @property
    def first_error(self) -> Exception | None:
        """Why the record failed, if it did; the outcome must be known."""
        return self._result.error if self._placed is None else self._placed.exception(0)

    def result_of(self, delivery: Delivery, timeout: float | None) -> RecordMetadata:
        """Wait for the outcome, and return it."""
        self._result.wait(timeout)
        if self._placed is None:
            return self._result.metadata_of(delivery)
        return self._placed.result(timeout)

    def exception_of(self, delivery: Delivery, timeout: float | None) -> Exception | None:
        """Wait for the outcome, and return the error, if it is one."""
        self._result.wait(timeout)
        if self._placed is None:
            return self._result.exception_of(delivery, timeout)
        return self._placed.exception(timeout)

    def add_callback(self, delivery: Delivery, callback: Callable[[Delivery], object]) -> None:
        """Call back with a delivery when its outcome is known."""

        def placed() -> None:
            if self._placed is None:
                self._result.add_callback(delivery, callback)
            else:
                self._placed.add_done_callback(lambda _: callback(delivery))

        self._result.when_done(placed)

    def await_for(self, delivery: Delivery) -> Generator[Any, None, RecordMetadata]:
        """Wait for the outcome in a coroutine."""
        yield from self._result.until_done()
        if self._placed is None:
            return self._result.metadata_of(delivery)
        return (yield from self._placed.__await__())


class LateRecord(NamedTuple):
    """A record that waits to be placed.

    Attributes:
        batch: Its batch.
        size_bytes: What it takes in a batch, at most; a guess before it is serialized.
        record: The record.
        is_raw: Whether it is to be serialized yet.
        error: Why that failed.
    """

    batch: LateBatch
    size_bytes: int
    record: ProducerRecord
    is_raw: bool = False
    error: Exception | None = None


class LateRecords:
    """All records of a producer that wait to be placed.

    Args:
        limit_bytes: How much may wait.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._records: deque[LateRecord] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._records)

    def add(self, record: ProducerRecord, timestamp: int, *, is_raw: bool = False) -> Delivery:
        """Have a record wait.

        Args:
            record: The record.
            timestamp: Its timestamp.
            is_raw: Whether key and value are to be serialized yet.

        Raises:
            TypeError: If a field is not what it must be; one that is not serialized yet may be.
            OverflowError: If the timestamp is no number of 64 bits.
            BufferExhaustedError: If too much waits already.
        """
        record = record._replace(timestamp=timestamp)
        size_bytes = RECORD_BYTES if is_raw else size_of(record)
        if self._records and self._bytes + size_bytes > self._limit_bytes:
            raise BufferExhaustedError(
                "the producer holds buffer.memory bytes of records that are not sent: await "
                "deliveries or flush() now and then, or raise buffer.memory"
            )
        batch = LateBatch()
        fields = (None, None) if is_raw else (record.key, record.value)
        sizes = (-1 if it is None else len(it) for it in fields)
        delivery = Delivery(batch, 0, timestamp, *sizes)  # which refuses some timestamps
        self._bytes += size_bytes
        self._records.append(LateRecord(batch, size_bytes, record, is_raw))
        return delivery

    @property
    def first(self) -> LateRecord:
        """The record that is to be placed next."""
        return self._records[0]

    def raw(self, count: int) -> list[ProducerRecord]:
        """Return the first records, up to so many, as far as they are to be serialized yet."""
        found: list[ProducerRecord] = []
        for late in islice(self._records, count):
            if not late.is_raw:
                break
            found.append(late.record)
        return found

    def replace(self, records: Iterable[ProducerRecord | Exception]) -> None:
        """Put others in the place of the first records, or why there are none."""
        for at, made in enumerate(records):
            before = self._records[at]
            self._records[at] = late = _remade(before, made)
            self._bytes += late.size_bytes - before.size_bytes

    def placed(self, delivery: Delivery) -> None:
        """Take note that the first one is placed."""
        self._take().batch.place(delivery)

    def failed(self, error: Exception) -> None:
        """Take note that the first one cannot be placed."""
        self._take().batch.fail(error)

    def fail_all(self, error: LogcoreError) -> None:
        """Give all of them up."""
        while self._records:
            self.failed(error)

    def _take(self) -> LateRecord:
        record = self._records.popleft()
        self._bytes -= record.size_bytes
        return record


def _remade(late: LateRecord, made: ProducerRecord | Exception) -> LateRecord:
    """Return a late record with what was made of it, or with why nothing could be."""
    if isinstance(made, Exception):
        return late._replace(is_raw=False, error=made)
    try:
        size_bytes = size_of(made)
    except Exception as error:  # noqa: BLE001 - is the delivery's
        return late._replace(is_raw=False, error=error)
    return late._replace(is_raw=False, record=made, size_bytes=size_bytes)


def size_of(record: ProducerRecord) -> int:
    """Return what a record takes in a batch, at most.

    Raises:
        TypeError: If a field is not what it must be.
    """
    for what, field in (("value", record.value), ("key", record.key)):
        if field is not None and not isinstance(field, bytes):
            raise TypeError(f"a {what} must be bytes or None, not {type(field).__name__}")
    return room_for(record.value, record.key, record.headers)
