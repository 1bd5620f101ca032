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
from logcore.client.positions import TopicPartition
from logcore.common.errors import (
    ClientError,
    FencedMemberEpochError,
    KafkaError,
    UnknownMemberIdError,
)
from logcore.common.types import override
from logcore.common.uuids import random_uuid, uuid_text
from logcore.consumer.config import ConsumerSettings
from logcore.consumer.coordination import GroupCoordinator
from logcore.consumer.membership import Membership, Owner
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
UNSAID: Final = (None, None)
"""What was said before, where it is not known to have been heard."""
_FENCED: Final = (UnknownMemberIdError, FencedMemberEpochError)


class ModernMembership(Membership):
    """A member of a group of the new kind."""

    def __init__(
        self,
        cluster: Cluster,
        settings: ConsumerSettings,
        coordinator: GroupCoordinator,
        wake: Callable[[], object],
    ) -> None:
        super().__init__(cluster, settings, coordinator, wake, uuid_text(random_uuid()))
        self._assignor = settings.optional("group.remote.assignor")
        self._rack = settings.text("client.rack") or None
        self._timeout_s = settings.integer("request.timeout.ms") / 1000
        self._epoch = JOIN
        self._interval_s = FIRST_INTERVAL_S
        self._target: list[TopicPartitions] | None = None
        self._held: frozenset[TopicPartition] = frozenset()
        self._said: tuple[frozenset[str] | None, frozenset[TopicPartition] | None] = UNSAID
        self._hurry = asyncio.Event()
        self._missing = False
        self._began_ms = 0
        cluster.watch(lambda _: self._due() if self._missing else None)

    @override
    def subscribe(self, topics: frozenset[str]) -> None:
        """Be a member that wants certain topics."""
        if topics == self._topics:
            return
        self._topics = topics
        self._hurry.set()
        if self._beating is None or self._beating.done():
            self._beating = self._loop.create_task(self._beat())

    # ------------------------------------------------------------ steps

    @override
    async def _step(self, owner: Owner) -> None:
        if (self._beating is None or self._beating.done()) and self._topics:
            self._beating = self._loop.create_task(self._beat())
        told = self._target
        if told is None:
            return
        target = self._named(told)
        owned = set(owner.owned())
        gone = owned - target
        if gone:
            await owner.revoke(gone)
        fresh = sorted(target - owned)
        if fresh:
            await owner.receive(fresh)
        if self._target is not told:  # the group has said something else meanwhile
            self._due()
            return
        if gone or fresh or not self._missing:
            self._held = frozenset(owner.owned())
            self._hurry.set()
        if not self._missing:
            self._target = None
            if gone or fresh:
                self._coordinator.meter.rebalanced(self._began_ms)

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
            if self._is_late:
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
                self._said = UNSAID
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
        is_full = is_new or self._said == UNSAID  # answered with the assignment, whatever was lost
        request = ConsumerGroupHeartbeatRequest(
            group_id=self.facts.group_id,
            member_id=self.facts.member_id,
            member_epoch=self._epoch,
            instance_id=self.facts.instance_id,
            rack_id=self._rack if is_new else None,
            rebalance_timeout_ms=self._poll_ms if is_full else -1,
            subscribed_topic_names=sorted(topics) if is_full or topics != self._said[0] else None,
            server_assignor=self._assignor if is_full else None,
            topic_partitions=self._ids(held) if is_full or held != self._said[1] else None,
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
            self._began_ms = self._coordinator.meter.now_ms()
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
        self._start_over()

    @override
    def _start_over(self) -> None:
        self._epoch = JOIN
        self._said = UNSAID
        self._held = frozenset()
        self._target = None
        self._is_lost = True
        self.facts = self.facts._replace(generation=-1)
        self._due()

    @override
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
        await self._say_goodbye(request)
