"""`Producer`: the synchronous twin of `AsyncProducer`.

Invariant: it may be used from any number of threads. Encoding is done by the thread that sends;
everything else by the core, on a loop in a thread of its own.
Neighbours: `async_producer` is the core; `logcore.client.blocking` makes methods that wait for it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from logcore.client.blocking import blocking
from logcore.client.loop_thread import LoopThread
from logcore.common.clock import SystemClock
from logcore.common.errors import BufferExhaustedError, ClientClosedError
from logcore.common.types import override
from logcore.producer.async_producer import AsyncProducer
from logcore.producer.delivery import BatchResult, Deliveries
from logcore.producer.room import Headers, Sizes, room_for
from logcore.record.encoding import Delivery

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Producer:
    """Sends records to Kafka topics.

    Settings have Kafka's dotted names; as keywords, with underscores for the dots. Close it, or use
    it with ``with``: what was not acknowledged by then is waited for.

    Args:
        config: Settings by dotted name.
        **settings: Settings by name with underscores, such as ``bootstrap_servers``.

    Raises:
        ConfigError: If a setting is unknown or refused; it names the nearest right one.

    Example:
        >>> with Producer(bootstrap_servers="localhost:9092") as producer:
        ...     delivery = producer.send("words", b"hello", key=b"greeting")
        ...     print(delivery.result().offset)
    """

    def __init__(self, config: Mapping[str, Any] | None = None, **settings: Any) -> None:  # noqa: ANN401 - of any key
        self.runner = LoopThread("logcore-producer")

        async def make() -> AsyncProducer:
            return AsyncProducer(config, **settings)

        try:
            self.core = self.runner.run(make())
            self.runner.at_end(self.core.abandon)
        except BaseException:
            self.runner.close()
            raise
        self._accumulator = self.core.accumulator
        self._append = self._accumulator.append
        self._block_ms = self.core.settings.integer("max.block.ms")
        self._check = self.core.check_transaction if self.core.is_transactional else None

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
        """Send a record. It waits only for a topic that is not known yet, or for room.

        Args:
            topic: Where to.
            value: The value; None is a tombstone.
            key: The key. Records of one key go to one partition, the one Java's producer chooses.
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
            ClientClosedError: After `close`.
            ForkedClientError: In the child of a fork.
            TypeError: If key or value are not bytes.
        """
        if self._check is not None:
            self._check()
        try:
            delivery = self._append(topic, value, key, partition, headers, timestamp)
        except ClientClosedError:
            self.runner.check_process()
            raise
        if delivery is None:
            delivery = self._wait_and_append(topic, value, key, partition, headers, timestamp)
        if on_delivery is not None:
            delivery.add_done_callback(on_delivery)
        return delivery

    def _wait_and_append(self, topic: str, value: Any, key: Any, *rest: Any) -> Delivery:  # noqa: ANN401 - of `send`
        patience = _Patience(self._block_ms)
        size = room_for(value, key, rest[1])
        while True:
            self._wait(topic, size, patience)
            delivery = self._append(topic, value, key, *rest)
            if delivery is not None:
                return delivery

    def _wait(self, topic: str, size_bytes: int, patience: "_Patience") -> None:
        """Wait until a topic is known, and there is room.

        Raises:
            BufferExhaustedError: If there is none in time.
        """
        self.runner.check()
        if not self.core.placing.is_known(topic):
            self.runner.run(self.core.placing.know(topic))
            return
        with self.core.hurried():
            has_room = self._accumulator.wait_for_room(size_bytes, patience.left_s())
        if not has_room and not patience.left_s():
            raise BufferExhaustedError(
                "the producer holds buffer.memory bytes that no broker took within "
                "max.block.ms: is one reachable, and as fast as you send?"
            )

    def send_many(
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
            What becomes of them: ``result()`` waits until all are acknowledged.

        Raises:
            As `send`; records before the one at fault are sent.
        """
        append = self._accumulator.append_many
        return self._send_all(
            topic,
            len(values),
            lambda start: append(topic, values, keys, partition, timestamp, start),
            lambda at: room_for(values[at], None if keys is None else keys[at]),
        )

    def send_columns(  # noqa: PLR0913 - what records have
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
        append = self._accumulator.append_columns
        sizes = Sizes(lengths, key_lengths)
        return self._send_all(
            topic,
            len(sizes),
            lambda start: append(
                topic, values, lengths, keys, key_lengths, partition, timestamp, start
            ),
            sizes.room_at,
        )

    def _send_all(
        self,
        topic: str,
        count: int,
        append: Callable[[int], tuple[int, list[Any]]],
        room_at: Callable[[int], int],
    ) -> Deliveries:
        if self._check is not None:
            self._check()
        batches: dict[BatchResult, None] = {}
        patience, sent = _Patience(self._block_ms), 0
        self.runner.check_process()
        while sent < count:
            taken, tickets = append(sent)
            batches.update(dict.fromkeys(tickets))
            sent += taken
            if taken:
                patience = _Patience(self._block_ms)
            if sent < count:
                # An eighth of what is held: waking for every batch would cost more than it gives.
                room = max(self._accumulator.used_bytes // 8, room_at(sent))
                self._wait(topic, room, patience)
        return Deliveries(list(batches), count)

    flush = blocking(AsyncProducer.flush)
    partitions_for = blocking(AsyncProducer.partitions_for)
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
        if self.runner.is_closed:
            return
        self.runner.check()
        try:
            self.runner.run(self.core.close(timeout))
        finally:
            self.runner.close()

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


class _Patience:
    """How much of a wait is left."""

    def __init__(self, timeout_ms: int) -> None:
        self._now_ms = SystemClock().monotonic_ms
        self._until_ms = self._now_ms() + timeout_ms

    def left_s(self) -> float:
        return max(self._until_ms - self._now_ms(), 0) / 1000
