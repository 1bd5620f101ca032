"""What became of a batch: the side that the sender completes, and that deliveries ask.

A record costs no future. Its `Delivery` knows its batch and its place there; only who waits pays
for waiting.
Invariant: a batch is completed once, with an offset or with an error; whoever waits or called back
is told then, whichever thread it is on.
Neighbours: `logcore.record.encoding.Delivery` hands its questions on to here; `sender` completes.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Generator, Iterable
from typing import Any, Final, Protocol

from logcore.common.errors import ClientTimeoutError
from logcore.record import RecordMetadata
from logcore.record.encoding import Delivery

logger = logging.getLogger(__name__)

NO_OFFSET: Final = -1
NO_TIME: Final = -1
_LOCK: Final = threading.Lock()


class BatchResult:
    """The outcome of one batch.

    Attributes:
        is_done: Whether it is known.
        error: Why the batch failed, if it did.
        topic: The batch's topic, once it is known.
        partition: Its partition.
        base_offset: Offset of its first record; -1 if nobody said.
        append_time_ms: The broker's time of the append, -1 where records keep their own.
    """

    __slots__ = (
        "_halves",
        "_waiters",
        "append_time_ms",
        "base_offset",
        "error",
        "is_done",
        "partition",
        "topic",
    )

    def __init__(self) -> None:
        self.is_done = False
        self.error: Exception | None = None
        self.topic = ""
        self.partition = -1
        self.base_offset = NO_OFFSET
        self.append_time_ms = NO_TIME
        self._waiters: list[Callable[[], object]] | None = None
        self._halves: tuple[int, BatchResult, BatchResult] | None = None

    # ------------------------------------------------------------ the sender's side

    def complete(self, topic: str, partition: int, base_offset: int, append_time_ms: int) -> None:
        """Say where the batch went."""
        self.topic = topic
        self.partition = partition
        self.base_offset = base_offset
        self.append_time_ms = append_time_ms
        self._finish()

    def fail(self, error: Exception) -> None:
        """Say why the batch went nowhere."""
        self.error = error
        self._finish()

    def discard(self) -> None:
        """Take note that no record needed the batch after all."""
        self._finish()

    def halve(self, at: int) -> "tuple[BatchResult, BatchResult]":
        """Have two results in place of this one: of records below `at`, and of the others."""
        first, second = BatchResult(), BatchResult()
        self._halves = (at, first, second)
        first.when_done(lambda: self._finish() if second.is_done else None)
        second.when_done(lambda: self._finish() if first.is_done else None)
        return first, second

    def _finish(self) -> None:
        with _LOCK:
            if self.is_done:
                return
            self.is_done = True
            waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            waiter()

    def when_done(self, waiter: Callable[[], object]) -> None:
        """Call when the outcome is known, at once if it is; on the thread that says so."""
        with _LOCK:
            if not self.is_done:
                if self._waiters is None:
                    self._waiters = []
                self._waiters.append(waiter)
                return
        waiter()

    # ------------------------------------------------------------ the deliveries' side

    def done(self) -> bool:
        """Whether the outcome is known."""
        return self.is_done

    def wait(self, timeout: float | None) -> None:
        """Wait for the outcome, at most so many seconds.

        Raises:
            ClientTimeoutError: If the time is over.
        """
        if self.is_done:
            return
        event = threading.Event()
        self.when_done(event.set)
        if not event.wait(timeout):
            raise ClientTimeoutError(f"the record was not acknowledged in {timeout:g} s")

    def metadata_of(self, delivery: Delivery) -> RecordMetadata:
        """Return where a record went; the outcome must be known.

        Raises:
            LogcoreError: What the batch failed with.
        """
        result, index = self.part_of(delivery.index)
        if result.error is not None:
            raise result.error
        offset = result.base_offset + index if result.base_offset >= 0 else NO_OFFSET
        timestamp = result.append_time_ms if result.append_time_ms >= 0 else delivery.timestamp
        return RecordMetadata(
            result.topic,
            result.partition,
            offset,
            timestamp,
            delivery.key_size,
            delivery.value_size,
        )

    def result_of(self, delivery: Delivery, timeout: float | None) -> RecordMetadata:
        """Wait for a record's outcome, and return it."""
        self.wait(timeout)
        return self.metadata_of(delivery)

    def exception_of(self, delivery: Delivery, timeout: float | None) -> Exception | None:
        """Wait for a record's outcome, and return the error, if it is one."""
        self.wait(timeout)
        return self.part_of(delivery.index)[0].error

    def add_callback(self, delivery: Delivery, callback: Callable[[Delivery], object]) -> None:
        """Call back with a delivery when its outcome is known."""

        def call() -> None:
            try:
                callback(delivery)
            except Exception:
                logger.exception("a callback of a delivery raised")

        self.when_done(call)

    def await_for(self, delivery: Delivery) -> Generator[Any, None, RecordMetadata]:
        """Wait for a record's outcome in a coroutine."""
        yield from self.until_done()
        return self.metadata_of(delivery)

    def until_done(self) -> Generator[Any, None, None]:
        """Wait for the outcome in a coroutine of any loop."""
        if self.is_done:
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def tell() -> None:
            if not future.done():
                future.set_result(None)

        def wake() -> None:
            try:
                is_here = asyncio.get_running_loop() is loop
            except RuntimeError:
                is_here = False
            if is_here:
                tell()
            elif not loop.is_closed():
                loop.call_soon_threadsafe(tell)

        self.when_done(wake)
        yield from future

    def part_of(self, index: int) -> "tuple[BatchResult, int]":
        """Return the result that a record is part of, and its place there."""
        if self._halves is None:
            return self, index
        at, first, second = self._halves
        half, place = (first, index) if index < at else (second, index - at)
        return half.part_of(place)

    @property
    def first_error(self) -> Exception | None:
        """The error of some record of the batch, if there is one."""
        if self._halves is None:
            return self.error
        return self._halves[1].first_error or self._halves[2].first_error


class Outcome(Protocol):
    """What becomes of some records: a `BatchResult`, or what stands for one."""

    @property
    def is_done(self) -> bool:
        """Whether it is known."""

    @property
    def first_error(self) -> Exception | None:
        """The error of one of them, if there is one."""

    def wait(self, timeout: float | None) -> None:
        """Wait until it is known."""

    def until_done(self) -> Generator[Any, None, None]:
        """Wait until it is known, in a coroutine."""


class Deliveries:
    """What becomes of many records that were sent in one call.

    Attributes:
        count: How many records they are.
    """

    __slots__ = ("_batches", "count")

    def __init__(self, batches: Iterable[Outcome], count: int) -> None:
        self._batches = list(batches)
        self.count = count

    def __len__(self) -> int:
        return self.count

    def done(self) -> bool:
        """Whether it is known of all of them."""
        return all(batch.is_done for batch in self._batches)

    def result(self, timeout: float | None = None) -> int:
        """Wait until all are acknowledged. Not for a coroutine: there, await this object.

        Args:
            timeout: Seconds; None waits as long as ``delivery.timeout.ms`` allows.

        Returns:
            How many records were acknowledged.

        Raises:
            LogcoreError: What the first batch that failed failed with.
            ClientTimeoutError: If the time is over.
        """
        clock = _Patience(timeout)
        for batch in self._batches:
            batch.wait(clock.left())
        return self._outcome()

    def __await__(self) -> Generator[Any, None, int]:
        for batch in self._batches:
            yield from batch.until_done()
        return self._outcome()

    def _outcome(self) -> int:
        for batch in self._batches:
            error = batch.first_error
            if error is not None:
                raise error
        return self.count


class _Patience:
    """What is left of a timeout over several waits."""

    def __init__(self, timeout: float | None) -> None:
        from logcore.common.clock import SystemClock  # noqa: PLC0415 - only for who waits

        self._now = SystemClock().monotonic_ms
        self._until = None if timeout is None else self._now() + timeout * 1000

    def left(self) -> float | None:
        return None if self._until is None else max((self._until - self._now()) / 1000, 0.0)
