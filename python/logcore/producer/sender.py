"""From accumulator to brokers: what is due is taken, sealed, sent, and its answer acted upon.

Invariants: per broker one connection, with a bounded number of requests in flight; per partition
one batch in a request, in the order of `partition_queue`. Every batch that was taken is completed
or failed, by its deadline at the latest. All of it runs on the loop's thread, in short turns.
Neighbours: `requests` puts batches into requests and reads answers; `verdict` judges;
`async_producer` wakes this.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from logcore.client.cluster import Cluster
from logcore.client.cluster_view import NO_LEADER
from logcore.client.connection import Connection
from logcore.common.errors import (
    LogcoreError,
)
from logcore.producer.availability import Availability
from logcore.producer.config import ProducerSettings
from logcore.producer.delivery import NO_OFFSET, NO_TIME, BatchResult
from logcore.producer.identities import Identities
from logcore.producer.leader_search import LeaderSearch
from logcore.producer.metrics import ProducerMeter
from logcore.producer.partition_queue import NO_SEQUENCE, PartitionQueue, Sending
from logcore.producer.requests import Answer, answers_of, produce_request
from logcore.producer.verdict import Verdict, judge, too_late
from logcore.protocol.messages.produce import ProduceRequest
from logcore.record.encoding import ProduceBatch, RecordAccumulator

logger = logging.getLogger(__name__)

EXPIRY_MS: Final = 250
NEVER_MS: Final = 1 << 62


class Sender:
    """Sends what a producer accumulated.

    Args:
        cluster: The cluster.
        settings: The producer's settings.
        accumulator: Where records are.
        identities: Who it is to brokers.

    Attributes:
        on_room: Called when there is room for more.
        availability: Which brokers take what is sent to them.
        on_availability: Called when that changed.
        used_ms: When each topic was last sent to, in the loop's clock.
        sent_requests: How many requests were sent.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: ProducerSettings,
        accumulator: RecordAccumulator,
        identities: Identities,
    ) -> None:
        self._cluster = cluster
        self._loop = cluster.loop
        self._accumulator = accumulator
        self._identities = identities
        self._acks = settings.acks
        self._linger_ms = settings.integer("linger.ms")
        self._request_bytes = settings.integer("max.request.size")
        self._timeout_ms = settings.integer("request.timeout.ms")
        self._delivery_timeout_ms = settings.delivery_timeout_ms
        self._retries = settings.integer("retries")
        self._in_flight_max = settings.in_flight_max
        self._is_compressed = settings.text("compression.type") != "none"
        self._queues: dict[tuple[str, int], PartitionQueue] = {}
        self._busy: dict[tuple[str, int], PartitionQueue] = {}
        self._in_flight: dict[int, int] = {}
        self._connecting: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._is_due = False
        self._hurries = 0
        self._leaders = LeaderSearch(cluster, self.wake)
        self.availability = Availability(settings.integer("partitioner.availability.timeout.ms"))
        self.on_room: Callable[[], object] = _nothing
        self.on_availability: Callable[[], object] = _nothing
        self.used_ms: dict[str, int] = {}
        self.sent_requests = 0
        memory_bytes = settings.integer("buffer.memory")
        self._meter = ProducerMeter(cluster.metrics, accumulator, memory_bytes)
        cluster.metrics.gauge(
            "requests-in-flight",
            "Requests without an answer",
            lambda: sum(self._in_flight.values()),
        )

    # ------------------------------------------------------------ turns

    def wake(self) -> None:
        """Look at what can be sent, in the loop's next turn; on the loop's thread."""
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._turn)

    def hurry(self) -> None:
        """Send without lingering, until `unhurry` was called as often as this."""
        self._hurries += 1
        self.wake()

    def unhurry(self) -> None:
        """Linger again, if nobody else is in a hurry."""
        self._hurries -= 1

    @property
    def is_idle(self) -> bool:
        """Whether nothing is on its way."""
        return not self._busy

    def _now_ms(self) -> int:
        return int(self._loop.time() * 1000)

    def _turn(self) -> None:
        self._is_due = False
        if self._cluster.is_closed:
            return
        now_ms = self._now_ms()
        error = self._identities.error
        if error is not None:
            self.drop_unsent(error)
        linger_ms = 0 if self._hurries else self._linger_ms
        due, next_ms = self._accumulator.ready(now_ms, linger_ms)
        self._expire(now_ms)
        waits_for: float | None = next_ms
        if self._identities.current is not None:
            waits_for = self._send_all(due, now_ms, next_ms)
        if self.availability.look(now_ms):
            self.on_availability()
        if due or self._busy:  # deadlines and retries are looked at now and then
            expiry_ms = now_ms + EXPIRY_MS
            waits_for = expiry_ms if waits_for is None else min(waits_for, expiry_ms)
        self._look_again(waits_for, now_ms)

    def _look_again(self, at_ms: float | None, now_ms: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if at_ms is not None and not self._is_due:
            self._timer = self._loop.call_later(max(at_ms - now_ms, 1) / 1000, self.wake)

    def _send_all(
        self, due: list[tuple[str, int]], now_ms: int, next_ms: float | None
    ) -> float | None:
        """Send what can be, and return when there may be more to send."""
        by_node: dict[int, dict[tuple[str, int], PartitionQueue]] = {}
        view = self._cluster.view
        leaderless: set[str] = set()
        for place in (*self._busy, *due):
            queue = self._queue(place)
            leader = view.leader_of(*place)
            if leader == NO_LEADER:
                leaderless.add(place[0])
            else:
                by_node.setdefault(leader, {})[place] = queue
        self._leaders.look(leaderless)
        fresh = set(due)
        for node_id, queues in by_node.items():
            self._send_to(node_id, queues, fresh, now_ms)
        for queue in self._busy.values():
            if queue.waiting:
                at_ms = max(queue.waiting[0].not_before_ms, now_ms + 1)
                next_ms = at_ms if next_ms is None else min(next_ms, at_ms)
        return next_ms

    def _queue(self, place: tuple[str, int]) -> PartitionQueue:
        queue = self._queues.get(place)
        if queue is None:
            queue = self._queues[place] = PartitionQueue(*place)
        return queue

    def _send_to(
        self,
        node_id: int,
        queues: dict[tuple[str, int], PartitionQueue],
        fresh: set[tuple[str, int]],
        now_ms: int,
    ) -> None:
        """Send requests to a broker until there is nothing left, or it takes no more now."""
        connection = self._cluster.nodes.connected(node_id)
        while self._in_flight.get(node_id, 0) < self._in_flight_max:
            if connection is None:
                if self._has_some(queues, fresh):
                    self._connect(node_id)
                break
            muted_ms = connection.muted_until * 1000 - now_ms
            if muted_ms > 0:
                self._loop.call_later(muted_ms / 1000, self.wake)
                break
            batches = self._gather(queues, fresh, now_ms)
            if batches:
                self.availability.took(node_id)
            if not batches or not self._post(node_id, connection, batches):
                return
        if self._has_some(queues, fresh):
            self.availability.refused(node_id, now_ms)

    def _has_some(
        self, queues: dict[tuple[str, int], PartitionQueue], fresh: set[tuple[str, int]]
    ) -> bool:
        return any(
            queue.waiting or queue.refused or (place in fresh and queue.takes_new)
            for place, queue in queues.items()
        )

    def _connect(self, node_id: int) -> None:
        if node_id in self._connecting:
            return
        self._connecting.add(node_id)

        async def connect() -> None:
            try:
                await self._cluster.connection(node_id)
            except LogcoreError as error:
                logger.debug("broker %d: %s", node_id, error)
                self._cluster.request_refresh()
            finally:
                self._connecting.discard(node_id)
                self.wake()

        task = self._loop.create_task(connect())
        task.add_done_callback(_look)

    # ------------------------------------------------------------ taking and sealing

    def _gather(
        self,
        queues: dict[tuple[str, int], PartitionQueue],
        fresh: set[tuple[str, int]],
        now_ms: int,
    ) -> list[Sending]:
        """Take a batch of each partition, as many as go into one request."""
        batches: list[Sending] = []
        size = 0
        for place, queue in queues.items():
            sending = self._next(queue, now_ms, is_fresh=place in fresh)
            if sending is None:
                continue
            queue.send(sending)
            self._busy[place] = queue
            if self._seal(queue, sending):
                batches.append(sending)
                size += len(sending.batch)
            if size >= self._request_bytes:
                break
        return batches

    def _next(self, queue: PartitionQueue, now_ms: int, *, is_fresh: bool) -> Sending | None:
        current = self._identities.current
        assert current is not None, "the caller looked"
        if queue.identity != current:
            queue.assume(current)
        elif queue.is_broken:
            self._identities.renew()
        again = queue.resendable(now_ms)
        if again is not None or not is_fresh or not queue.takes_new:
            return again
        if not self._identities.may_send(queue.topic, queue.partition):
            return None
        batch = self._accumulator.take(queue.topic, queue.partition)
        if batch is None:
            return None
        self.used_ms[queue.topic] = now_ms
        seen_ms = now_ms if batch.seen_ms is None else batch.seen_ms
        deadline_ms = seen_ms + self._delivery_timeout_ms
        result: BatchResult = batch.ticket
        return Sending(batch, result, deadline_ms)

    def _seal(self, queue: PartitionQueue, sending: Sending) -> bool:
        """Have the batch's bytes ready; whether they are."""
        if sending.is_sealed:
            return True
        producer_id, epoch = sending.identity
        is_transactional = self._identities.transactional_id is not None
        try:
            sending.batch.seal(producer_id, epoch, sending.sequence, is_transactional)
        except LogcoreError as error:
            self._fail(queue, sending, error)
            return False
        sending.is_sealed = True
        return True

    # ------------------------------------------------------------ sending and answers

    def _post(self, node_id: int, connection: Connection, batches: list[Sending]) -> bool:
        """Send a request of batches; whether more may follow at once."""
        self.sent_requests += 1
        self._meter.posted(batches, self._now_ms())
        try:
            request, version = produce_request(
                self._cluster.view,
                connection.ranges,
                batches,
                acks=self._acks,
                timeout_ms=self._timeout_ms,
                transactional_id=self._identities.transactional_id,
                at_most=self._identities.version_max(connection),
            )
            if self._acks == 0:
                connection.tell(request, version)
                self._told(batches)
                return True
            future = connection.ask(request, version, self._timeout_ms / 1000)
        except LogcoreError as error:
            self._retry_all(batches, error)
            return False
        self._in_flight[node_id] = self._in_flight.get(node_id, 0) + 1

        def answered(done: "asyncio.Future[Any]") -> None:
            self._in_flight[node_id] -= 1
            self._answered(connection, request, batches, done)

        future.add_done_callback(answered)
        return True

    def _told(self, batches: list[Sending]) -> None:
        """Take note that batches were sent for which there are no answers."""
        for sending in batches:
            queue = self._queue((sending.batch.topic, sending.batch.partition))
            self._complete(queue, sending, NO_OFFSET, NO_TIME)

    def _answered(
        self,
        connection: Connection,
        request: ProduceRequest,
        batches: list[Sending],
        done: "asyncio.Future[Any]",
    ) -> None:
        self.wake()
        error = done.exception()
        if error is not None:
            assert isinstance(error, LogcoreError), error
            self._cluster.request_refresh()
            self._retry_all(batches, error)
            return
        response = done.result()
        self._cluster.heed(connection, response)
        self._meter.throttle_ms.record(response.throttle_time_ms)
        answers = answers_of(self._cluster.view, request, response)
        self._cluster.learn(answers.view)
        for sending in batches:
            place = (sending.batch.topic, sending.batch.partition)
            queue = self._queue(place)
            if sending not in queue.in_flight:
                continue  # its time was over meanwhile
            answer = answers.get(sending)
            if answer is None:
                error = LogcoreError(f"{connection.address} answered nothing for {place}")
                self._fail(queue, sending, error)
            else:
                self._act(queue, sending, answer)

    def _act(self, queue: PartitionQueue, sending: Sending, answer: Answer) -> None:
        """Do what an answer asks for."""
        verdict = judge(
            answer.error_code,
            count=sending.batch.count,
            is_first=queue.is_first(sending),
            has_sequence=sending.sequence != NO_SEQUENCE,
            in_txn=self._identities.transactional_id is not None,
        )
        if verdict is Verdict.DONE:
            self._complete(queue, sending, answer.base_offset, answer.append_time_ms)
            return
        error = answer.error(queue.topic, queue.partition)
        if verdict is Verdict.AGAIN:
            if error.refresh_metadata:
                self._cluster.request_refresh()
            self._retry(queue, sending, error)
        elif verdict is Verdict.ANEW:
            sending.last_error = error
            queue.refuse(sending)
            self._identities.lost(error)
        elif verdict is Verdict.HALVE:
            self._halve(queue, sending)
        else:
            self._fail(queue, sending, error)

    def _complete(
        self, queue: PartitionQueue, sending: Sending, base_offset: int, append_time_ms: int
    ) -> None:
        queue.acknowledged(sending)
        self._settle(queue, sending.batch)
        sending.result.complete(queue.topic, queue.partition, base_offset, append_time_ms)

    def _settle(self, queue: PartitionQueue, batch: ProduceBatch) -> None:
        self._accumulator.release(batch)
        self.on_room()
        if queue.is_idle:
            self._busy.pop((queue.topic, queue.partition), None)

    def _fail(self, queue: PartitionQueue, sending: Sending, error: Exception) -> None:
        """Give a batch up."""
        queue.lost(sending)
        self._meter.failed(sending.batch)
        self._settle(queue, sending.batch)
        if sending.sequence != NO_SEQUENCE or self._identities.transactional_id is not None:
            self._identities.lost(error)
        sending.result.fail(error)

    def _halve(self, queue: PartitionQueue, sending: Sending) -> None:
        self._meter.splits.record()
        first, second = sending.result.halve((sending.batch.count + 1) // 2)
        halves = [
            Sending(batch, result, sending.deadline_ms)
            for batch, result in zip(
                sending.batch.split(first, second), (first, second), strict=True
            )
        ]
        queue.replace(sending, halves)
        self._accumulator.release(sending.batch)

    # ------------------------------------------------------------ again, or too late

    def _retry_all(self, batches: list[Sending], error: LogcoreError) -> None:
        for sending in batches:
            queue = self._queue((sending.batch.topic, sending.batch.partition))
            if sending not in queue.in_flight:
                continue
            if getattr(error, "retriable", False):
                self._retry(queue, sending, error)
            else:
                self._fail(queue, sending, error)

    def _retry(self, queue: PartitionQueue, sending: Sending, error: Exception) -> None:
        if sending.attempts > self._retries:
            self._fail(queue, sending, error)
            return
        self._meter.retried(sending.batch)
        sending.last_error = error
        wait_ms = self._cluster.backoff.wait_ms(sending.attempts - 1)
        queue.again(sending, self._now_ms() + wait_ms)

    def _expire(self, now_ms: int) -> None:
        """Give up what took too long."""
        for queue in list(self._busy.values()):
            for sending in (*queue.in_flight, *queue.waiting, *queue.refused):
                if sending.deadline_ms <= now_ms:
                    queue.refused = type(queue.refused)(
                        each for each in queue.refused if each is not sending
                    )
                    place, last = (queue.topic, queue.partition), sending.last_error
                    self._fail(queue, sending, too_late(place, self._delivery_timeout_ms, last))
        for batch in self._accumulator.take_older(now_ms - self._delivery_timeout_ms):
            self._meter.failed(batch)
            self._accumulator.release(batch)
            error = too_late((batch.topic, batch.partition), self._delivery_timeout_ms, None)
            self.given_up(error)
            batch.ticket.fail(error)
            self.on_room()

    def given_up(self, error: Exception) -> None:
        """Take note of records that were taken and never sent: no transaction leaves them out."""
        if self._identities.transactional_id is not None:
            self._identities.lost(error)

    def fail_all(self, error: Exception) -> None:
        """Give everything up, as when the producer closes or its transaction is aborted."""
        for queue in list(self._busy.values()):
            for sending in (*queue.in_flight, *queue.waiting, *queue.refused):
                queue.refused.clear()
                queue.lost(sending)
                self._meter.failed(sending.batch)
                self._settle(queue, sending.batch)
                sending.result.fail(error)
        self.drop_unsent(error)

    def drop_unsent(self, error: Exception) -> None:
        """Give up what was never sent."""
        self._accumulator.ready(self._now_ms(), 0)
        for batch in self._accumulator.take_older(NEVER_MS):
            self._meter.failed(batch)
            self._accumulator.release(batch)
            batch.ticket.fail(error)
            self.on_room()


def _nothing() -> None:
    """Stand for a callback that nobody set."""


def _look(task: "asyncio.Task[None]") -> None:
    """Report what a task of ours should never have raised."""
    if not task.cancelled() and task.exception() is not None:
        logger.error("a task of a producer failed", exc_info=task.exception())
