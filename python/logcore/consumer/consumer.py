"""`Consumer`: the synchronous twin of `AsyncConsumer`.

Invariant: it is for one thread at a time. What was fetched is decoded by the thread that reads;
everything else is done by the core, on a loop in a thread of its own, also while records are
processed: heartbeats, and fetching ahead.
Neighbours: `async_consumer` is the core; `logcore.client.blocking` makes methods that wait for it.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from itertools import chain
from types import TracebackType
from typing import Any, Self, TypeVar
from weakref import WeakMethod

from logcore.client.blocking import blocking, on_loop
from logcore.client.loop_thread import LoopThread
from logcore.client.positions import Offsets
from logcore.common.clock import SystemClock
from logcore.common.errors import ClientClosedError
from logcore.consumer.async_consumer import AsyncConsumer
from logcore.consumer.deserializing import AnyDeserializer
from logcore.consumer.handing_out import ColumnBatch
from logcore.consumer.interceptor import ConsumerInterceptor
from logcore.consumer.one_thread import OneThread
from logcore.consumer.subscription import PartitionState
from logcore.record import ConsumerRecord
from logcore.record.decoding import ArrowBatches

T = TypeVar("T")
WAIT_SLICE_S = 1.0


class Consumer:
    """Reads records from Kafka topics.

    Settings have Kafka's dotted names; as keywords, with underscores for the dots. Close it, or use
    it with ``with``.

    Args:
        *topics: Topics to subscribe to.
        config: Settings by dotted name.
        key_deserializer: Makes something of the bytes of keys: a function of one argument, or a
            `logcore.serialization.Deserializer`. It is called by the thread that reads.
        value_deserializer: Makes something of the bytes of values.
        interceptors: See records before the program does, and what is committed.
        **settings: Settings by name with underscores, such as ``bootstrap_servers``.

    Raises:
        ConfigError: If a setting is unknown or refused; it names the nearest right one.

    Example:
        >>> with Consumer("words", group_id="readers") as consumer:
        ...     for record in consumer:
        ...         print(record.offset, record.value)
    """

    def __init__(
        self,
        *topics: str,
        config: Mapping[str, Any] | None = None,
        key_deserializer: AnyDeserializer | None = None,
        value_deserializer: AnyDeserializer | None = None,
        interceptors: Iterable[ConsumerInterceptor] = (),
        **settings: Any,  # noqa: ANN401 - of any key
    ) -> None:
        self.runner = LoopThread("logcore-consumer")
        self._arrivals = threading.Event()
        self._now_ms = SystemClock().monotonic_ms
        self._calls: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._turn = OneThread()

        method = WeakMethod(self._call_listener)  # a consumer that is forgotten must not live on

        async def call_listener(listener: Callable[[], Any]) -> None:
            call = method()
            if call is not None:
                await call(listener)

        async def make() -> AsyncConsumer:
            core = AsyncConsumer(
                config=config,
                key_deserializer=key_deserializer,
                value_deserializer=value_deserializer,
                interceptors=interceptors,
                **settings,
            )
            core.on_arrival = self._arrivals.set
            core.telling.call_elsewhere = call_listener
            core.hand.is_elsewhere = False  # hooks may block the thread that reads
            if topics:
                core.subscribe(topics)
            return core

        try:
            self.core = self.runner.run(make())
            self.runner.at_end(self.core.abandon)
        except BaseException:
            self.runner.close()
            raise

    # ------------------------------------------------------------ handing out

    def __iter__(self) -> Iterator[ConsumerRecord]:
        return self.records()

    def records(self, timeout: float | None = None) -> Iterator[ConsumerRecord]:
        """Iterate over records.

        Args:
            timeout: Stop when there was none for so many seconds; None goes on for ever.

        Raises:
            As `poll`.
        """
        return chain.from_iterable(self._slices(timeout))

    def _slices(self, timeout: float | None) -> Iterator[Iterable[ConsumerRecord]]:
        core = self.core
        while True:
            with self._turn:
                state = self._ready(timeout)
                if state is None:
                    return
                records = core.hand.slice_of(state)
            yield records

    def batches(
        self, timeout: float | None = None, max_records: int | None = None
    ) -> Iterator[list[ConsumerRecord]]:
        """Iterate over lists of records of one partition each; otherwise as `records`."""
        core = self.core
        count = core.poll_records if max_records is None else max_records
        while True:
            with self._turn:
                state = self._ready(timeout)
                if state is None:
                    return
                records = core.hand.take_from(state, count)
            if records:
                yield records

    def poll(self, timeout: float = 1.0, max_records: int | None = None) -> list[ConsumerRecord]:
        """Return the next records, waiting for the first of them.

        Args:
            timeout: Seconds to wait at most.
            max_records: How many at most; ``max.poll.records`` if None.

        Returns:
            Records, those of a partition in order; none if there were none in time.

        Raises:
            NoOffsetForPartitionError: If a partition has no position, and may not choose one.
            KafkaError: What the group or a broker refuses for good.
            SerializationError: If a deserializer raised; reading goes on behind that record.
            WrongThreadError: If another thread reads from this consumer now.
            ClientClosedError: After `close`.
        """
        core = self.core
        count = core.poll_records if max_records is None else max_records
        until_ms, records = self._now_ms() + timeout * 1000, list[ConsumerRecord]()
        with self._turn:
            while (state := self._ready((until_ms - self._now_ms()) / 1000)) is not None:
                records = core.hand.gather(state, count)
                if records or not count:
                    break
        return records

    def poll_columns(self, timeout: float = 1.0) -> ColumnBatch | None:
        """Return the next records of a partition as numpy arrays, as many as were fetched at once.

        Keys and values are bytes, whatever deserializers and interceptors there are.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            The columns; None if there were no records in time.

        Raises:
            As `poll`.
        """
        return self._whole(timeout, self.core.hand.columns_from)

    def poll_arrow(self, timeout: float = 1.0) -> ArrowBatches | None:
        """Return the next records as an Arrow stream: what was fetched so far, of all partitions.

        What reads Arrow's C stream interface takes it: ``polars.DataFrame(...)``,
        ``pyarrow.table(...)``, DuckDB; logcore needs none of them. Columns are ``topic``,
        ``partition``, ``offset``, ``timestamp``, ``key``, ``value`` and ``headers``. Keys and
        values are bytes, whatever deserializers and interceptors there are.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            The stream, whose ``len()`` is the number of records; None if there were none in time.

        Raises:
            As `poll`.
        """
        return self._whole(timeout, self.core.hand.arrow_from)

    def _whole(self, timeout: float, take: Callable[[PartitionState], T | None]) -> T | None:
        """Return what is taken of whole chunks; None if there is none in time."""
        until_ms = self._now_ms() + timeout * 1000
        with self._turn:
            while (state := self._ready((until_ms - self._now_ms()) / 1000)) is not None:
                if state.is_ahead:
                    self.runner.call(partial(self.core.fetch_again, state))
                elif (taken := take(state)) is not None:
                    return taken
        return None

    def _ready(self, timeout: float | None) -> PartitionState | None:
        """Return a partition with something to hand out; None if there is none in time."""
        core, arrivals = self.core, self._arrivals
        self.runner.check_process()
        until_ms = None if timeout is None else self._now_ms() + timeout * 1000
        while True:
            if core.upkeep.is_due:
                self._serving(core.upkeep.run())
            state = core.hand.next_chunk()
            if state is not None:
                return state
            if self.runner.is_closed:
                raise ClientClosedError("the consumer is closed")
            arrivals.clear()
            if core.has_something:
                continue
            left_s = WAIT_SLICE_S if until_ms is None else (until_ms - self._now_ms()) / 1000
            if left_s <= 0:
                return None
            arrivals.wait(min(left_s, WAIT_SLICE_S))

    # ------------------------------------------------------------ listeners on this thread

    def _serving(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop, and call listeners on this thread meanwhile."""
        calls = self._calls
        future = self.runner.begin(coroutine)
        future.add_done_callback(lambda _: calls.put(None))  # have it looked at again
        try:
            while not (future.done() or self.runner.is_closed):
                with suppress(queue.Empty):  # another thread may end the loop meanwhile
                    call = calls.get(timeout=WAIT_SLICE_S)
                    if call is not None:
                        call()
        except BaseException:
            future.cancel()
            raise
        return self.runner.wait(future, coroutine)

    async def _call_listener(self, method: Callable[[], Any]) -> None:
        """Have a listener called by the thread that waits, and wait for it on the loop."""
        loop = self.runner.loop
        done: asyncio.Future[None] = loop.create_future()

        def finish(error: Exception | None) -> None:
            if done.done():
                return
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

        def call() -> None:
            error = None
            try:
                method()
            except Exception as raised:  # noqa: BLE001 - passes to who polls
                error = raised
            finally:  # after Ctrl-C too, which is raised here: what it is told of goes on
                loop.call_soon_threadsafe(finish, error)

        self._calls.put(call)
        await done

    # ------------------------------------------------------------ what the core does

    subscribe = on_loop(AsyncConsumer.subscribe)
    assign = on_loop(AsyncConsumer.assign)
    assignment = on_loop(AsyncConsumer.assignment)
    seek = on_loop(AsyncConsumer.seek)
    seek_to_beginning = on_loop(AsyncConsumer.seek_to_beginning)
    seek_to_end = on_loop(AsyncConsumer.seek_to_end)
    pause = on_loop(AsyncConsumer.pause)
    resume = on_loop(AsyncConsumer.resume)
    paused = on_loop(AsyncConsumer.paused)
    group_facts = on_loop(AsyncConsumer.group_facts)
    position = blocking(AsyncConsumer.position)
    commit = blocking(AsyncConsumer.commit)
    committed = blocking(AsyncConsumer.committed)
    offsets_for_times = blocking(AsyncConsumer.offsets_for_times)
    beginning_offsets = blocking(AsyncConsumer.beginning_offsets)
    end_offsets = blocking(AsyncConsumer.end_offsets)
    lag = blocking(AsyncConsumer.lag)
    metrics = on_loop(AsyncConsumer.metrics)
    partitions_for = blocking(AsyncConsumer.partitions_for)

    def commit_async(self, offsets: Offsets | None = None) -> "Future[None]":
        """Commit offsets, and do not wait. An older commit never undoes a newer one.

        One that a newer commit of the same partitions overtakes is done when that one is. Closing
        the consumer waits for it a while. What fails is logged, too.

        Args:
            offsets: As `commit` takes them.

        Returns:
            Its ``result()`` waits, and raises as `commit` does; ``add_done_callback`` has somebody
            told, on the consumer's own thread.
        """
        result: Future[None] = Future()
        result.set_running_or_notify_cancel()  # what has begun is not to be cancelled

        def told(task: "asyncio.Future[None]") -> None:
            if task.cancelled():
                result.set_exception(ClientClosedError("the consumer was closed meanwhile"))
            elif (error := task.exception()) is not None:
                result.set_exception(error)
            else:
                result.set_result(None)

        self.runner.call(lambda: self.core.commit_async(offsets).add_done_callback(told))
        return result

    def unsubscribe(self) -> None:
        """Read nothing any more, and leave the group; offsets are committed if it is automatic."""
        self._serving(self.core.unsubscribe())

    def close(self, timeout: float = 30.0) -> None:
        """Commit if that is automatic, leave the group, and end. Twice is no error.

        Args:
            timeout: Seconds to take for that at most.
        """
        self.runner.finish(lambda: self._serving(self.core.close(timeout)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
