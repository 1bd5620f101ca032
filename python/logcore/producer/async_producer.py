"""`AsyncProducer`: the producer as coroutines see it, and the core of the synchronous one.

Invariant: `send` never waits; a record that it took is acknowledged or failed, in the order of the
calls per partition. All that waits runs on the loop on which the producer was made.
Neighbours: the accumulator of `logcore.record.encoding` encodes; `outgoing` has what the program
does to records before; `sender` sends; `transacting` begins and ends transactions; `producer` is
the synchronous twin.
"""

import asyncio
import logging
import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from logcore.client.cluster import Cluster
from logcore.client.metrics.registry import Metrics
from logcore.common.errors import (
    ClientClosedError,
    ClientTimeoutError,
    IllegalStateError,
    LogcoreError,
)
from logcore.common.types import override
from logcore.producer.bulk import Lists, columns, pairs
from logcore.producer.config import PRODUCER_CONFIG, ProducerSettings
from logcore.producer.delivery import Deliveries, Outcome
from logcore.producer.identification import Idempotence
from logcore.producer.identities import Identities, Plain
from logcore.producer.interceptor import ProducerInterceptor, ProducerRecord
from logcore.producer.outgoing import Outgoing
from logcore.producer.outstanding import Outstanding
from logcore.producer.partitioner import Partitioner
from logcore.producer.placing import SERIALIZED_AT_ONCE, Placing
from logcore.producer.room import Headers
from logcore.producer.sender import Sender
from logcore.producer.serializing import AnySerializer
from logcore.producer.transacting import Transacting
from logcore.producer.transactions import Transactions
from logcore.record.encoding import Delivery, RecordAccumulator

if TYPE_CHECKING:
    from typing_extensions import Buffer

logger = logging.getLogger(__name__)

_ALIVE: Final["weakref.WeakSet[AsyncProducer]"] = weakref.WeakSet()


class AsyncProducer(Transacting):
    """Sends records to Kafka topics, from coroutines.

    Make it in a coroutine, and close it, or use it with ``async with``. Settings have Kafka's
    dotted names; as keywords, with underscores for the dots.

    Args:
        config: Settings by dotted name.
        key_serializer: Makes bytes of keys: a function of one argument, or a
            `logcore.serialization.Serializer`. One that may block is called by another thread.
        value_serializer: Makes bytes of values.
        partitioner: Chooses partitions: a name, as the setting ``partitioner`` has it, or a
            function of topic, key, value and `Partitions`.
        interceptors: See every record, and what became of it.
        **settings: Settings by name with underscores, such as ``bootstrap_servers``.

    Raises:
        ConfigError: If a setting is unknown or refused; it names the nearest right one.
        IllegalStateError: Outside of a coroutine.

    Example:
        >>> async with AsyncProducer(bootstrap_servers="localhost:9092") as producer:
        ...     metadata = await producer.send("words", b"hello", key=b"greeting")
        ...     print(metadata.partition, metadata.offset)
    """

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        *,
        key_serializer: AnySerializer | None = None,
        value_serializer: AnySerializer | None = None,
        partitioner: Partitioner | str | None = None,
        interceptors: Iterable[ProducerInterceptor] = (),
        **settings: Any,  # noqa: ANN401 - of any key
    ) -> None:
        own = None if isinstance(partitioner, str) else partitioner
        if isinstance(partitioner, str):
            settings["partitioner"] = partitioner
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
        partitions_of = self.placing.partitions.get
        hooks = Outgoing(partitions_of, key_serializer, value_serializer, own, interceptors)
        self.outgoing = self.placing.outgoing = hooks if hooks.is_needed else None
        self._cluster.watch(self.placing.spread)
        self._cluster.labels = self._labels
        _ALIVE.add(self)

    def _labels(self) -> dict[str, str]:
        known = self.settings.transactional_id
        return {} if known is None else {"transactional_id": known}

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
            partitioner=settings.text("partitioner"),
            ignores_keys=settings.flag("partitioner.ignore.keys"),
            is_adaptive=settings.flag("partitioner.adaptive.partitioning.enable"),
            seed=self._cluster.chance.getrandbits(63),
        )

    def _make_identities(self) -> Identities:
        if self.settings.transactional_id is not None:
            self._transactions = Transactions(
                self._cluster, self.settings, self._wake, self._drop_unsent
            )
            return self._transactions
        if not self.settings.is_idempotent:
            return Plain()
        return Idempotence(self._cluster, self._block_ms / 1000, self._wake, self._give_up)

    def _wake(self) -> None:
        self._sender.wake()

    def _give_up(self, error: Exception) -> None:
        self._sender.fail_all(error)

    def _drop_unsent(self, error: Exception) -> None:
        self._sender.drop_unsent(error)

    # ------------------------------------------------------------ sending

    def send(  # noqa: PLR0913 - what a record has
        self,
        topic: str,
        value: Any = None,  # noqa: ANN401 - bytes, or what the serializer takes
        key: Any = None,  # noqa: ANN401 - as the value
        *,
        partition: int | None = None,
        headers: Headers | None = None,
        timestamp: int | None = None,
        on_delivery: Callable[[Delivery], object] | None = None,
    ) -> Delivery:
        """Send a record. It does not wait: awaiting the delivery does.

        Args:
            topic: Where to.
            value: The value, as bytes or as ``value_serializer`` takes it; None is a tombstone.
            key: The key, likewise. Records of one key go to one partition, the one Java's producer
                chooses, unless there is a partitioner.
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
            SerializationError: If a serializer failed; one that may block has the delivery say so.
            PartitionerError: If the partitioner failed.
            IllegalStateError: If the producer is transactional, and no transaction takes records.
            ClientClosedError: After `close`.
            TypeError: If key or value are not bytes, and there is no serializer.
        """
        delivery = None
        if self.outgoing is not None:
            record = ProducerRecord(topic, value, key, partition, headers, timestamp)
            delivery = self._send_prepared(record)
        else:
            if self._transactions is not None:
                self._transactions.check_send()
            if not self._late:
                delivery = self._append(topic, value, key, partition, headers, timestamp)
        if delivery is None:
            delivery = self._send_late(
                ProducerRecord(topic, value, key, partition, headers, timestamp)
            )
        if on_delivery is not None:
            delivery.add_done_callback(on_delivery)
        return delivery

    def _send_prepared(self, record: ProducerRecord) -> Delivery:
        """Send a record through the hooks of the program."""
        outgoing = self.outgoing
        assert outgoing is not None, "the caller looked"
        self.check_transaction()

        def place(record: ProducerRecord) -> Delivery:
            ready = None if self._late or outgoing.blocks else outgoing.assigned(record)
            delivery = None if ready is None else self._append(*ready)
            if delivery is not None:
                return delivery
            return self._send_late(ready or record, is_raw=outgoing.blocks)

        return outgoing.send(record, place, is_raw=outgoing.blocks)

    def _send_late(self, record: ProducerRecord, *, is_raw: bool = False) -> Delivery:
        self._cluster.check_loop()
        if self._is_closed:
            raise ClientClosedError("the producer is closed")
        return self.placing.add(record, is_raw=is_raw)

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
        values: Sequence[Any],
        keys: Sequence[Any] | None = None,
        *,
        partition: int | None = None,
        timestamp: int | None = None,
    ) -> Deliveries:
        """Send many records at once, waiting for room where there is none.

        Args:
            topic: Where to.
            values: The values, as `send` takes them; a list is fastest.
            keys: As many keys, if any.
            partition: The partition of all, if it is not to be chosen.
            timestamp: Milliseconds since 1970 UTC of all; now if None.

        Returns:
            What becomes of them: awaiting it gives their number, once all are acknowledged.

        Raises:
            As `send`; records before the one at fault are sent, if there is no serializer.
        """
        self.check_transaction()
        self._cluster.check_loop()
        outgoing = self.outgoing
        if outgoing is not None and (outgoing.is_per_record or outgoing.blocks):
            return await self._send_each(topic, values, keys, partition, timestamp)
        if outgoing is not None:
            values, keys = outgoing.serialized_lists(topic, values, keys)
        records = Lists(topic, values, keys, partition, timestamp)
        return await self.placing.place_all(records, self.transaction_guard())

    async def _send_each(
        self, topic: str, values: Sequence[Any], keys: Sequence[Any] | None, *rest: int | None
    ) -> Deliveries:
        """Send many records one by one, as the hooks of the program see them."""
        partition, timestamp = rest
        batches: dict[Outcome, None] = {}
        check = self.transaction_guard()
        for at, (value, key) in enumerate(pairs(values, keys), 1):
            delivery = self.send(topic, value, key, partition=partition, timestamp=timestamp)
            batches[delivery.batch] = None
            if self._late and at % SERIALIZED_AT_ONCE == 0:
                await self.placing.until_placed()
                check()
        return Deliveries(batches, len(values))

    async def send_columns(  # noqa: PLR0913 - what records have
        self,
        topic: str,
        values: "Buffer | object",
        lengths: "Buffer | Sequence[int] | None" = None,
        keys: "Buffer | object | None" = None,
        key_lengths: "Buffer | Sequence[int] | None" = None,
        *,
        partition: int | None = None,
        timestamp: int | None = None,
    ) -> Deliveries:
        """Send a column of values: of Arrow, or back to back in one buffer, such as numpy's.

        Args:
            topic: Where to.
            values: A column of bytes or text that offers Arrow's C interface, as those of pyarrow,
                polars and duckdb do; or, with lengths, a buffer of the bytes of all values.
            lengths: Bytes of each value: an array of int32 or int64, or a sequence; -1 is a null.
            keys: As many keys, if any, in the same form.
            key_lengths: Bytes of each key, where there are lengths.
            partition: The partition of all, if it is not to be chosen.
            timestamp: Milliseconds since 1970 UTC of all; now if None.

        Returns:
            As `send_many`.

        Raises:
            InvalidArgumentError: If lengths and buffers do not agree.
            TypeError: If it is no column of bytes or text.
            IllegalStateError: If the producer has serializers, interceptors or a partitioner of its
                own: columns are bytes, and taken as a whole.
            As `send`.
        """
        self.check_transaction()
        self._cluster.check_loop()
        self.check_columns()
        records = columns(topic, values, lengths, keys, key_lengths, partition, timestamp)
        return await self.placing.place_all(records, self.transaction_guard())

    def check_columns(self) -> None:
        """Refuse columns where the program wants to see each record.

        Raises:
            IllegalStateError: If it does.
        """
        if self.outgoing is not None:
            raise IllegalStateError(
                "send_columns takes bytes as a whole, but this producer has serializers, "
                "interceptors or a partitioner of its own: use send_many, or another producer"
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

    @override
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
                await self._cluster.push_last()
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

    def _end(self, error: LogcoreError) -> None:
        self.accumulator.close()
        self.placing.fail_all(error)
        self._sender.fail_all(error)
        self._cluster.close()
        if self.outgoing is not None:
            self.outgoing.interceptors.close()

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

    def metrics(self) -> Metrics:
        """Return what the producer measured of itself, under the names of Java's producer.

        Example:
            >>> metrics = producer.metrics()
            >>> metrics["record-send-total"], metrics.of(topic="words")["record-error-total"]
        """
        self._cluster.check_loop()
        return self._cluster.metrics.read()


def _after_fork() -> None:
    """Refuse records in the child of a fork: no thread there would send them."""
    for producer in list(_ALIVE):
        producer.refuse_child()


os.register_at_fork(after_in_child=_after_fork)
