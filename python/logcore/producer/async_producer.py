"""`AsyncProducer`: the producer as coroutines see it, and the core of the synchronous one.

Invariant: `send` never waits; a record that it took is acknowledged or failed, in the order of the
calls per partition. All that waits runs on the loop on which the producer was made.
Neighbours: the accumulator of `logcore.record.encoding` encodes; `sender` sends; `transactions`
begins and ends them; `producer` is the synchronous twin.
"""

import asyncio
import logging
import os
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from logcore.client.cluster import Cluster
from logcore.client.positions import GroupFacts, Offsets
from logcore.common.errors import (
    ClientClosedError,
    ClientTimeoutError,
    IllegalStateError,
    LogcoreError,
)
from logcore.common.types import override
from logcore.producer.config import PRODUCER_CONFIG, ProducerSettings
from logcore.producer.delivery import Deliveries
from logcore.producer.identification import Idempotence
from logcore.producer.identities import Identities, Plain
from logcore.producer.outstanding import Outstanding
from logcore.producer.placing import Placing
from logcore.producer.room import Headers, Sizes, room_for
from logcore.producer.sender import Sender
from logcore.producer.transactions import Transactions
from logcore.record.encoding import Delivery, RecordAccumulator

if TYPE_CHECKING:
    from typing_extensions import Buffer

logger = logging.getLogger(__name__)

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
        self._outstanding = Outstanding()
        self._is_closed = False
        self._closing: asyncio.Task[None] | None = None
        self._block_ms = self.settings.integer("max.block.ms")
        self.accumulator = self._make_accumulator(loop)
        self._append: Callable[..., Delivery | None] = self.accumulator.append
        self._transactions: Transactions | None = None
        self._sender = Sender(
            self._cluster, self.settings, self.accumulator, self._make_identities()
        )
        memory_bytes = self.settings.integer("buffer.memory")
        self.placing = Placing(
            self._cluster, self.accumulator, self._sender, self._block_ms, memory_bytes
        )
        self._late = self.placing.late
        self._cluster.watch(self.placing.spread)
        _ALIVE.add(self)

    def _make_accumulator(self, loop: asyncio.AbstractEventLoop) -> RecordAccumulator:
        settings = self.settings
        wakes = weakref.WeakMethod(self._wake)

        def wake() -> None:
            method = wakes()
            if method is not None and not loop.is_closed():
                loop.call_soon_threadsafe(method)

        return RecordAccumulator(
            self._outstanding.new,
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
        return Idempotence(self._cluster, self._block_ms / 1000, self._wake, self._give_up)

    def _wake(self) -> None:
        self._sender.wake()

    def _give_up(self, error: Exception) -> None:
        self._sender.fail_all(error)

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
        return self.placing.add(*arguments)

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Have everything sent without lingering, while another thread waits for room."""
        call = self._cluster.loop.call_soon_threadsafe
        call(self._sender.hurry)
        try:
            yield
        finally:
            with suppress(RuntimeError):  # the loop may have ended meanwhile
                call(self._sender.unhurry)

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
        self._cluster.check_loop()
        append = self.accumulator.append_many
        return await self.placing.place_all(
            topic,
            len(values),
            lambda start: append(topic, values, keys, partition, timestamp, start),
            lambda at: room_for(values[at], None if keys is None else keys[at]),
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
        self._cluster.check_loop()
        append = self.accumulator.append_columns
        sizes = Sizes(lengths, key_lengths)
        return await self.placing.place_all(
            topic,
            len(sizes),
            lambda start: append(
                topic, values, lengths, keys, key_lengths, partition, timestamp, start
            ),
            sizes.room_at,
        )

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
        self._sender.hurry()
        try:
            await self.placing.until_placed()
            await self._outstanding.until_decided()
        finally:
            self._sender.unhurry()

    async def close(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - told, not cancelled
        """Send what was taken, wait for it, and end. Twice is no error.

        Args:
            timeout: Seconds to wait; None waits as long as ``delivery.timeout.ms`` allows. What is
                not acknowledged then fails with `ClientClosedError`.
        """
        self._cluster.check_loop()
        if self._closing is None:
            self._is_closed = True
            self._closing = self._cluster.loop.create_task(self._close(timeout))
        await asyncio.shield(self._closing)

    async def _close(self, timeout: float | None) -> None:  # noqa: ASYNC109 - as `close`
        error = ClientClosedError("the producer was closed before the record was acknowledged")
        try:
            async with asyncio.timeout(timeout):
                if self._transactions is not None and self._transactions.is_open:
                    await self._abort("the producer was closed within a transaction")
                await self.placing.until_placed()
                self.accumulator.close()
                await self._flush()
        except TimeoutError:
            pass
        except LogcoreError as failure:
            logger.warning("the transaction could not be aborted at the end: %s", failure)
        finally:
            self._end(error)

    def refuse_child(self) -> None:
        """Take no more records, in the child of a fork; `send` says why."""
        self.accumulator.close()
        self._append = self._refuse

    def _refuse(self, *_: Any) -> None:  # noqa: ANN401 - what `send` was given
        self._cluster.check_loop()

    def abandon(self) -> None:
        """End at once: what is not acknowledged fails with `ClientClosedError`."""
        self._is_closed = True
        self._end(ClientClosedError("the producer ended before the record was acknowledged"))

    def _end(self, error: Exception) -> None:
        self.accumulator.close()
        self.placing.fail_all(error)
        self._sender.fail_all(error)
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
        return sorted((await self._cluster.topic(topic, self._block_ms / 1000)).partitions)

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
        self._need_transactions()
        await self._abort("the transaction was aborted")

    async def _abort(self, reason: str) -> None:
        transactions = self._need_transactions()
        error = IllegalStateError(reason)
        self.placing.fail_all(error)
        self._sender.drop_unsent(error)
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


def _after_fork() -> None:
    """Refuse records in the child of a fork: no thread there would send them."""
    for producer in list(_ALIVE):
        producer.refuse_child()


os.register_at_fork(after_in_child=_after_fork)
