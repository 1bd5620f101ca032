"""Membership in a group of the new kind (KIP-848): one heartbeat says and learns everything.

The coordinator assigns; the member gives up what it is to give up, says so, and then gets more.
Invariants: the member says that it holds a partition only while it does; partitions are changed in
`step` only. A member that is fenced begins again at epoch 0.
Neighbours: `membership` says what both kinds have in common.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from logcore.client.cluster import Cluster
from logcore.client.positions import GroupFacts, TopicPartition
from logcore.common.clock import SystemClock
from logcore.common.errors import (
    ClientError,
    FencedMemberEpochError,
    KafkaError,
    UnknownMemberIdError,
)
from logcore.common.uuids import random_uuid, uuid_text
from logcore.consumer.config import ConsumerSettings
from logcore.consumer.coordination import GroupCoordinator
from logcore.consumer.membership import Owner
from logcore.protocol.messages.consumer_group_heartbeat import (
    Assignment,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    TopicPartitions,
)

logger = logging.getLogger(__name__)

JOIN: Final = 0
LEAVE: Final = -1
LEAVE_STATIC: Final = -2
FIRST_INTERVAL_S: Final = 3.0
LEAVE_TIMEOUT_S: Final = 5.0
_FENCED: Final = (UnknownMemberIdError, FencedMemberEpochError)


class ModernMembership:
    """A member of a group of the new kind.

    Args:
        cluster: The cluster.
        settings: The consumer's settings.
        coordinator: The group's coordinator.
        wake: Called when `step` has something to do.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: ConsumerSettings,
        coordinator: GroupCoordinator,
        wake: Callable[[], object],
    ) -> None:
        self._cluster = cluster
        self._loop = cluster.loop
        self._coordinator = coordinator
        self._wake = wake
        self._poll_ms = settings.integer("max.poll.interval.ms")
        self._assignor = settings.optional("group.remote.assignor")
        self._rack = settings.text("client.rack") or None
        self._timeout_s = settings.integer("request.timeout.ms") / 1000
        self.facts = GroupFacts(
            coordinator.group_id,
            member_id=uuid_text(random_uuid()),
            instance_id=settings.optional("group.instance.id"),
        )
        self.is_due = False
        self.polled = SystemClock().monotonic_ms() / 1000
        self._topics: frozenset[str] = frozenset()
        self._epoch = JOIN
        self._interval_s = FIRST_INTERVAL_S
        self._target: list[TopicPartitions] | None = None
        self._held: frozenset[TopicPartition] = frozenset()
        self._said: tuple[frozenset[str] | None, frozenset[TopicPartition] | None] = (None, None)
        self._is_lost = False
        self._error: Exception | None = None
        self._beating: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._missing = False
        cluster.watch(lambda _: self._due() if self._missing else None)

    def subscribe(self, topics: frozenset[str]) -> None:
        """Be a member that wants certain topics."""
        if topics == self._topics:
            return
        self._topics = topics
        self._hurry.set()
        if self._beating is None or self._beating.done():
            self._beating = self._loop.create_task(self._beat())

    def _due(self) -> None:
        self.is_due = True
        self._wake()

    # ------------------------------------------------------------ steps

    async def step(self, owner: Owner) -> None:
        """Do what is due; see `Membership.step`."""
        self.is_due = False
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self._is_lost:
            self._is_lost = False
            await owner.lose(owner.owned())
            self._held = frozenset()
        if (self._beating is None or self._beating.done()) and self._topics:
            self._beating = self._loop.create_task(self._beat())
        if self._target is None:
            return
        target = self._named(self._target)
        owned = set(owner.owned())
        gone = owned - target
        if gone:
            await owner.revoke(gone)
        fresh = sorted(target - owned)
        if fresh:
            await owner.receive(fresh)
        if gone or fresh or not self._missing:
            self._held = frozenset(owner.owned())
            self._hurry.set()
        if not self._missing:
            self._target = None

    def _named(self, target: list[TopicPartitions]) -> set[TopicPartition]:
        """Return partitions by name; what has none yet is looked for."""
        names = {topic.topic_id: name for name, topic in self._cluster.view.topics.items()}
        self._missing = any(each.topic_id not in names for each in target)
        if self._missing:
            self._cluster.request_refresh()
        return {
            TopicPartition(names[each.topic_id], number)
            for each in target
            if each.topic_id in names
            for number in each.partitions
        }

    # ------------------------------------------------------------ heartbeats

    async def _beat(self) -> None:
        failures = 0
        while not self._cluster.is_closed and self._topics:
            self._hurry.clear()
            if (self._loop.time() - self.polled) * 1000 > self._poll_ms:
                await self._leave_late()
                return
            try:
                await self._beat_once()
            except _FENCED as error:
                self._lost(error)
                continue
            except (KafkaError, ClientError) as error:
                if not error.retriable:
                    self._error = error
                    self._due()
                    return
                logger.debug("group %s: heartbeat: %s", self.facts.group_id, error)
                self._said = (None, None)
                await asyncio.sleep(self._cluster.backoff.wait_ms(failures) / 1000)
                failures += 1
                continue
            failures = 0
            try:
                async with asyncio.timeout(self._interval_s):
                    await self._hurry.wait()
            except TimeoutError:
                pass

    async def _beat_once(self) -> None:
        topics, held = self._topics, self._held
        is_new = self._epoch == JOIN
        request = ConsumerGroupHeartbeatRequest(
            group_id=self.facts.group_id,
            member_id=self.facts.member_id,
            member_epoch=self._epoch,
            instance_id=self.facts.instance_id,
            rack_id=self._rack if is_new else None,
            rebalance_timeout_ms=self._poll_ms if is_new else -1,
            subscribed_topic_names=sorted(topics) if is_new or topics != self._said[0] else None,
            server_assignor=self._assignor if is_new else None,
            topic_partitions=self._ids(held) if is_new or held != self._said[1] else None,
        )
        response: ConsumerGroupHeartbeatResponse = await self._coordinator.ask(
            request, timeout_s=self._timeout_s
        )
        self._said = (topics, held)
        self._epoch = response.member_epoch
        member_id = response.member_id or self.facts.member_id
        self.facts = self.facts._replace(member_id=member_id, generation=self._epoch)
        self._interval_s = max(response.heartbeat_interval_ms, 1) / 1000
        assignment: Assignment | None = response.assignment
        if assignment is not None:
            self._target = assignment.topic_partitions
            self._due()

    def _ids(self, places: Iterable[TopicPartition]) -> list[TopicPartitions]:
        grouped: dict[bytes, TopicPartitions] = {}
        for topic, number in sorted(places):
            topic_id = self._cluster.view.topic_id_of(topic)
            entry = grouped.setdefault(topic_id, TopicPartitions(topic_id=topic_id))
            entry.partitions.append(number)
        return list(grouped.values())

    def _lost(self, error: Exception) -> None:
        """Begin again: the group has forgotten this member."""
        logger.info("group %s: no member any more: %s", self.facts.group_id, error)
        self._begin_again()
        self._due()

    def _begin_again(self) -> None:
        self._epoch = JOIN
        self._said = (None, None)
        self._held = frozenset()
        self._target = None
        self._is_lost = True
        self.facts = self.facts._replace(generation=-1)

    async def _leave_late(self) -> None:
        """Leave, because the user does not poll any more; the next poll joins again."""
        logger.warning(
            "group %s: no poll for more than max.poll.interval.ms (%d ms): the member leaves, and "
            "its partitions go to others",
            self.facts.group_id,
            self._poll_ms,
        )
        await self.leave()
        self._begin_again()
        self._due()

    async def leave(self) -> None:
        """Leave the group; see `Membership.leave`."""
        if self._beating is not None and self._beating is not asyncio.current_task():
            self._beating.cancel()
        if self._epoch <= JOIN:
            return
        request = ConsumerGroupHeartbeatRequest(
            group_id=self.facts.group_id,
            member_id=self.facts.member_id,
            member_epoch=LEAVE if self.facts.instance_id is None else LEAVE_STATIC,
            instance_id=self.facts.instance_id,
        )
        self._epoch = JOIN
        try:
            await self._coordinator.ask(request, timeout_s=LEAVE_TIMEOUT_S)
        except (KafkaError, ClientError) as error:
            logger.debug("group %s: leaving: %s", self.facts.group_id, error)
