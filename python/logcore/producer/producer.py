"""`Producer`: the synchronous twin of `AsyncProducer`.

Invariant: it may be used from any number of threads. Encoding is done by the thread that sends;
everything else by the core, on a loop in a thread of its own.
Neighbours: `async_producer` is the core; `logcore.client.blocking` makes methods that wait for it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from logcore.client.blocking import blocking, on_loop
from logcore.client.loop_thread import LoopThread
from logcore.common.errors import ClientClosedError
from logcore.common.types import override
from logcore.producer.async_producer import AsyncProducer
from logcore.producer.bulk import Bulk, Lists, columns, pairs
from logcore.producer.delivery import Deliveries
from logcore.producer.interceptor import ProducerInterceptor
from logcore.producer.partitioner import Partitioner
from logcore.producer.room import Headers
from logcore.producer.serializing import AnySerializer
from logcore.producer.waiting import Waiting
from logcore.record.encoding import Delivery

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Producer:
    """Sends records to Kafka topics.

    Settings have Kafka's dotted names; as keywords, with underscores for the dots. Close it, or use
    it with ``with``: what was not acknowledged by then is waited for.

    Args:
        config: Settings by dotted name.
        key_serializer: Makes bytes of keys: a function of one argument, or a
            `logcore.serialization.Serializer`. It is called by the thread that sends.
        value_serializer: Makes bytes of values.
        partitioner: Chooses partitions: a name, as the setting ``partitioner`` has it, or a
            function of topic, key, value and `Partitions`.
        interceptors: See every record, and what became of it.
        **settings: Settings by name with underscores, such as ``bootstrap_servers``.

    Raises:
        ConfigError: If a setting is unknown or refused; it names the nearest right one.

    Example:
        >>> with Producer(bootstrap_servers="localhost:9092") as producer:
        ...     delivery = producer.send("words", b"hello", key=b"greeting")
        ...     print(delivery.result().offset)
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
        self.runner = LoopThread("logcore-producer")

        async def make() -> AsyncProducer:
            return AsyncProducer(
                config,
                key_serializer=key_serializer,
                value_serializer=value_serializer,
                partitioner=partitioner,
                interceptors=interceptors,
                **settings,
            )

        try:
            self.core = self.runner.run(make())
            self.runner.at_end(self.core.abandon)
        except BaseException:
            self.runner.close()
            raise
        self._waiting = Waiting(self.runner, self.core)
        outgoing = self.core.outgoing
        append: Callable[..., Delivery | None] = self.core.accumulator.append
        self._append = append if outgoing is None else self._waiting.prepared(outgoing)
        self._check = self.core.check_transaction if self.core.is_transactional else None

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
        """Send a record. It waits only for a topic that is not known yet, or for room.

        Args:
            topic: Where to.
            value: The value, as bytes or as ``value_serializer`` takes it; None is a tombstone.
            key: The key, likewise. Records of one key go to one partition, the one Java's producer
                chooses, unless there is a partitioner.
            partition: The partition, if it is not to be chosen.
            headers: Pairs of text and bytes, or a mapping.
            timestamp: Milliseconds since 1970 UTC; now if None.
            on_delivery: Called with the delivery when its outcome is known, on a thread of the
                producer; it must not block.

        Returns:
            The delivery: its ``result()`` is a `RecordMetadata`, or raises what went wrong.

        Raises:
            MessageTooLargeError: If it is above ``max.request.size``.
            UnknownTopicOrPartitionError: If there is no such topic or partition.
            BufferExhaustedError: If there was no room for ``max.block.ms``.
            ClientTimeoutError: If no broker told about the topic for as long.
            SerializationError: If a serializer failed.
            PartitionerError: If the partitioner failed.
            IllegalStateError: If the producer is transactional, and no transaction takes records.
            ClientClosedError: After `close`.
            ForkedClientError: In the child of a fork.
            TypeError: If key or value are not bytes, and there is no serializer.
        """
        if self._check is not None:
            self._check()
        try:
            delivery = self._append(topic, value, key, partition, headers, timestamp)
        except ClientClosedError:
            self.runner.check_process()
            raise
        if delivery is None:
            delivery = self._waiting.append(topic, value, key, partition, headers, timestamp)
        if on_delivery is not None:
            delivery.add_done_callback(on_delivery)
        return delivery

    def send_many(
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
            What becomes of them: ``result()`` waits until all are acknowledged.

        Raises:
            As `send`; records before the one at fault are sent, if there is no serializer.
        """
        outgoing = self.core.outgoing
        if outgoing is not None and outgoing.is_per_record:
            deliveries = [
                self.send(topic, value, key, partition=partition, timestamp=timestamp)
                for value, key in pairs(values, keys)
            ]
            return Deliveries(dict.fromkeys(each.batch for each in deliveries), len(values))
        if outgoing is not None:
            values, keys = outgoing.serialized_lists(topic, values, keys)
        return self._append_all(Lists(topic, values, keys, partition, timestamp))

    def send_columns(  # noqa: PLR0913 - what records have
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
        self.core.check_columns()
        return self._append_all(
            columns(topic, values, lengths, keys, key_lengths, partition, timestamp)
        )

    def _append_all(self, records: Bulk) -> Deliveries:
        if self._check is not None:
            self._check()
        return self._waiting.append_all(records)

    flush = blocking(AsyncProducer.flush)
    partitions_for = blocking(AsyncProducer.partitions_for)
    metrics = on_loop(AsyncProducer.metrics)
    init_transactions = blocking(AsyncProducer.init_transactions)
    begin_transaction = blocking(AsyncProducer.begin_transaction)
    commit_transaction = blocking(AsyncProducer.commit_transaction)
    abort_transaction = blocking(AsyncProducer.abort_transaction)
    send_offsets_to_transaction = blocking(AsyncProducer.send_offsets_to_transaction)

    def transaction(self) -> AbstractContextManager[None]:
        """Begin a transaction that is committed at the end of the block, or aborted if it raises.

        Example:
            >>> with producer.transaction():
            ...     producer.send("words", b"all")
            ...     producer.send("words", b"or nothing")
        """
        return _Transaction(self)

    def close(self, timeout: float | None = None) -> None:
        """Send what was taken, wait for it, and end. Twice is no error.

        Args:
            timeout: Seconds to wait; None waits as long as ``delivery.timeout.ms`` allows. What is
                not acknowledged then fails with `ClientClosedError`.
        """
        self.runner.finish(lambda: self.runner.run(self.core.close(timeout)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Transaction(AbstractContextManager[None]):
    """A transaction as a block."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    @override
    def __enter__(self) -> None:
        self._producer.begin_transaction()

    @override
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._producer.commit_transaction()
        else:
            self._producer.abort_transaction()
