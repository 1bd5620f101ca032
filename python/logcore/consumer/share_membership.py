"""Membership in a share group: one heartbeat says what is wanted, and learns what to read.

Nothing is given up here, unlike in other groups: whoever has a record acquired keeps it, whatever
becomes of the partition.
Invariants: at most one heartbeat is under way; a member that the group does not know any more joins
again under its own id. While a member has no partitions yet it asks more often than it is told to,
since Apache Kafka tells of them with the next heartbeat only.
Neighbours: `async_share_consumer` says that it polls; `share_fetcher` reads what is assigned.
Source: KIP-932.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from logcore.client.cluster import Cluster
from logcore.common.clock import SystemClock
from logcore.common.errors import (
    ClientError,
    FencedMemberEpochError,
    KafkaError,
    UnknownMemberIdError,
)
from logcore.common.uuids import random_uuid, uuid_text
from logcore.consumer.coordination import GroupCoordinator
from logcore.consumer.share_config import ShareConsumerSettings
from logcore.protocol.messages.share_group_heartbeat import (
    ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse,
    TopicPartitions,
)

logger = logging.getLogger(__name__)

JOIN: Final = 0
LEAVE: Final = -1
HURRY_S: Final = 0.2
"""After how long a member without partitions asks again; twice as long each time."""
INTERVAL_MS_MIN: Final = 10
LEAVE_TIMEOUT_S: Final = 5.0
_FENCED: Final = (UnknownMemberIdError, FencedMemberEpochError)


class ShareMembership:
    """A member of a share group.

    Args:
        cluster: The cluster.
        settings: The consumer's settings.
        wake: Called when there is an error to raise.

    Attributes:
        on_assigned: Called with what is assigned, each time that changes.
        member_id: The member's id, for as long as it lives.
        polled_ms: When the user polled last, by the monotonic clock.
        error: Why the group refuses the member for good; whoever raises it takes it away.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: ShareConsumerSettings,
        wake: Callable[[], object],
    ) -> None:
        self._cluster = cluster
        self._loop = cluster.loop
        self._coordinator = GroupCoordinator(cluster, settings.group_id)
        self.on_assigned: Callable[[list[TopicPartitions]], object] = lambda _: None
        self._wake = wake
        self._poll_ms = settings.integer("max.poll.interval.ms")
        self._rack = settings.text("client.rack") or None
        self._timeout_s = settings.integer("request.timeout.ms") / 1000
        self._now_ms = SystemClock().monotonic_ms
        self.member_id = uuid_text(random_uuid())
        self.polled_ms = self._now_ms()
        self.error: Exception | None = None
        self._topics: frozenset[str] = frozenset()
        self._said: frozenset[str] | None = None
        self._epoch = JOIN
        self._has_partitions = False
        self._beating: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    def subscribe(self, topics: frozenset[str]) -> None:
        """Be a member that wants certain topics."""
        self._topics = topics
        self.polled_ms = self._now_ms()
        self._hurry.set()
        self.beat()

    def polled(self) -> None:
        """Take note that the user polls; a member that had left for want of it joins again."""
        self.polled_ms = self._now_ms()
        self.beat()

    def beat(self) -> None:
        """Have heartbeats sent, unless they are, or an error is still to be raised."""
        if self._topics and self.error is None and not self._is_beating:
            self._beating = self._loop.create_task(self._beat())

    @property
    def _is_beating(self) -> bool:
        return self._beating is not None and not self._beating.done()

    # ------------------------------------------------------------ heartbeats

    async def _beat(self) -> None:
        failures = unassigned = 0
        while not self._cluster.is_closed and self._topics:
            self._hurry.clear()
            if self._now_ms() - self.polled_ms > self._poll_ms:
                await self._leave_late()
                return
            try:
                interval_s = await self._beat_once()
            except (KafkaError, ClientError) as error:
                if not self._goes_on(error):
                    return
                await asyncio.sleep(self._cluster.backoff.wait_ms(failures) / 1000)
                failures += 1
                continue
            failures = 0
            unassigned = 0 if self._has_partitions else unassigned + 1
            if unassigned:
                interval_s = min(interval_s, HURRY_S * 2 ** min(unassigned - 1, 16))
            try:
                async with asyncio.timeout(interval_s):
                    await self._hurry.wait()
            except TimeoutError:
                pass

    def _goes_on(self, error: KafkaError | ClientError) -> bool:
        """Whether heartbeats go on after an error."""
        if isinstance(error, _FENCED):
            logger.info("share group %s: no member any more: %s", self._group, error)
            self._begin_again()
        elif error.retriable:
            logger.debug("share group %s: heartbeat: %s", self._group, error)
            self._said = None
        else:
            self.error = error
            self._wake()
            return False
        return True

    @property
    def _group(self) -> str:
        return self._coordinator.group_id

    async def _beat_once(self) -> float:
        """Send a heartbeat; return after how many seconds the next one is due."""
        topics = self._topics
        is_new = self._epoch == JOIN
        response: ShareGroupHeartbeatResponse = await self._coordinator.ask(
            ShareGroupHeartbeatRequest(
                group_id=self._group,
                member_id=self.member_id,
                member_epoch=self._epoch,
                rack_id=self._rack if is_new else None,
                subscribed_topic_names=sorted(topics) if is_new or topics != self._said else None,
            ),
            timeout_s=self._timeout_s,
        )
        self._said = topics
        self._epoch = max(response.member_epoch, JOIN)
        if response.assignment is not None:
            self._take(response.assignment.topic_partitions)
        return max(response.heartbeat_interval_ms, INTERVAL_MS_MIN) / 1000

    def _take(self, partitions: list[TopicPartitions]) -> None:
        self._has_partitions = any(each.partitions for each in partitions)
        self.on_assigned(partitions)

    def _begin_again(self) -> None:
        """Join anew: the group has forgotten this member, and given its partitions to others."""
        self._epoch = JOIN
        self._said = None
        self._take([])

    # ------------------------------------------------------------ leaving

    async def _leave_late(self) -> None:
        """Leave, because the user does not poll any more; the next poll joins again."""
        logger.warning(
            "share group %s: no poll for more than max.poll.interval.ms (%d ms): the member leaves",
            self._group,
            self._poll_ms,
        )
        await self._say_leave()
        self._begin_again()

    async def leave(self) -> None:
        """Leave the group. Errors do not matter: the group will notice."""
        self._topics = frozenset()
        if self._beating is not None:
            self._beating.cancel()
        try:
            await self._say_leave()
        finally:  # whoever waits for it may be cancelled
            self._begin_again()

    async def _say_leave(self) -> None:
        if self._epoch <= JOIN:
            return
        request = ShareGroupHeartbeatRequest(
            group_id=self._group, member_id=self.member_id, member_epoch=LEAVE
        )
        try:
            await self._coordinator.ask(request, timeout_s=LEAVE_TIMEOUT_S)
        except (KafkaError, ClientError) as error:
            logger.debug("share group %s: leaving: %s", self._group, error)
