"""`AsyncShareConsumer`: a share group's member as coroutines see it.

Invariants: records are handed out by one task at a time. In implicit mode what was handed out is
accepted when more is asked for; in explicit mode nothing is handed out before something was said of
all that was.
Neighbours: `share_core` does the work; `share_consumer` is the synchronous twin.
Source: KIP-932, `KafkaShareConsumer` of Apache Kafka 4.3.1.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeAlias

from logcore.client.metrics.registry import Metrics
from logcore.client.positions import TopicPartition
from logcore.common.errors import IllegalStateError, LogcoreError
from logcore.consumer.acknowledgements import AcknowledgeType
from logcore.consumer.deserializing import AnyDeserializer
from logcore.consumer.share_core import Acknowledged, ShareCore
from logcore.consumer.share_record import ShareRecord

AcknowledgementCommitCallback: TypeAlias = Callable[
    [TopicPartition, list[int], LogcoreError | None], object
]
"""Is told the partition, the offsets, and why they were not acknowledged: None if they were.

For an `AsyncShareConsumer` it may be a coroutine function.
"""


class AsyncShareConsumer:
    """Reads topics as queues, together with the other members of a share group, in coroutines.

    Each record goes to one member at a time, which has it for as long as its lock lasts. In
    ``share.acknowledgement.mode`` *implicit* (the default) what was handed out is accepted when
    more is asked for, or by `commit`; in *explicit* mode `acknowledge` says of each record what is
    to become of it. What `close` finds unacknowledged goes back to the group.

    Make it in a coroutine, and close it, or use it with ``async with``. Settings have Kafka's
    dotted names; as keywords, with underscores for the dots. Where a group begins to read is a
    setting of the group, ``share.auto.offset.reset``.

    Args:
        *topics: Topics to subscribe to.
        config: Settings by dotted name.
        key_deserializer: Makes something of the bytes of keys.
        value_deserializer: Makes something of the bytes of values.
        **settings: Settings by name with underscores, such as ``bootstrap_servers``.

    Raises:
        ConfigError: If a setting is unknown or refused, or there is no ``group.id``.
        IllegalStateError: Outside of a coroutine.

    Example:
        >>> async with AsyncShareConsumer("jobs", group_id="workers") as consumer:
        ...     async for record in consumer:
        ...         print(record.value, record.delivery_count)
    """

    def __init__(
        self,
        *topics: str,
        config: Mapping[str, Any] | None = None,
        key_deserializer: AnyDeserializer | None = None,
        value_deserializer: AnyDeserializer | None = None,
        **settings: Any,  # noqa: ANN401 - of any key
    ) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise IllegalStateError(
                "make an AsyncShareConsumer in a coroutine; ShareConsumer is the synchronous one"
            ) from None
        told = {**(config or {}), **settings}
        self._core = ShareCore(told, key_deserializer, value_deserializer)
        self._callback: AcknowledgementCommitCallback | None = None
        self._is_in_use = False
        if topics:
            self.subscribe(topics)

    # ------------------------------------------------------------ what to read

    def subscribe(self, topics: Iterable[str] | str) -> None:
        """Read topics together with the other members of the group; it replaces what was before.

        What was not handed out of other topics goes back.

        Args:
            topics: Their names.

        Raises:
            ValueError: If there are none, or one is empty: `unsubscribe` reads nothing.
        """
        with self._alone():
            self._core.subscribe(topics)

    def subscription(self) -> frozenset[str]:
        """Return the topics that are subscribed to."""
        return self._core.subscription()

    async def unsubscribe(self) -> None:
        """Read nothing any more, and leave the group.

        What was not handed out goes back; what was handed out may still be acknowledged.
        """
        with self._alone():
            await self._core.unsubscribe()

    # ------------------------------------------------------------ handing out

    async def poll(
        self,
        timeout: float = 1.0,  # noqa: ASYNC109 - waits so long
        max_records: int | None = None,
    ) -> list[ShareRecord]:
        """Return the next records, waiting for the first of them.

        In implicit mode this accepts what was handed out before. A record whose lock was renewed
        comes again, and nothing new is acquired before it is done with.

        Args:
            timeout: Seconds to wait at most.
            max_records: How many at most; ``max.poll.records`` if None.

        Returns:
            Records, those of a partition in order; none if there were none in time.

        Raises:
            IllegalStateError: If nothing is subscribed to; or in explicit mode, if nothing was
                said of a record that was handed out.
            ValueError: If not even one record may be returned.
            KafkaError: What the group or a broker refuses for good.
            SerializationError: If a deserializer raised; that record is released, unless
                `acknowledge_offset` says otherwise before the next poll.
            CorruptMessageError: If a batch is damaged; its records are rejected.
            ClientClosedError: After `close`.
        """
        count = self._core.count_of(max_records)
        with self._alone():
            await self._tell()
            return await self._poll(timeout, count, count)

    def __aiter__(self) -> AsyncIterator[ShareRecord]:
        return self.records()

    async def records(self, timeout: float | None = None) -> AsyncIterator[ShareRecord]:  # noqa: ASYNC109 - waits so long
        """Iterate over records, one by one; each step is a poll.

        In implicit mode a record is accepted when the next one is asked for: one that the loop is
        left with is not, unless `commit` is called.

        Args:
            timeout: Stop when there was none for so many seconds; None goes on for ever.

        Raises:
            As `poll`.
        """
        while True:
            with self._alone():
                await self._tell()
                records = await self._poll(timeout, 1, self._core.poll_records)
            if not records:
                return
            yield records[0]

    async def _poll(
        self,
        timeout: float | None,  # noqa: ASYNC109
        count: int,
        fetch_count: int,
    ) -> list[ShareRecord]:
        core = self._core
        core.begin()
        until_ms = core.until_ms(timeout)
        while True:
            if not await core.ready(until_ms, fetch_count):
                return []
            records = await self._take(count)
            if records:
                return records

    async def _take(self, count: int) -> list[ShareRecord]:
        """Take from the hand, where no deserializer holds the loop up."""
        hand = self._core.hand
        if not self._core.may_block:
            return hand.take(count)
        taking = asyncio.create_task(asyncio.to_thread(hand.take, count))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            hand.put_back(await taking)
            raise

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Refuse use by two tasks at once, and by a callback.

        Raises:
            IllegalStateError: If it is.
        """
        self._core.check()
        if self._is_in_use:
            raise IllegalStateError(
                "a share consumer is for one task at a time, and not for its own callback"
            )
        self._is_in_use = True
        try:
            yield
        finally:
            self._is_in_use = False

    # ------------------------------------------------------------ acknowledging

    def acknowledge(
        self, record: ShareRecord, what: AcknowledgeType = AcknowledgeType.ACCEPT
    ) -> None:
        """Say what is to become of a record, in explicit mode.

        It is only noted: the next `poll`, `commit` or `commit_async` sends it, and so does `close`.

        Args:
            record: A record that the last poll returned.
            what: What is to become of it.

        Raises:
            IllegalStateError: In implicit mode, or if the record does not wait for it.
        """
        self.acknowledge_offset((record.topic, record.partition), record.offset, what)

    def acknowledge_offset(
        self, partition: tuple[str, int], offset: int, what: AcknowledgeType
    ) -> None:
        """Say what is to become of a record that is not at hand, as one that no deserializer took.

        Raises:
            IllegalStateError: As `acknowledge`.
        """
        self._core.check()
        self._core.hand.acknowledge(TopicPartition(*partition), offset, what)

    async def commit(self, timeout: float | None = None) -> Acknowledged:  # noqa: ASYNC109 - told, not cancelled
        """Have everything acknowledged that was handed out, or said of, and wait for the brokers.

        In implicit mode that accepts what was handed out; in explicit mode what nothing was said
        of stays in hand.

        Args:
            timeout: Seconds to wait at most; ``default.api.timeout.ms`` if None.

        Returns:
            For each partition why its records were not acknowledged, None if they were:
            `InvalidRecordStateError` where a lock had ended, `ClientTimeoutError` where it is not
            known yet.
        """
        with self._alone():
            await self._tell()
            result = await self._core.acknowledged(self._core.hand.commit(), timeout)
            await self._tell()
            return result

    def commit_async(self) -> None:
        """Have the same acknowledged as `commit` does, and do not wait; the callback is told."""
        with self._alone():
            self._core.hand.commit()
            self._core.flush()

    def set_acknowledgement_commit_callback(
        self, callback: AcknowledgementCommitCallback | None
    ) -> None:
        """Have somebody told of each partition's acknowledgements, once they are done.

        It is called inside of `poll`, `commit` and `close`, and must not use the consumer. What it
        raises passes to who called.

        Args:
            callback: Gets the partition, the offsets, and why they were not acknowledged, None if
                they were; it may be a coroutine function. None tells nobody.
        """
        self._callback = callback
        self._core.note_outcomes(wanted=callback is not None)

    async def _tell(self) -> None:
        outcomes = self._core.outcomes
        while outcomes and self._callback is not None:
            answer = self._callback(*outcomes.popleft())
            if inspect.isawaitable(answer):
                await answer

    def acquisition_lock_timeout_ms(self) -> int | None:
        """Return how long a lock lasts, as the brokers said last; None before the first records."""
        return self._core.acquisition_lock_timeout_ms()

    def metrics(self) -> Metrics:
        """Return what the consumer measured of itself, under the names of Java's share consumer.

        Example:
            >>> consumer.metrics()["acknowledgements-send-total"]
        """
        return self._core.metrics()

    # ------------------------------------------------------------ the end

    async def close(self, timeout: float = 30.0) -> None:  # noqa: ASYNC109 - told, not cancelled
        """Acknowledge what something was said of, give back the rest, leave, and end.

        Twice is no error.

        Args:
            timeout: Seconds to take for that at most; what is left then goes back by itself.
        """
        await self._core.close(timeout)
        await self._tell()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
