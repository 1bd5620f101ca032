"""Placing records into the accumulator from coroutines: what waits for a topic or for room.

Invariants: records are placed in the order of the calls; one that cannot be fails alone. Whoever
waits for room has the sender send without lingering meanwhile, as only that makes room; and waits
at most ``max.block.ms``.
Neighbours: `late` keeps records that wait; `async_producer` hands them in here.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from logcore.client.cluster import Cluster
from logcore.client.cluster_view import ClusterView, TopicView
from logcore.common.clock import SystemClock
from logcore.common.errors import BufferExhaustedError, ClientClosedError, LogcoreError
from logcore.producer.bulk import Bulk
from logcore.producer.delivery import BatchResult, Deliveries
from logcore.producer.interceptor import ProducerRecord
from logcore.producer.late import LateRecord, LateRecords
from logcore.producer.outgoing import Outgoing
from logcore.producer.partitioner import Partitions
from logcore.producer.sender import Sender
from logcore.record.encoding import Delivery, RecordAccumulator

SERIALIZED_AT_ONCE: Final = 500
"""Records that a thread serializes while the loop waits for it."""


class Placing:
    """Places records, and waits where that must be.

    Args:
        cluster: Where topics are learned of.
        accumulator: Where records go.
        sender: Who makes room.
        block_ms: ``max.block.ms``.
        limit_bytes: How much may wait to be placed.

    Attributes:
        late: What waits to be placed.
        partitions: The partitions of topics, as far as they are known.
        outgoing: The hooks of the program, if there are any.
    """

    def __init__(
        self,
        cluster: Cluster,
        accumulator: RecordAccumulator,
        sender: Sender,
        block_ms: int,
        limit_bytes: int,
    ) -> None:
        self._cluster = cluster
        self._accumulator = accumulator
        self._sender = sender
        self._block_s = block_ms / 1000
        self._clock = SystemClock()
        self._room = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._idle_ms = cluster.settings.integer("metadata.max.idle.ms")
        self.late = LateRecords(limit_bytes)
        self.partitions: dict[str, Partitions] = {}
        self.outgoing: Outgoing | None = None
        self._away = sender.availability
        sender.on_room = self._room.set
        sender.on_availability = lambda: self.spread(cluster.view)

    # ------------------------------------------------------------ topics

    def spread(self, view: ClusterView) -> None:
        """Tell the accumulator of partitions, and the sender that there is news."""
        for topic in view.topics.values():
            if topic.partitions:
                self._tell_partitions(topic)
        self._cluster.untrack(self._idle_topics(view))
        self._sender.wake()

    def _idle_topics(self, view: ClusterView) -> list[str]:
        """Return topics that nobody wrote to for ``metadata.max.idle.ms``.

        The sender finds them again when somebody does.
        """
        now_ms = int(self._cluster.loop.time() * 1000)
        used_ms = self._sender.used_ms
        return [
            topic
            for topic in view.topics
            if used_ms.setdefault(topic, now_ms) + self._idle_ms < now_ms
        ]

    def _tell_partitions(self, topic: TopicView) -> None:
        count, writable, away = max(topic.partitions) + 1, topic.writable, self._away.away
        if away:  # unless nobody else is there
            near = [at for at in writable if topic.partitions[at].leader not in away]
            writable = near or writable
        self._accumulator.set_partitions(topic.name, count, writable)
        self.partitions[topic.name] = Partitions(count, tuple(writable))

    def is_known(self, topic: str) -> bool:
        """Whether the partitions of a topic are known."""
        known = self._cluster.view.topics.get(topic)
        return known is not None and bool(known.partitions)

    async def know(self, topic: str) -> None:
        """Wait until a topic is known, at most ``max.block.ms``.

        Raises:
            UnknownTopicOrPartitionError: If there is none.
            ClientTimeoutError: If no broker told in time.
        """
        known = await self._cluster.topic(topic, self._block_s)
        self._sender.used_ms[topic] = int(self._cluster.loop.time() * 1000)
        self._tell_partitions(known)

    # ------------------------------------------------------------ one record

    def add(self, record: ProducerRecord, *, is_raw: bool = False) -> Delivery:
        """Have a record wait until it can be placed.

        Args:
            record: The record.
            is_raw: Whether it is to be serialized yet.

        Raises:
            TypeError: If a field is not what it must be.
            BufferExhaustedError: If too much waits already.
        """
        timestamp = self._clock.now_ms() if record.timestamp is None else record.timestamp
        delivery = self.late.add(record, timestamp, is_raw=is_raw)
        if self._task is None or self._task.done():
            self._task = self._cluster.loop.create_task(self._place())
            self._task.add_done_callback(self._ended)
        return delivery

    async def _place(self) -> None:
        """Place what waits, in order."""
        late = self.late
        while late:
            try:
                if late.first.is_raw:
                    await self._serialize()
                delivery = await self._place_first(late.first)
            except Exception as error:  # noqa: BLE001 - is the delivery's
                late.failed(error)
                self._sender.given_up(error)
            else:
                if delivery is not None:
                    late.placed(delivery)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Give up what waits still if the task that places it was ended by somebody else."""
        if task is not self._task:
            return  # `fail_all` ended it
        self._task = None
        if self.late:
            cause = None if task.cancelled() else task.exception()
            error = LogcoreError("the task that places records was ended, and the record with it")
            error.__cause__ = cause
            self.late.fail_all(error)
            self._sender.given_up(error)

    async def _place_first(self, first: LateRecord) -> Delivery | None:
        """Append the first record; None if it has waited, and is to be tried again."""
        if first.error is not None:
            raise first.error
        ready: ProducerRecord | None = first.record
        if self.outgoing is not None:
            ready = self.outgoing.assigned(first.record)
        if ready is not None:
            if ready is not first.record:
                self.late.replace((ready,))
            delivery = self._accumulator.append(*ready)
            if delivery is not None:
                return delivery
        await self._until_possible(first.record.topic, first.size_bytes)
        return None

    async def _serialize(self) -> None:
        """Have the first records serialized by a thread, where that may take its time."""
        outgoing = self.outgoing
        assert outgoing is not None, "it asked for it"
        records = self.late.raw(SERIALIZED_AT_ONCE)

        def serialize() -> list[ProducerRecord | Exception]:
            return [_outcome(outgoing.serialized, record) for record in records]

        self.late.replace(await self._cluster.loop.run_in_executor(None, serialize))

    async def until_placed(self) -> None:
        """Wait until nothing waits to be placed."""
        while self.late and self._task is not None:
            await asyncio.wait([self._task])

    def fail_all(self, error: LogcoreError) -> None:
        """Give up what waits to be placed."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.late.fail_all(error)

    # ------------------------------------------------------------ many records

    async def place_all(self, records: Bulk, check: Callable[[], object]) -> Deliveries:
        """Append many records, waiting where there is no room.

        Args:
            records: The records.
            check: Refuses what comes too late, after each wait.

        Raises:
            As `AsyncProducer.send`.
        """
        await self.until_placed()
        check()
        batches: dict[BatchResult, None] = {}
        sent, count = 0, len(records)
        while sent < count:
            taken, tickets = records.append(self._accumulator, sent)
            batches.update(dict.fromkeys(tickets))
            sent += taken
            if sent < count:
                # An eighth of what is held: waking for every batch would cost more than it gives.
                room = max(self._accumulator.used_bytes // 8, records.room_at(sent))
                await self._until_possible(records.topic, room)
                check()
        return Deliveries(batches, count)

    async def _until_possible(self, topic: str, size_bytes: int) -> None:
        """Wait until a topic is known, and there is room.

        Raises:
            ClientTimeoutError, BufferExhaustedError: After ``max.block.ms``.
            ClientClosedError: If the producer is closed.
        """
        await asyncio.sleep(0)  # whoever calls this in a loop lets others have a turn
        if not self.is_known(topic):
            await self.know(topic)
            return
        self._sender.hurry()
        try:
            async with asyncio.timeout(self._block_s):
                while not self._accumulator.has_room(size_bytes):
                    if self._cluster.is_closed:
                        raise ClientClosedError("the producer is closed")
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            raise BufferExhaustedError(
                "the producer holds buffer.memory bytes that no broker took within max.block.ms"
            ) from None
        finally:
            self._sender.unhurry()


def _outcome(
    serialized: Callable[[ProducerRecord], ProducerRecord], record: ProducerRecord
) -> ProducerRecord | Exception:
    try:
        return serialized(record)
    except Exception as error:  # noqa: BLE001 - is the delivery's
        return error
