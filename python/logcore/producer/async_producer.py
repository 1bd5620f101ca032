"""`AsyncProducer`: the producer as coroutines see it, and the core of the synchronous one.

Invariant: `send` never waits; a record that it took is acknowledged or failed, in the order of the
calls per partition. All that waits runs on the loop on which the producer was made.
Neighbours: the accumulator of `logcore.record.encoding` encodes; `sender` sends; `transactions`
begins and ends them; `producer` is the synchronous twin.
"""

import asyncio
import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from logcore.client.cluster import Cluster
from logcore.client.cluster_view import ClusterView, TopicView
from logcore.client.positions import GroupFacts, Offsets
from logcore.common.clock import SystemClock
from logcore.common.errors import (
    BufferExhaustedError,
    ClientClosedError,
    ClientTimeoutError,
    IllegalStateError,
    LogcoreError,
)
from logcore.common.types import override
from logcore.producer.config import PRODUCER_CONFIG, ProducerSettings
from logcore.producer.delivery import BatchResult, Deliveries
from logcore.producer.identification import Idempotence
from logcore.producer.late import LateRecords
from logcore.producer.sender import Identities, Plain, Sender
from logcore.producer.transactions import Transactions
from logcore.record.encoding import Delivery, RecordAccumulator

if TYPE_CHECKING:
    from typing_extensions import Buffer

Headers = Mapping[str, bytes | None] | Sequence[tuple[str, bytes | None]]
"""Headers of a record: pairs, whose keys may repeat, or a mapping."""

_ALIVE: Final["weakref.WeakSet[AsyncProducer]"] = weakref.WeakSet()


class AsyncProducer:
    """Sends records to Kafka topics, from coroutines.

    Make it in a coroutine, and close it, or use it with ``async with``. Settings have Kafka's
    dotted names; as keywords, with underscores for the dots.

    Args:
        config: Settings by dotted name.
        **settings: Settings by name with underscores, such as ``bootstrap_servers``.

    Raises:
        ConfigError: If a setting is unknown or refused; it names the nearest right one.
        IllegalStateError: Outside of a coroutine.

    Example:
        >>> async with AsyncProducer(bootstrap_servers="localhost:9092") as producer:
        ...     metadata = await producer.send("words", b"hello", key=b"greeting")
        ...     print(metadata.partition, metadata.offset)
    """

    def __init__(self, config: Mapping[str, Any] | None = None, **settings: Any) -> None:  # noqa: ANN401 - of any key
        self.settings = ProducerSettings(PRODUCER_CONFIG, {**(config or {}), **settings})
        self.settings.check()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise IllegalStateError(
                "make an AsyncProducer in a coroutine; Producer is the synchronous one"
            ) from None
        self._cluster = Cluster(self.settings)
        self._cluster.watch(self._spread)
        self._outstanding: set[BatchResult] = set()
        self._clock = SystemClock()
        self._pid = os.getpid()
        self._is_closed = False
        self._late = LateRecords(self.settings.integer("buffer.memory"))
        self._placing: asyncio.Task[None] | None = None
        self._block_s = self.settings.integer("max.block.ms") / 1000
        self.accumulator = self._make_accumulator(loop)
        self._append = self.accumulator.append
        self._room = asyncio.Event()
        self._transactions: Transactions | None = None
        self._sender = Sender(
            self._cluster, self.settings, self.accumulator, self._make_identities()
        )
        self._sender.on_room = self._room.set
        _ALIVE.add(self)

    def _make_accumulator(self, loop: asyncio.AbstractEventLoop) -> RecordAccumulator:
        settings = self.settings
        wakes = weakref.WeakMethod(self._wake)

        def wake() -> None:
            method = wakes()
            if method is not None and not loop.is_closed():
                loop.call_soon_threadsafe(method)

        return RecordAccumulator(
            self._new_batch,
            wake,
            compression=settings.text("compression.type"),
            level=settings.compression_level,
            batch_bytes=settings.integer("batch.size"),
            memory_bytes=settings.integer("buffer.memory"),
            record_bytes=settings.integer("max.request.size"),
            ignores_keys=settings.flag("partitioner.ignore.keys"),
            seed=self._cluster.chance.getrandbits(63),
        )

    def _make_identities(self) -> Identities:
        if self.settings.transactional_id is not None:
            self._transactions = Transactions(self._cluster, self.settings, self._wake)
            return self._transactions
        if not self.settings.is_idempotent:
            return Plain()
        return Idempotence(
            self._cluster,
            self._block_s,
            self._wake,
            self._give_up,
        )

    def _wake(self) -> None:
        self._sender.wake()

    def _give_up(self, error: Exception) -> None:
        self._sender.fail_all(error)

    def _new_batch(self) -> BatchResult:
        """Make the ticket of a batch; on the thread that sends."""
        result = BatchResult()
        outstanding = self._outstanding
        outstanding.add(result)
        result.when_done(lambda: outstanding.discard(result))
        return result

    def _spread(self, view: ClusterView) -> None:
        """Tell the accumulator of partitions."""
        for topic in view.topics.values():
            if topic.partitions:
                self.tell_partitions(topic)
        self._sender.wake()

    def tell_partitions(self, topic: TopicView) -> None:
        """Tell the accumulator of a topic's partitions."""
        self.accumulator.set_partitions(topic.name, max(topic.partitions) + 1, topic.writable)

    # ------------------------------------------------------------ sending

    def send(  # noqa: PLR0913 - what a record has
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        *,
        partition: int | None = None,
        headers: Headers | None = None,
        timestamp: int | None = None,
        on_delivery: Callable[[Delivery], object] | None = None,
    ) -> Delivery:
        """Send a record. It does not wait: awaiting the delivery does.

        Args:
            topic: Where to.
            value: The value; None is a tombstone.
            key: The key. Records of one key go to one partition, the one Java's producer chooses.
            partition: The partition, if it is not to be chosen.
            headers: Pairs of text and bytes, or a mapping.
            timestamp: Milliseconds since 1970 UTC; now if None.
            on_delivery: Called with the delivery when its outcome is known, on the loop.

        Returns:
            The delivery: awaiting it gives a `RecordMetadata`, or raises what went wrong.

        Raises:
            MessageTooLargeError: If it is above ``max.request.size``.
            UnknownTopicOrPartitionError: If the topic has no such partition.
            BufferExhaustedError: If ``buffer.memory`` bytes wait already.
            ClientClosedError: After `close`.
            TypeError: If key or value are not bytes.
        """
        delivery = None
        if not self._late:
            self.check_transaction()
            delivery = self._append(topic, value, key, partition, headers, timestamp)
        if delivery is None:
            delivery = self._send_late(topic, value, key, partition, headers, timestamp)
        if on_delivery is not None:
            delivery.add_done_callback(on_delivery)
        return delivery

    @property
    def is_transactional(self) -> bool:
        """Whether records are sent in transactions only."""
        return self._transactions is not None

    def check_transaction(self) -> None:
        """Refuse records outside of a transaction, if the producer is transactional.

        Raises:
            IllegalStateError: If no transaction is open.
        """
        if self._transactions is not None:
            self._transactions.check_send()

    def _send_late(self, *arguments: Any) -> Delivery:  # noqa: ANN401 - of `send`
        self._cluster.check_loop()
        if self._is_closed:
            raise ClientClosedError("the producer is closed")
        now_ms = self._clock.now_ms()
        topic, value, key, partition, headers, timestamp = arguments
        timestamp = now_ms if timestamp is None else timestamp
        arguments = (topic, value, key, partition, headers, timestamp)
        for what, field in (("value", value), ("key", key)):
            if field is not None and not isinstance(field, bytes):
                raise TypeError(f"a {what} must be bytes or None, not {type(field).__name__}")
        delivery = self._late.add(arguments, timestamp)
        if self._placing is None or self._placing.done():
            self._placing = self._cluster.loop.create_task(self._place_late())
        return delivery

    async def _place_late(self) -> None:
        """Place what waits, in order."""
        late = self._late
        while late:
            record = late.first
            try:
                delivery = self._append(*record.arguments)
                if delivery is None:
                    await self._until_room(record.arguments[0], record.size_bytes)
                    continue
            except (LogcoreError, TypeError, ValueError) as error:
                late.failed(error)
            else:
                late.placed(delivery)

    async def _until_room(self, topic: str, size_bytes: int) -> None:
        """Wait until a topic is known, and there is room.

        Raises:
            ClientTimeoutError: After ``max.block.ms``.
        """
        if not self.is_known(topic):
            await self.know(topic)
            return
        self._sender.wake()
        try:
            async with asyncio.timeout(self._block_s):
                while not self.accumulator.has_room(size_bytes):
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            raise BufferExhaustedError(
                "the producer holds buffer.memory bytes that no broker took within max.block.ms"
            ) from None

    def is_known(self, topic: str) -> bool:
        """Whether the partitions of a topic are known."""
        known = self._cluster.view.topics.get(topic)
        return known is not None and bool(known.partitions)

    def hurry(self) -> None:
        """Look at what can be sent now; from any thread."""
        self._cluster.loop.call_soon_threadsafe(self._sender.wake)

    async def know(self, topic: str) -> None:
        """Wait until a topic is known, at most ``max.block.ms``.

        Raises:
            UnknownTopicOrPartitionError: If there is none.
            ClientTimeoutError: If no broker told in time.
        """
        self.tell_partitions(await self._cluster.topic(topic, self._block_s))

    async def send_many(
        self,
        topic: str,
        values: Sequence[bytes | None],
        keys: Sequence[bytes | None] | None = None,
        *,
        partition: int | None = None,
        timestamp: int | None = None,
    ) -> Deliveries:
        """Send many records at once, waiting for room where there is none.

        Args:
            topic: Where to.
            values: The values; a list is fastest.
            keys: As many keys, if any.
            partition: The partition of all, if it is not to be chosen.
            timestamp: Milliseconds since 1970 UTC of all; now if None.

        Returns:
            What becomes of them: awaiting it gives their number, once all are acknowledged.

        Raises:
            As `send`; records before the one at fault are sent.
        """
        self.check_transaction()
        append = self.accumulator.append_many
        return await self._send_all(
            topic,
            len(values),
            lambda start: append(topic, values, keys, partition, timestamp, start),
        )

    async def send_columns(  # noqa: PLR0913 - what records have
        self,
        topic: str,
        values: "Buffer",
        lengths: "Buffer | Sequence[int]",
        keys: "Buffer | None" = None,
        key_lengths: "Buffer | Sequence[int] | None" = None,
        *,
        partition: int | None = None,
        timestamp: int | None = None,
    ) -> Deliveries:
        """Send values that lie back to back in one buffer, such as an array of numpy or Arrow.

        Args:
            topic: Where to.
            values: The bytes of all values.
            lengths: Bytes of each value: an array of int32 or int64, or a sequence; -1 is a null.
            keys: The bytes of all keys, if any.
            key_lengths: Bytes of each key.
            partition: The partition of all, if it is not to be chosen.
            timestamp: Milliseconds since 1970 UTC of all; now if None.

        Returns:
            As `send_many`.

        Raises:
            InvalidArgumentError: If lengths and buffers do not agree.
            As `send`.
        """
        self.check_transaction()
        append = self.accumulator.append_columns
        return await self._send_all(
            topic,
            len(memoryview(lengths)) if not isinstance(lengths, Sequence) else len(lengths),
            lambda start: append(
                topic, values, lengths, keys, key_lengths, partition, timestamp, start
            ),
        )

    async def _send_all(
        self, topic: str, count: int, append: Callable[[int], tuple[int, list[Any]]]
    ) -> Deliveries:
        self._cluster.check_loop()
        if self._placing is not None and not self._placing.done():
            await asyncio.wait([self._placing])
        batches: dict[BatchResult, None] = {}
        sent = 0
        while sent < count:
            taken, tickets = append(sent)
            batches.update(dict.fromkeys(tickets))
            sent += taken
            if sent < count:
                await self._until_room(topic, self.accumulator.used_bytes // 8)
        return Deliveries(list(batches), count)

    # ------------------------------------------------------------ waiting

    async def flush(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - told, not cancelled
        """Send what was taken so far without lingering, and wait until its outcome is known.

        Errors of single records are told by their deliveries, not here.

        Args:
            timeout: Seconds; None waits as long as ``delivery.timeout.ms`` allows.

        Raises:
            ClientTimeoutError: If the time is over; sending goes on.
        """
        self._cluster.check_loop()
        try:
            async with asyncio.timeout(timeout):
                await self._flush()
        except TimeoutError:
            raise ClientTimeoutError(f"not everything was acknowledged in {timeout:g} s") from None

    async def _flush(self) -> None:
        if self._placing is not None and not self._placing.done():
            await asyncio.wait([self._placing])
        self._sender.is_hurried = True
        try:
            self._sender.wake()
            for result in list(self._outstanding):
                await _until(result)
        finally:
            self._sender.is_hurried = False

    async def close(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - told, not cancelled
        """Send what was taken, wait for it, and end. Twice is no error.

        Args:
            timeout: Seconds to wait; None waits as long as ``delivery.timeout.ms`` allows. What is
                not acknowledged then fails with `ClientClosedError`.
        """
        if self._is_closed:
            return
        self._cluster.check_loop()
        self._is_closed = True
        try:
            if self._transactions is not None:
                await self._transactions.abandon(self._sender)
            async with asyncio.timeout(timeout):
                await self._flush()
        except TimeoutError:
            pass
        finally:
            self.accumulator.close()
            error = ClientClosedError("the producer was closed before the record was acknowledged")
            self._late.fail_all(error)
            self._sender.fail_all(error)
            if self._placing is not None:
                self._placing.cancel()
            self._cluster.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def partitions_for(self, topic: str) -> list[int]:
        """Return the partitions of a topic, waiting at most ``max.block.ms`` to learn of them.

        Raises:
            UnknownTopicOrPartitionError: If there is no such topic.
        """
        return sorted((await self._cluster.topic(topic, self._block_s)).partitions)

    # ------------------------------------------------------------ transactions

    def _need_transactions(self) -> Transactions:
        self._cluster.check_loop()
        if self._transactions is None:
            raise IllegalStateError("the producer has no transactional.id, so no transactions")
        return self._transactions

    async def init_transactions(self) -> None:
        """Take over the transactional id.

        Whoever had it before is fenced, and its open transaction aborted. `begin_transaction` does
        it, the first time, if it was not done.

        Raises:
            KafkaError: If the coordinator refuses.
            ClientTimeoutError: After ``max.block.ms``.
        """
        await self._need_transactions().initialise()

    async def begin_transaction(self) -> None:
        """Begin a transaction: records sent from now on are part of it.

        Raises:
            IllegalStateError: If one is open.
        """
        await self._need_transactions().begin()

    async def commit_transaction(self) -> None:
        """Send what was taken, and commit the transaction.

        Raises:
            TransactionAbortableError, KafkaError: If it cannot be committed; abort it then.
            ProducerFencedError: If another producer took over the transactional id.
        """
        transactions = self._need_transactions()
        await self._flush()
        await transactions.end(commit=True)

    async def abort_transaction(self) -> None:
        """Abort the transaction: nobody who reads committed records sees anything of it."""
        transactions = self._need_transactions()
        self._sender.drop_unsent(IllegalStateError("the transaction was aborted"))
        await self._flush()
        await transactions.end(commit=False)

    async def send_offsets_to_transaction(self, offsets: Offsets, group: GroupFacts | str) -> None:
        """Commit offsets of a consumer group together with the transaction.

        Args:
            offsets: The next offset to read, by topic and partition.
            group: What ``consumer.group_facts()`` returns; or the group's id, without protection
                against members that the group has lost.

        Raises:
            IllegalStateError: If no transaction is open.
            CommitFailedError, KafkaError: If the group refuses them.
        """
        await self._need_transactions().send_offsets(offsets, group)

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """Begin a transaction that is committed at the end of the block, or aborted if it raises.

        Example:
            >>> async with producer.transaction():
            ...     producer.send("words", b"all")
            ...     producer.send("words", b"or nothing")
        """
        return _Transaction(self)


class _Transaction(AbstractAsyncContextManager[None]):
    """A transaction as a block."""

    def __init__(self, producer: AsyncProducer) -> None:
        self._producer = producer

    @override
    async def __aenter__(self) -> None:
        await self._producer.begin_transaction()

    @override
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            await self._producer.commit_transaction()
        else:
            await self._producer.abort_transaction()


async def _until(result: BatchResult) -> None:
    """Wait for the outcome of a batch."""
    await _Outcome(result)


class _Outcome:
    """A batch's outcome as something to await."""

    def __init__(self, result: BatchResult) -> None:
        self._result = result

    def __await__(self) -> Any:  # noqa: ANN401 - an iterator of the loop's
        return self._result.until_done()


def _after_fork() -> None:
    """Refuse records in the child of a fork: no thread there would send them."""
    for producer in list(_ALIVE):
        producer.accumulator.close()


os.register_at_fork(after_in_child=_after_fork)
