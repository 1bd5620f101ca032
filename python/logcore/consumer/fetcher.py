"""Fetching: one request in flight per broker, for the partitions whose records are wanted next.

Invariants: a partition is fetched again only once what was fetched of it before is within bounds,
and always from behind it; what was asked for before a seek or a revocation is dropped. Errors of
one partition do not stop the others; those that only the user can mend are raised at the next poll.
Neighbours: `subscription` holds positions and what was fetched; `fetch_session` says what changed.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from logcore.client.cluster import Cluster
from logcore.client.cluster_view import NO_LEADER
from logcore.client.nodes import Channel
from logcore.client.positions import TopicPartition
from logcore.common.clock import SystemClock
from logcore.common.errors import (
    CorruptMessageError,
    FetchSessionIdNotFoundError,
    InvalidFetchSessionEpochError,
    LogcoreError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    UnknownServerError,
    error_for_code,
)
from logcore.consumer.config import ConsumerSettings
from logcore.consumer.fetch_session import FetchSession, Wanted, has_ids
from logcore.consumer.metrics import FetchMeter
from logcore.consumer.subscription import FetchBuffer, PartitionState, Subscription
from logcore.protocol.messages.fetch import FetchRequest, FetchResponse, PartitionData
from logcore.record.decoding import FetchedRecords

logger = logging.getLogger(__name__)

NAMES_UNTIL: Final = 12
NEWEST: Final = 17
BUFFERED_CHUNKS_MAX: Final = 2
PARTIAL_WAIT_MS: Final = 20
ANSWER_GRACE_S: Final = 30.0
_SESSION_ERRORS: Final = {FetchSessionIdNotFoundError.code, InvalidFetchSessionEpochError.code}


class Asked(NamedTuple):
    """What is asked of one broker.

    Attributes:
        wanted: What is wanted of each partition.
        versions: Of each, how often what was fetched had become void when this was decided.
    """

    wanted: dict[TopicPartition, Wanted]
    versions: dict[PartitionState, int]


class Fetcher:
    """Fetches the partitions of a subscription.

    Args:
        cluster: The cluster.
        settings: The consumer's settings.
        subscription: What is read.
        buffer: Where records go.
        arrived: Called when there is something to hand out, or an error to raise.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: ConsumerSettings,
        subscription: Subscription,
        buffer: FetchBuffer,
        arrived: Callable[[], object],
    ) -> None:
        self._cluster = cluster
        self._loop = cluster.loop
        self._subscription = subscription
        self._buffer = buffer
        self._arrived = arrived
        self._reset = settings.reset
        self._isolation = 1 if settings.is_committed_only else 0
        self._max_wait_ms = settings.integer("fetch.max.wait.ms")
        self._min_bytes = settings.integer("fetch.min.bytes")
        self._max_bytes = settings.integer("fetch.max.bytes")
        self._partition_bytes = settings.integer("max.partition.fetch.bytes")
        self._request_timeout_s = settings.integer("request.timeout.ms") / 1000
        self._check_crcs = settings.flag("check.crcs")
        self._rack = settings.text("client.rack")
        self._meter = FetchMeter(
            cluster.metrics, subscription, is_committed_only=settings.is_committed_only
        )
        subscription.on_done = self._meter.consumed
        self._now_ns = SystemClock().monotonic_ns
        self._sessions: dict[int, FetchSession] = {}
        self._fetching: dict[int, asyncio.Task[None]] = {}
        self._failures = 0
        self._is_due = False
        self.errors: list[Exception] = []
        self.on_reset: Callable[[], object] = arrived

    def wake(self) -> None:
        """Look at what can be fetched, in the loop's next turn; on the loop's thread."""
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._is_due = False
        self._begin()

    def _begin(self, but: int = NO_LEADER) -> Asked | None:
        """Fetch from brokers that are not asked already; return what is to be asked of one."""
        if self._cluster.is_closed:
            return None
        by_node = self._due_by_node()
        own = by_node.pop(but, None)
        for node_id, asked in by_node.items():
            task = self._fetching.get(node_id)
            if task is None or task.done():
                task = self._loop.create_task(self._go_on_fetching(node_id, asked))
                task.add_done_callback(_look)
                self._fetching[node_id] = task
        return own

    def _due_by_node(self) -> dict[int, Asked]:
        by_node: dict[int, Asked] = {}
        now = self._loop.time()
        later: float | None = None
        for state in self._subscription.partitions.values():
            if not self._is_wanted(state):
                continue
            if state.not_before > now:
                later = state.not_before if later is None else min(later, state.not_before)
                continue
            node_id = self._node_of(state, now)
            if node_id == NO_LEADER:
                self._find_leader(state)
            else:
                asked = by_node.setdefault(node_id, Asked({}, {}))
                asked.wanted[state.place] = self._wanted(state)
                asked.versions[state] = state.version
        if later is not None:
            self._loop.call_later(max(later - now, 0.001), self.wake)
        return by_node

    def _is_wanted(self, state: PartitionState) -> bool:
        return (
            state.fetch_offset is not None
            and not state.is_paused
            and state.buffered < BUFFERED_CHUNKS_MAX
            and state.buffered_bytes <= self._partition_bytes
        )

    def _wanted(self, state: PartitionState) -> Wanted:
        assert state.fetch_offset is not None, "the caller looked"
        view = self._cluster.view
        topic, partition = state.place
        epoch = view.leader_epoch_of(topic, partition)
        return Wanted(view.topic_id_of(topic), state.fetch_offset, epoch, self._partition_bytes)

    def _node_of(self, state: PartitionState, now: float) -> int:
        if state.preferred is not None:
            node_id, until = state.preferred
            if until > now and node_id in self._cluster.view.brokers:
                return node_id
            state.preferred = None
        return self._cluster.view.leader_of(*state.place)

    def _find_leader(self, state: PartitionState) -> None:
        state.not_before = self._loop.time() + self._cluster.backoff.wait_ms(0) / 1000
        self._cluster.track([state.place.topic])
        self._cluster.request_refresh().add_done_callback(lambda _: self.wake())

    # ------------------------------------------------------------ one request

    async def _go_on_fetching(self, node_id: int, asked: Asked | None) -> None:
        """Ask one broker as long as something of it is wanted.

        Where more is there, it is asked for before anybody else has a turn: a thread of the program
        that works with what has come would hold us up. At the end of what is there others come
        first: the request would wait at the broker, and a seek for it.
        """
        while asked is not None:
            asked = await self._fetch(node_id, asked)

    async def _fetch(self, node_id: int, asked: Asked) -> Asked | None:
        """Ask once, and take the answer; return what is to be asked next of the broker."""
        session = self._sessions.setdefault(node_id, FetchSession())
        try:
            response = await self._ask(node_id, session, asked.wanted)
        except LogcoreError as error:
            session.reset()
            logger.debug("fetch from broker %d: %s", node_id, error)
            self._postpone(asked.wanted, error)
            return None
        self._failures = 0
        if not response.error_code:
            session.answered(response.session_id)
            if self._take(response, asked):
                return self._begin(node_id)
        else:
            session.reset()
            if response.error_code not in _SESSION_ERRORS:
                self._postpone(asked.wanted, error_for_code(response.error_code)("fetch"))
                return None
        del response
        self.wake()
        return None

    async def _ask(
        self, node_id: int, session: FetchSession, wanted: dict[TopicPartition, Wanted]
    ) -> FetchResponse:
        topics, forgotten = session.next(wanted)
        # Where some are left out, because enough of them waits, they are not kept waiting for long.
        is_partial = len(wanted) < self._led_by(node_id)
        request = FetchRequest(
            max_wait_ms=min(self._max_wait_ms, PARTIAL_WAIT_MS)
            if is_partial
            else self._max_wait_ms,
            min_bytes=self._min_bytes,
            max_bytes=self._max_bytes,
            isolation_level=self._isolation,
            session_id=session.session_id,
            session_epoch=session.epoch,
            topics=topics,
            forgotten_topics_data=forgotten,
            rack_id=self._rack,
        )
        began_ns = self._now_ns()
        response: FetchResponse = await self._cluster.ask(
            node_id,
            request,
            channel=Channel.FETCH,
            at_most=NEWEST if has_ids(wanted) else NAMES_UNTIL,
            timeout_s=self._request_timeout_s + self._max_wait_ms / 1000,
        )
        self._meter.latency_ms.record((self._now_ns() - began_ns) / 1e6)
        self._meter.throttle_ms.record(response.throttle_time_ms)
        return response

    def _led_by(self, node_id: int) -> int:
        """Return how many partitions are read from a broker."""
        now = self._loop.time()
        partitions = self._subscription.partitions.values()
        return sum(
            1
            for state in partitions
            if not state.is_paused and self._node_of(state, now) == node_id
        )

    def _postpone(self, wanted: dict[TopicPartition, Wanted], error: LogcoreError) -> None:
        """Try partitions again after a while, with a fresh view."""
        not_before = self._loop.time() + self._cluster.backoff.wait_ms(self._failures) / 1000
        self._failures += 1
        if isinstance(error, UnknownServerError):
            logger.warning("a broker failed over a fetch, which is asked for again: %s", error)
        elif not getattr(error, "retriable", False):
            self._fail(error)
        for place in wanted:
            state = self._subscription.partitions.get(place)
            if state is not None:
                state.not_before = not_before
                state.preferred = None
        self._cluster.request_refresh()
        self.wake()

    def _fail(self, error: Exception) -> None:
        """Have an error raised at the next poll; one of a kind at a time, others come again."""
        if not any(type(each) is type(error) for each in self.errors):
            self.errors.append(error)
        self._arrived()

    # ------------------------------------------------------------ an answer

    def _take(self, response: FetchResponse, asked: Asked) -> bool:
        """Take what has come; whether more of a partition is there already."""
        names = {want.topic_id: place.topic for place, want in asked.wanted.items()}
        has_arrived = has_more = False
        size_bytes = 0
        for topic in response.responses:
            name = topic.topic or names.get(topic.topic_id, "")
            for data in topic.partitions:
                place = TopicPartition(name, data.partition_index)
                state = self._subscription.partitions.get(place)
                if state is None or asked.versions.get(state) != state.version:
                    continue
                if asked.wanted[place].offset != state.fetch_offset:
                    continue  # two replicas were asked, and the other one was faster
                if data.error_code:
                    self._refused(state, data)
                else:
                    size_bytes += len(data.records or ())  # type: ignore[arg-type]  # a memoryview
                    has_arrived |= self._store(state, data)
                    has_more |= self._has_more(state, data) and self._is_wanted(state)
        self._meter.size_bytes.record(size_bytes)
        if has_arrived:
            self._arrived()
        return has_more

    def _has_more(self, state: PartitionState, data: PartitionData) -> bool:
        """Whether there are records behind what was fetched, that may be read."""
        end_offset = data.last_stable_offset if self._isolation else data.high_watermark
        return state.fetch_offset is not None and state.fetch_offset < end_offset

    def _store(self, state: PartitionState, data: PartitionData) -> bool:
        """Keep what was fetched of a partition; whether there is something."""
        state.high_watermark = data.high_watermark
        state.last_stable_offset = data.last_stable_offset
        state.log_start_offset = data.log_start_offset
        if data.preferred_read_replica >= 0:
            age_s = self._cluster.settings.integer("metadata.max.age.ms") / 1000
            state.preferred = (data.preferred_read_replica, self._loop.time() + age_s)
            return False
        records = data.records
        if records is None or not len(records):  # type: ignore[arg-type]  # decoded: a memoryview
            return False
        assert state.fetch_offset is not None, "it was asked for"
        aborted = None
        if self._isolation:
            listed = data.aborted_transactions or ()
            aborted = [(each.producer_id, each.first_offset) for each in listed]
        topic, partition = state.place
        try:
            chunk = FetchedRecords(
                topic,
                partition,
                records,  # type: ignore[arg-type]  # decoded: a memoryview
                state.fetch_offset,
                aborted=aborted,
                check_crcs=self._check_crcs,
            )
        except CorruptMessageError as error:
            return self._damaged(state, error)
        if chunk.end_offset <= state.fetch_offset:
            size, at = chunk.size_bytes, state.fetch_offset
            message = f"{topic}-{partition}: {size} bytes at offset {at} hold no whole batch"
            return self._damaged(state, CorruptMessageError(message))
        self._buffer.put(state, chunk)
        return True

    def _damaged(self, state: PartitionState, error: Exception) -> bool:
        state.not_before = self._loop.time() + 1
        self._fail(error)
        return False

    def _refused(self, state: PartitionState, data: PartitionData) -> None:
        """Act upon the error of a partition."""
        topic, partition = state.place
        made = error_for_code(data.error_code)
        error = made(f"{topic}-{partition}: the broker says {made.kafka_name}")
        if isinstance(error, OffsetOutOfRangeError):
            if state.preferred is not None:
                state.preferred = None  # a follower may be behind: the leader knows
                return
            if self._reset is None:
                at = state.fetch_offset
                message = f"{topic}-{partition}: offset {at} is out of range, and auto.offset.reset"
                self._fail(
                    NoOffsetForPartitionError(f"{message} is none", partitions=(state.place,))
                )
            if not state.buffered and state.current is None:
                state.seek(None, self._reset)
                self.on_reset()
            state.not_before = self._loop.time() + self._cluster.backoff.wait_ms(0) / 1000
            return
        current = data.current_leader
        if current.leader_id >= 0:
            self._cluster.learn(
                self._cluster.view.with_leader(
                    topic, partition, current.leader_id, current.leader_epoch
                )
            )
        state.preferred = None
        if isinstance(error, UnknownServerError):
            logger.warning("a broker failed over a fetch, which is asked for again: %s", error)
        if error.retriable or isinstance(error, UnknownServerError):
            state.not_before = self._loop.time() + self._cluster.backoff.wait_ms(0) / 1000
            if error.refresh_metadata:
                self._cluster.request_refresh()
        else:
            state.not_before = self._loop.time() + 1
            self._fail(error)


def _look(task: "asyncio.Task[Any]") -> None:
    """Report what a task of ours should never have raised."""
    if not task.cancelled() and task.exception() is not None:
        logger.error("a fetch failed", exc_info=task.exception())
