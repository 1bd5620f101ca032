"""`AsyncConsumer`: the consumer as coroutines see it, and the core of the synchronous one.

Invariant: records are handed out by one task at a time; between two hand-outs `upkeep` runs. What
is handed out counts as processed when the user asks for more.
Neighbours: `fetcher` fetches ahead; `subscription` holds positions; `handing_out` hands out what
was fetched; `offsetting` has what this derives from; `consumer` is the synchronous twin.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from logcore.client.cluster import Cluster
from logcore.client.metrics.registry import Metrics
from logcore.client.positions import TopicPartition
from logcore.common.errors import ClientClosedError, IllegalStateError
from logcore.common.types import override
from logcore.consumer.config import CONSUMER_CONFIG, ConsumerSettings
from logcore.consumer.deserializing import AnyDeserializer
from logcore.consumer.elsewhere import Elsewhere
from logcore.consumer.fetcher import Fetcher
from logcore.consumer.handing_out import ColumnBatch, HandingOut
from logcore.consumer.interceptor import ConsumerInterceptor
from logcore.consumer.listener import RebalanceListener
from logcore.consumer.offsetting import Offsetting
from logcore.consumer.preparing import Preparing
from logcore.consumer.reset import BEGINNING, END
from logcore.consumer.subscription import FetchBuffer, PartitionState, Subscription
from logcore.consumer.telling import Telling
from logcore.consumer.upkeep import Upkeep
from logcore.record import ConsumerRecord
from logcore.record.decoding import ArrowBatches

T = TypeVar("T")

Places = Iterable[tuple[str, int]]
"""Partitions: `TopicPartition`s, or plain pairs."""


class AsyncConsumer(Offsetting):
    """Reads records from Kafka topics, in coroutines.

    Make it in a coroutine, and close it, or use it with ``async with``. Settings have Kafka's
    dotted names; as keywords, with underscores for the dots.

    Args:
        *topics: Topics to subscribe to.
        config: Settings by dotted name.
        key_deserializer: Makes something of the bytes of keys: a function of one argument, or a
            `logcore.serialization.Deserializer`. One that may block is called by another thread.
        value_deserializer: Makes something of the bytes of values.
        interceptors: See records before the program does, and what is committed.
        **settings: Settings by name with underscores, such as ``bootstrap_servers``.

    Raises:
        ConfigError: If a setting is unknown or refused; it names the nearest right one.
        IllegalStateError: Outside of a coroutine.

    Example:
        >>> async with AsyncConsumer("words", group_id="readers") as consumer:
        ...     async for record in consumer:
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
        self.settings = ConsumerSettings(CONSUMER_CONFIG, {**(config or {}), **settings})
        self.settings.check()
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise IllegalStateError(
                "make an AsyncConsumer in a coroutine; Consumer is the synchronous one"
            ) from None
        self.poll_records = self.settings.integer("max.poll.records")
        self.on_arrival: Callable[[], object] | None = None
        self.telling = Telling()
        self._cluster = Cluster(
            self.settings, creates_topics=self.settings.flag("allow.auto.create.topics")
        )
        self._timeout_s = self.settings.integer("default.api.timeout.ms") / 1000
        self._subscription = Subscription()
        self._buffer = FetchBuffer()
        self._arrivals = asyncio.Event()
        self._fetcher = Fetcher(
            self._cluster, self.settings, self._subscription, self._buffer, self.arrived
        )
        self.upkeep = Upkeep(
            self._cluster,
            self.settings,
            self._subscription,
            self._fetcher,
            self.arrived,
            self.telling,
        )
        hooks = Preparing(key_deserializer, value_deserializer, interceptors)
        self._interceptors = hooks.interceptors
        if hooks.interceptors and self.upkeep.commits is not None:
            self.upkeep.commits.on_commit = hooks.interceptors.on_commit
        self.hand = HandingOut(
            self._buffer,
            lambda: self._cluster.loop.call_soon_threadsafe(self._fetcher.wake),
            self.poll_records,
            hooks if hooks.is_needed else None,
        )
        self._elsewhere = Elsewhere(self.hand, hooks) if hooks.blocks else None
        self.hand.is_elsewhere = hooks.blocks
        self._cluster.labels = self.upkeep.labels
        self._closing: asyncio.Task[None] | None = None
        self._is_closed = False
        if topics:
            self.subscribe(topics)

    # ------------------------------------------------------------ what to read

    def subscribe(
        self,
        topics: Iterable[str] | str | re.Pattern[str],
        listener: RebalanceListener | None = None,
    ) -> None:
        """Read topics together with the other members of the group; it replaces what was before.

        Args:
            topics: Names; or a compiled pattern, for all topics whose names match, also later.
            listener: Who is told when partitions come and go.

        Raises:
            ConfigError: Without ``group.id``.
            IllegalStateError: If partitions are assigned by hand.
        """
        self._check()
        self.settings.need_group("subscribe()")
        is_pattern = isinstance(topics, re.Pattern)
        names = () if is_pattern else (topics,) if isinstance(topics, str) else tuple(topics)  # type: ignore[arg-type]  # no pattern
        self._subscription.subscribe(names, topics if isinstance(topics, re.Pattern) else None)
        self.telling.listener = listener or RebalanceListener()
        self.upkeep.subscribe()

    async def unsubscribe(self) -> None:
        """Read nothing any more, and leave the group; offsets are committed if it is automatic."""
        self._check()
        await self.upkeep.unsubscribe()

    def assign(self, partitions: Places) -> None:
        """Read certain partitions, outside of any group's assignment; it replaces what was before.

        Raises:
            IllegalStateError: If topics are subscribed to.
        """
        self._check()
        places = [TopicPartition(*place) for place in partitions]
        self._subscription.assign(places)
        self._cluster.track({place.topic for place in places})
        self.upkeep.news()

    def seek(self, partition: tuple[str, int], offset: int) -> None:
        """Read a partition on from an offset.

        Raises:
            IllegalStateError: If it is not assigned.
            ValueError: If the offset is negative.
        """
        self._check()
        if offset < 0:
            raise ValueError(f"offset {offset} is negative: use seek_to_beginning or seek_to_end")
        self._subscription.state(partition).seek(offset)
        self.upkeep.news()

    def seek_to_beginning(self, *partitions: tuple[str, int]) -> None:
        """Read partitions from their beginning, all assigned ones if none are named."""
        self._check()
        for place in partitions or self.assignment():
            self._subscription.state(place).seek(None, BEGINNING)
        self.upkeep.news()

    def seek_to_end(self, *partitions: tuple[str, int]) -> None:
        """Read partitions from their end, all assigned ones if none are named."""
        self._check()
        for place in partitions or self.assignment():
            self._subscription.state(place).seek(None, END)
        self.upkeep.news()

    def pause(self, *partitions: tuple[str, int]) -> None:
        """Hand out nothing of partitions until `resume`; they stay assigned.

        Who iterates over records gets no further one of them either.
        """
        self._check()
        for place in partitions:
            self._subscription.state(place).pause()

    def resume(self, *partitions: tuple[str, int]) -> None:
        """Hand out records of partitions again."""
        self._check()
        for place in partitions:
            state = self._subscription.state(place)
            state.is_paused = False
            self._buffer.unpark(state)
        self._fetcher.wake()
        self.arrived()

    def paused(self) -> list[TopicPartition]:
        """Return the partitions that are paused."""
        return [p for p, state in self._subscription.partitions.items() if state.is_paused]

    # ------------------------------------------------------------ handing out

    async def poll(
        self,
        timeout: float = 1.0,  # noqa: ASYNC109 - waits so long
        max_records: int | None = None,
    ) -> list[ConsumerRecord]:
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
            ClientClosedError: After `close`.
        """
        count = self.poll_records if max_records is None else max_records
        now = self._cluster.loop.time
        deadline, records = now() + timeout, list[ConsumerRecord]()
        while (state := await self._ready(deadline - now())) is not None:
            if self._elsewhere is None:
                records = self.hand.gather(state, count)
            else:  # of one partition: to wait for another one's might lose these
                await self._elsewhere.hold(state, count)
                records = self.hand.take_from(state, count)
            if records or not count:
                break
        return records

    async def poll_columns(self, timeout: float = 1.0) -> ColumnBatch | None:  # noqa: ASYNC109 - waits so long
        """Return the next records of a partition as numpy arrays, as many as were fetched at once.

        Keys and values are bytes, whatever deserializers and interceptors there are.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            The columns; None if there were no records in time.

        Raises:
            As `poll`.
        """
        return await self._whole(timeout, self.hand.columns_from)

    async def poll_arrow(self, timeout: float = 1.0) -> ArrowBatches | None:  # noqa: ASYNC109 - waits so long
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
        return await self._whole(timeout, self.hand.arrow_from)

    async def _whole(self, timeout: float, take: Callable[[PartitionState], T | None]) -> T | None:  # noqa: ASYNC109 - waits so long
        """Return what is taken of whole chunks; None if there is none in time."""
        deadline = self._cluster.loop.time() + timeout
        while (state := await self._ready(deadline - self._cluster.loop.time())) is not None:
            if state.is_ahead:
                self.fetch_again(state)
            elif (taken := take(state)) is not None:
                return taken
        return None

    def fetch_again(self, state: PartitionState) -> None:
        """Give up what hooks have made of a partition: who takes columns wants it as it was."""
        state.void()
        self._fetcher.wake()

    def __aiter__(self) -> AsyncIterator[ConsumerRecord]:
        return self.records()

    async def records(self, timeout: float | None = None) -> AsyncIterator[ConsumerRecord]:  # noqa: ASYNC109 - waits so long
        """Iterate over records.

        Args:
            timeout: Stop when there was none for so many seconds; None goes on for ever.

        Raises:
            As `poll`.
        """
        while True:
            state = await self._ready(timeout)
            if state is None:
                return
            if self._elsewhere is not None:
                await self._elsewhere.hold(state, self.poll_records)
            for record in self.hand.slice_of(state):
                yield record

    async def batches(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - waits so long
        max_records: int | None = None,
    ) -> AsyncIterator[list[ConsumerRecord]]:
        """Iterate over lists of records of one partition each; otherwise as `records`."""
        count = self.poll_records if max_records is None else max_records
        while True:
            state = await self._ready(timeout)
            if state is None:
                return
            if self._elsewhere is not None:
                await self._elsewhere.hold(state, count)
            records = self.hand.take_from(state, count)
            if records:
                yield records

    async def _ready(self, timeout: float | None) -> PartitionState | None:  # noqa: ASYNC109
        """Return a partition with something to hand out; None if there is none in time."""
        deadline = None if timeout is None else self._cluster.loop.time() + timeout
        while True:
            self._check()
            if self.upkeep.is_due:
                await self.upkeep.run()
            state = self.hand.next_chunk()
            if state is not None:
                return state
            self._arrivals.clear()
            if self.has_something:
                continue
            left = None if deadline is None else deadline - self._cluster.loop.time()
            if left is not None and left <= 0:
                return None
            try:
                async with asyncio.timeout(1.0 if left is None else min(left, 1.0)):
                    await self._arrivals.wait()
            except TimeoutError:
                pass

    def metrics(self) -> Metrics:
        """Return what the consumer measured of itself, under the names of Java's consumer.

        Example:
            >>> metrics = consumer.metrics()
            >>> metrics["records-lag-max"], metrics.of(topic="words")["records-consumed-total"]
        """
        self._check()
        return self._cluster.metrics.read()

    # ------------------------------------------------------------ shared with the twin

    def arrived(self) -> None:
        """Have whoever waits look again; on the loop's thread."""
        self._arrivals.set()
        if self.on_arrival is not None:
            self.on_arrival()

    @property
    def has_something(self) -> bool:
        """Whether there is something to hand out or to do; from any thread."""
        return bool(self._buffer) or self.upkeep.has_news or self.hand.has_resumed

    @override
    def _check(self) -> None:
        if self._is_closed:
            raise ClientClosedError("the consumer is closed")
        self._cluster.check_loop()

    # ------------------------------------------------------------ the end

    async def close(self, timeout: float = 30.0) -> None:  # noqa: ASYNC109 - told, not cancelled
        """Commit if that is automatic, leave the group, and end. Twice is no error.

        Args:
            timeout: Seconds to take for that at most.
        """
        self._cluster.check_loop()
        if self._closing is None:
            self._closing = self._cluster.loop.create_task(self._close(timeout))
        await asyncio.shield(self._closing)

    async def _close(self, timeout: float) -> None:  # noqa: ASYNC109 - as `close`
        try:
            async with asyncio.timeout(timeout):
                await self.upkeep.close()
                await self._cluster.push_last()
        except TimeoutError:
            pass
        finally:
            self.abandon()
            self.arrived()

    def abandon(self) -> None:
        """End at once, without a word to the group."""
        self._is_closed = True
        self.upkeep.abandon()
        self._cluster.close()
        self._interceptors.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
