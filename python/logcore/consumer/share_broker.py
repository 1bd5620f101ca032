"""One broker, as a member of a share group asks it: for records, and to acknowledge.

Invariants: one request at a time, so that the session's epochs are in order; records are asked for
only while somebody waits for them, so that no lock ends before its record is handed out. When a
request fails as a whole the session is over: what was acquired in it belongs to others, and its
acknowledgements fail.
Neighbours: `share_fetcher` says what is wanted, and takes what comes; `share_session` is the state.
Source: KIP-932.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from logcore.client.cluster import Cluster
from logcore.client.nodes import Channel
from logcore.client.positions import TopicPartition
from logcore.common.clock import SystemClock
from logcore.common.errors import (
    ClientClosedError,
    KafkaError,
    LogcoreError,
    UnknownServerError,
    UnsupportedVersionError,
    error_for_code,
)
from logcore.consumer.acknowledgements import Acknowledgement
from logcore.consumer.share_metrics import ShareMeter
from logcore.consumer.share_requests import (
    Member,
    Said,
    Wish,
    acknowledge_request,
    by_partition,
    fetch_request,
    renews,
)
from logcore.consumer.share_session import (
    FINAL_EPOCH,
    INITIAL_EPOCH,
    Places,
    SharePartition,
    ShareSession,
)
from logcore.protocol.messages.share_acknowledge import (
    ShareAcknowledgeRequest,
    ShareAcknowledgeResponse,
)
from logcore.protocol.messages.share_fetch import ShareFetchRequest, ShareFetchResponse
from logcore.protocol.schema import Message

logger = logging.getLogger(__name__)

LINGER_S: Final = 0.1
"""How long an acknowledgement may wait for a fetch that takes it along."""
FOREVER_MS: Final = 2**63
MODES_FROM: Final = 2
"""The version of both requests that has the acquire mode and renewals."""


class Owner(Protocol):
    """Whom a broker serves: the fetcher."""

    def places(self, node_id: int) -> Places:
        """Return the partitions to fetch from a broker."""

    def wish(self, node_id: int) -> Wish | None:
        """Return what to ask a broker for now; None if nobody waits for its records."""

    def begins(self, node_id: int) -> None:
        """Take note that a broker is being asked."""

    def take(self, session: ShareSession, response: ShareFetchResponse) -> None:
        """Take what a broker sent."""

    def answered(self, response: ShareAcknowledgeResponse) -> None:
        """Learn from the answer to acknowledgements."""

    def failed(self, node_id: int, error: LogcoreError) -> None:
        """Take note that a request failed as a whole."""


class ShareBroker:
    """One broker.

    Args:
        cluster: The cluster.
        node_id: The broker.
        member: Who asks.
        owner: Whom it serves.
        on_done: Called with each acknowledgement that is completed.
        meter: What it measures with.
    """

    def __init__(
        self,
        cluster: Cluster,
        node_id: int,
        member: Member,
        owner: Owner,
        on_done: Callable[[Acknowledgement], object],
        meter: ShareMeter,
    ) -> None:
        self.node_id = node_id
        self._cluster = cluster
        self._loop = cluster.loop
        self._member = member
        self._owner = owner
        self._on_done = on_done
        self._meter = meter
        self._timeout_s = cluster.settings.integer("request.timeout.ms") / 1000
        self._now_ms = SystemClock().monotonic_ms
        self._working: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._failures = 0
        self._is_flushing = False
        self._is_lingering = False
        self._is_ending = False
        self.session = self._begin()

    def _begin(self) -> ShareSession:
        return ShareSession(self._on_done, self._linger)

    # ------------------------------------------------------------ when to work

    @property
    def is_working(self) -> bool:
        """Whether a request is under way."""
        return self._working is not None and not self._working.done()

    @property
    def is_waiting(self) -> bool:
        """Whether it failed so recently that the next request has to wait."""
        return self._not_before > self._loop.time()

    def wake(self) -> None:
        """Look for something to do; on the loop's thread."""
        if not self.is_working and not self._is_ending and not self._cluster.is_closed:
            self._working = self._loop.create_task(self._work())
            self._working.add_done_callback(_look)

    def flush(self) -> None:
        """Acknowledge what waits, soon; on the loop's thread."""
        self._is_flushing = True
        self.wake()

    def _linger(self) -> None:
        """Acknowledge what was put in after a while; from any thread."""
        if not self._is_lingering and not self._loop.is_closed():
            self._is_lingering = True
            self._loop.call_soon_threadsafe(self._loop.call_later, LINGER_S, self._lingered)

    def _lingered(self) -> None:
        self._is_lingering = False
        self.flush()

    # ------------------------------------------------------------ requests

    async def _work(self) -> None:
        while not self._cluster.is_closed and not self._is_ending:
            wait_s = self._not_before - self._loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            due = self.session.due(self._now_ms())
            wish = self._owner.wish(self.node_id)
            wanted = self._owner.places(self.node_id) if wish is not None else {}
            if due and (self._is_flushing or _is_apart(due, wanted)):
                await self._acknowledge()
            elif wish is not None and wanted:
                await self._fetch(wanted, wish)
            else:
                self._come_back()
                return

    def _come_back(self) -> None:
        """Have what is to be tried again tried when its time has come."""
        self._is_flushing = False
        at_ms = self.session.next_at_ms()
        if at_ms is not None and at_ms > self._now_ms():
            self._loop.call_later((at_ms - self._now_ms()) / 1000, self.flush)

    async def _fetch(self, wanted: Places, wish: Wish) -> None:
        self._owner.begins(self.node_id)
        session = self.session
        taken = [] if session.epoch == INITIAL_EPOCH else session.take(self._now_ms())
        said = by_partition(taken)
        change = session.change(wanted, said)
        request = fetch_request(self._member, session.epoch, change, said, wish)
        try:
            if wish.is_record_limit:
                await self._need(ShareFetchRequest, "share.acquire.mode record_limit (KIP-1206)")
            began_ms = self._now_ms()
            response: ShareFetchResponse = await self._ask(request, wish.max_wait_ms)
        except LogcoreError as error:
            self._lose(error)
            return
        answers = {
            SharePartition(topic.topic_id, data.partition_index): (
                data.acknowledge_error_code,
                data.acknowledge_error_message,
            )
            for topic in response.responses
            for data in topic.partitions
        }
        self._meter.fetched(self._now_ms() - began_ms, response.throttle_time_ms)
        self._settle(said, answers)
        self._owner.take(session, response)

    async def _acknowledge(self, *, is_last: bool = False) -> None:
        session = self.session
        taken = session.take(FOREVER_MS if is_last else self._now_ms())
        self._is_flushing = False
        try:
            if renews(taken):
                taken = await self._renewable(taken)
            if not taken and not is_last:
                return
            said = by_partition(taken)
            epoch = FINAL_EPOCH if is_last else session.epoch
            request = acknowledge_request(self._member, epoch, said, is_renewal=renews(taken))
            response: ShareAcknowledgeResponse = await self._ask(request)
        except LogcoreError as error:
            self._lose(error)
            return
        answers = {
            SharePartition(topic.topic_id, data.partition_index): (
                data.error_code,
                data.error_message,
            )
            for topic in response.responses
            for data in topic.partitions
        }
        self._settle(said, answers)
        self._owner.answered(response)

    async def _ask(self, request: Message, wait_ms: int = 0) -> Any:  # noqa: ANN401 - of its API
        """Ask in the session, and move it on.

        Raises:
            LogcoreError: If there is no answer, or it is an error as a whole.
        """
        response = await self._cluster.ask(
            self.node_id,
            request,
            channel=Channel.FETCH,
            timeout_s=self._timeout_s + wait_ms / 1000,
        )
        if response.error_code:
            made = error_for_code(response.error_code)
            raise made(
                f"share session with broker {self.node_id}: "
                f"{response.error_message or made.kafka_name}"
            )
        self._failures = 0
        self.session.answered()
        return response

    async def _need(self, request: type[Message], what: str) -> None:
        """Refuse a broker that is too old for something.

        Raises:
            UnsupportedVersionError: If it is.
        """
        connection = await self._cluster.connection(self.node_id, Channel.FETCH)
        if connection.ranges.choose(request) < MODES_FROM:
            raise UnsupportedVersionError(f"broker {self.node_id} does not know {what}")

    async def _renewable(self, taken: list[Acknowledgement]) -> list[Acknowledgement]:
        """Return what the broker understands; renewals fail where it knows none."""
        try:
            await self._need(ShareAcknowledgeRequest, "renewals (KIP-1222)")
        except UnsupportedVersionError as error:
            for each in taken:
                if each.renewed:
                    self.session.complete(each, error)
            return [each for each in taken if not each.renewed]
        return taken

    # ------------------------------------------------------------ answers

    def _settle(self, said: Said, answers: Mapping[SharePartition, tuple[int, str | None]]) -> None:
        """Complete what was acknowledged, or have it tried again."""
        for partition, acknowledgements in said.items():
            error = _error(acknowledgements[0].acquisition.place, answers.get(partition))
            passes = error is not None and error.retriable and not error.refresh_metadata
            for each in acknowledgements:
                if passes and not self._is_ending and self._now_ms() < each.give_up_ms:
                    wait_ms = self._cluster.backoff.wait_ms(0)
                    self.session.retry(each, self._now_ms() + int(wait_ms))
                else:
                    self.session.complete(each, error)

    def _lose(self, error: LogcoreError) -> None:
        """Begin a new session: what was acquired in this one is not ours any more."""
        logger.debug("share session with broker %d ended: %s", self.node_id, error)
        session, self.session = self.session, self._begin()
        session.end(error)
        connection = self._cluster.nodes.connected(self.node_id, Channel.FETCH)
        if connection is not None and session.epoch != INITIAL_EPOCH:
            connection.close()  # so that the broker gives at once to others what was acquired
        self._not_before = self._loop.time() + self._cluster.backoff.wait_ms(self._failures) / 1000
        self._failures += 1
        self._owner.failed(self.node_id, error)

    async def end(self) -> None:
        """Acknowledge what waits, and end the session: what is held goes back to others."""
        self._is_ending = True
        if self._working is not None:
            await asyncio.wait([self._working])
        is_connected = self._cluster.nodes.connected(self.node_id, Channel.FETCH) is not None
        if self.session.epoch != INITIAL_EPOCH and is_connected:  # else it is over already
            await self._acknowledge(is_last=True)
        self.abandon()

    def abandon(self) -> None:
        """Take note that nothing more is sent."""
        if self.session.error is None:
            self.session.end(ClientClosedError("the share consumer was closed"))


def _is_apart(due: list[Acknowledgement], wanted: Places) -> bool:
    """Whether no fetch can take acknowledgements along: renewals, and other partitions'."""
    return renews(due) or not by_partition(due).keys() <= wanted.keys()


def _error(place: TopicPartition, answer: tuple[int, str | None] | None) -> KafkaError | None:
    """Return what a broker says of the acknowledgements of a partition."""
    if answer is None:
        return UnknownServerError(f"{place}: the broker answered nothing of the acknowledgements")
    code, message = answer
    if not code:
        return None
    made = error_for_code(code)
    return made(f"{place}: {message or made.kafka_name}")


def _look(task: "asyncio.Task[None]") -> None:
    """Report what a task of ours should never have raised."""
    if not task.cancelled() and task.exception() is not None:
        logger.error("a share session failed", exc_info=task.exception())
