"""`ShareConsumer`: the synchronous twin of `AsyncShareConsumer`.

Invariant: it is for one thread at a time, and says so. What arrived is decoded and handed out by
the thread that polls; everything else is done by the core, on a loop in a thread of its own, also
while records are processed: heartbeats, and acknowledgements.
Neighbours: `share_core` does the work; `async_share_consumer` is the twin for coroutines.
"""

import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from logcore.client.blocking import on_loop
from logcore.client.loop_thread import LoopThread
from logcore.client.positions import TopicPartition
from logcore.common.errors import ClientClosedError, IllegalStateError, WrongThreadError
from logcore.consumer.acknowledgements import AcknowledgeType
from logcore.consumer.async_share_consumer import AcknowledgementCommitCallback
from logcore.consumer.deserializing import AnyDeserializer
from logcore.consumer.share_core import Acknowledged, ShareCore
from logcore.consumer.share_record import ShareRecord

T = TypeVar("T")


class ShareConsumer:
    """Reads topics as queues, together with the other members of a share group.

    Each record goes to one member at a time, which has it for as long as its lock lasts. In
    ``share.acknowledgement.mode`` *implicit* (the default) what was handed out is accepted when
    more is asked for, or by `commit`; in *explicit* mode `acknowledge` says of each record what is
    to become of it. What `close` finds unacknowledged goes back to the group.

    Settings have Kafka's dotted names; as keywords, with underscores for the dots. Where a group
    begins to read is a setting of the group, ``share.auto.offset.reset``. Close it, or use it with
    ``with``.

    Args:
        *topics: Topics to subscribe to.
        config: Settings by dotted name.
        key_deserializer: Makes something of the bytes of keys.
        value_deserializer: Makes something of the bytes of values.
        **settings: Settings by name with underscores, such as ``bootstrap_servers``.

    Raises:
        ConfigError: If a setting is unknown or refused, or there is no ``group.id``.

    Example:
        >>> with ShareConsumer("jobs", group_id="workers") as consumer:
        ...     for record in consumer:
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
        self.runner = LoopThread("logcore-share-consumer")
        self._turn = _Turn(self.runner)
        self._callback: AcknowledgementCommitCallback | None = None

        def make() -> ShareCore:
            told = {**(config or {}), **settings}
            core = ShareCore(told, key_deserializer, value_deserializer)
            if topics:
                core.subscribe(topics)
            return core

        try:
            self.core = self.runner.call(make)
            self.runner.at_end(self.core.abandon)
        except BaseException:
            self.runner.close()
            raise

    # ------------------------------------------------------------ handing out

    def poll(self, timeout: float = 1.0, max_records: int | None = None) -> list[ShareRecord]:
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
            WrongThreadError: If another thread uses the consumer now.
            KafkaError: What the group or a broker refuses for good.
            SerializationError: If a deserializer raised; that record is released, unless
                `acknowledge_offset` says otherwise before the next poll.
            CorruptMessageError: If a batch is damaged; its records are rejected.
            ClientClosedError: After `close`.
        """
        count = self.core.count_of(max_records)
        with self._turn:
            self._tell()
            return self._poll(timeout, count, count)

    def __iter__(self) -> Iterator[ShareRecord]:
        return self.records()

    def records(self, timeout: float | None = None) -> Iterator[ShareRecord]:
        """Iterate over records, one by one; each step is a poll.

        In implicit mode a record is accepted when the next one is asked for: one that the loop is
        left with is not, unless `commit` is called.

        Args:
            timeout: Stop when there was none for so many seconds; None goes on for ever.

        Raises:
            As `poll`.
        """
        while True:
            with self._turn:
                self._tell()
                records = self._poll(timeout, 1, self.core.poll_records)
            if not records:
                return
            yield records[0]

    def _poll(self, timeout: float | None, count: int, fetch_count: int) -> list[ShareRecord]:
        core, hand = self.core, self.core.hand
        core.begin()
        until_ms = core.until_ms(timeout)
        while True:
            is_waiting = hand.is_renewing or not hand.is_ready
            if is_waiting and not self._run(core.ready(until_ms, fetch_count)):
                return []
            records = hand.take(count)
            if records:
                return records

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the core; another thread may close the consumer meanwhile."""
        try:
            return self.runner.run(coroutine)
        except CancelledError:
            if self.runner.is_closed:
                raise ClientClosedError("the consumer is closed") from None
            raise

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
        self.runner.check()
        self.core.hand.acknowledge(TopicPartition(*partition), offset, what)

    def commit(self, timeout: float | None = None) -> Acknowledged:
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
        with self._turn:
            self._tell()
            made = self.core.hand.commit()
            result = self._run(self.core.acknowledged(made, timeout))
            self._tell()
            return result

    def commit_async(self) -> None:
        """Have the same acknowledged as `commit` does, and do not wait; the callback is told."""
        with self._turn:
            self.core.hand.commit()
            self.runner.call(self.core.flush)

    def set_acknowledgement_commit_callback(
        self, callback: AcknowledgementCommitCallback | None
    ) -> None:
        """Have somebody told of each partition's acknowledgements, once they are done.

        It is called inside of `poll`, `commit` and `close`, by the thread that called, and must not
        use the consumer. What it raises passes to who called.

        Args:
            callback: Gets the partition, the offsets, and why they were not acknowledged, None if
                they were. None tells nobody.
        """
        self._callback = callback
        self.runner.call(lambda: self.core.note_outcomes(wanted=callback is not None))

    def _tell(self) -> None:
        outcomes = self.core.outcomes
        while outcomes and self._callback is not None:
            self._callback(*outcomes.popleft())

    # ------------------------------------------------------------ what the core does

    subscription = on_loop(ShareCore.subscription)
    metrics = on_loop(ShareCore.metrics)
    acquisition_lock_timeout_ms = on_loop(ShareCore.acquisition_lock_timeout_ms)

    def subscribe(self, topics: Iterable[str] | str) -> None:
        """Read topics together with the other members of the group; it replaces what was before.

        What was not handed out of other topics goes back.

        Args:
            topics: Their names.

        Raises:
            ValueError: If there are none, or one is empty: `unsubscribe` reads nothing.
        """
        with self._turn:
            self.runner.call(partial(self.core.subscribe, topics))

    def unsubscribe(self) -> None:
        """Read nothing any more, and leave the group.

        What was not handed out goes back; what was handed out may still be acknowledged.
        """
        with self._turn:
            self._run(self.core.unsubscribe())

    def close(self, timeout: float = 30.0) -> None:
        """Acknowledge what something was said of, give back the rest, leave, and end.

        Twice is no error; from another thread it ends a wait.

        Args:
            timeout: Seconds to take for that at most; what is left then goes back by itself.
        """
        if self.runner.is_closed:
            return
        self.runner.finish(lambda: self._run(self.core.close(timeout)))
        self._tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Turn:
    """A region for one thread at a time, in which no callback enters again; nobody waits for it."""

    __slots__ = ("_lock", "_runner", "_user")

    def __init__(self, runner: LoopThread) -> None:
        self._runner = runner
        self._lock = threading.Lock()
        self._user = 0  # the thread that is in it

    def __enter__(self) -> None:
        """Enter.

        Raises:
            WrongThreadError: If another thread is in it.
            IllegalStateError: If this one is.
            ClientClosedError, ForkedClientError: If the consumer is of no use any more.
        """
        self._runner.check()
        me = threading.get_ident()
        if not self._lock.acquire(blocking=False):
            if self._user == me:
                raise IllegalStateError("a share consumer is not for its own callback")
            raise WrongThreadError(
                "another thread uses this share consumer: give each thread one of its own, or "
                "take turns"
            )
        self._user = me

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()
