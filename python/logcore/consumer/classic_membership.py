"""Membership in a classic group: join, sync, heartbeat, leave.

Joining goes on in the background over as many polls as it takes. Invariants: with an eager assignor
everything is given up before joining, with a cooperative one only what the group takes away; an
error that passes makes the member join again, any other is raised by `step`. Heartbeats are sent
from the end of a join on, whenever it is that `step` takes what the member was given.
Neighbours: `assignors` decides where this member leads; `group_metadata` has the bytes.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Final

from logcore.client.cluster import Cluster
from logcore.client.cluster_view import ClusterView
from logcore.client.nodes import Channel
from logcore.client.positions import TopicPartition
from logcore.common.errors import (
    ClientError,
    FencedInstanceIdError,
    IllegalGenerationError,
    InconsistentGroupProtocolError,
    KafkaError,
    MemberIdRequiredError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from logcore.common.types import override
from logcore.consumer.assignors import ASSIGNORS, Member, all_cooperative
from logcore.consumer.config import ConsumerSettings
from logcore.consumer.coordination import GroupCoordinator
from logcore.consumer.group_metadata import (
    decode_assignment,
    decode_subscription,
    encode_assignment,
    encode_subscription,
)
from logcore.consumer.membership import Membership, Owner
from logcore.protocol.messages.heartbeat import HeartbeatRequest
from logcore.protocol.messages.join_group import (
    JoinGroupRequest,
    JoinGroupRequestProtocol,
    JoinGroupResponse,
)
from logcore.protocol.messages.leave_group import LeaveGroupRequest, MemberIdentity
from logcore.protocol.messages.sync_group import (
    SyncGroupRequest,
    SyncGroupRequestAssignment,
    SyncGroupResponse,
)

logger = logging.getLogger(__name__)

PROTOCOL_TYPE: Final = "consumer"
JOIN_GRACE_S: Final = 5.0
TOPIC_TIMEOUT_S: Final = 5.0
_REJOIN: Final = (RebalanceInProgressError, IllegalGenerationError, UnknownMemberIdError)


class ClassicMembership(Membership):
    """A member of a classic group."""

    def __init__(
        self,
        cluster: Cluster,
        settings: ConsumerSettings,
        coordinator: GroupCoordinator,
        wake: Callable[[], object],
    ) -> None:
        super().__init__(cluster, settings, coordinator, wake)
        self._strategies = settings.texts("partition.assignment.strategy")
        self._is_cooperative = all_cooperative(self._strategies)
        self._rack = settings.text("client.rack") or None
        self._session_ms = settings.integer("session.timeout.ms")
        self._interval_s = settings.integer("heartbeat.interval.ms") / 1000
        self._wants_join = False
        self._joining: asyncio.Task[list[TopicPartition]] | None = None
        self._began_ms = 0
        self._led: dict[str, int] | None = None  # partitions by topic, where this member leads
        cluster.watch(self._look)

    @override
    def subscribe(self, topics: frozenset[str]) -> None:
        """Be a member that wants certain topics."""
        if topics != self._topics:
            self._topics = topics
            self._join_again()

    def _join_again(self) -> None:
        self._wants_join = True
        self._due()

    def _look(self, view: ClusterView) -> None:
        """Have partitions assigned anew when topics changed, where this member leads."""
        if self._led is not None and self._joining is None:
            counts = _counts(view, self._led)
            if counts != self._led:
                self._led = None
                self._join_again()

    # ------------------------------------------------------------ steps

    @override
    async def _step(self, owner: Owner) -> None:
        if self._joining is not None and self._joining.done():
            task, self._joining = self._joining, None
            if not task.cancelled():
                if self._wants_join and task.exception() is not None:
                    self._due()  # after what is raised here
                await self._apply(owner, task.result())
        if self._wants_join and self._joining is None and self._topics:
            self._wants_join = False
            if not self._is_cooperative:
                await owner.revoke(owner.owned())
            self._led = None
            self._began_ms = self._coordinator.meter.now_ms()
            self._joining = self._loop.create_task(self._join(owner.owned()))
            self._joining.add_done_callback(self._joined)

    @property
    def _is_joining(self) -> bool:
        """Whether a join is under way; one that is over may wait for `step` yet."""
        return self._joining is not None and not self._joining.done()

    def _joined(self, task: "asyncio.Task[list[TopicPartition]]") -> None:
        if not task.cancelled() and task.exception() is not None:  # raised by the step that looks
            self._coordinator.meter.failed.record()
        elif task is self._joining and (self._beating is None or self._beating.done()):
            self._beating = self._loop.create_task(self._beat())
        self._due()

    async def _apply(self, owner: Owner, assigned: Collection[TopicPartition]) -> None:
        """Take the group's assignment over."""
        owned = set(owner.owned())
        gone = owned.difference(assigned)
        if gone:
            await owner.revoke(gone)
            if self._is_cooperative:
                self._join_again()  # so that others can get what was given up
        await owner.receive([place for place in assigned if place not in owned])
        self._coordinator.meter.rebalanced(self._began_ms)

    # ------------------------------------------------------------ joining

    async def _join(self, owned: list[TopicPartition]) -> list[TopicPartition]:
        """Join until there is an assignment."""
        failures = 0
        while True:
            try:
                joined = await self._ask_join(owned)
                return await self._sync(joined)
            except _REJOIN as error:
                logger.debug("group %s: joining again: %s", self.facts.group_id, error)
                if isinstance(error, UnknownMemberIdError | IllegalGenerationError):
                    self._forget(keeps_id=isinstance(error, IllegalGenerationError))
                    owned = []
            except (KafkaError, ClientError) as error:
                if not error.retriable or self._cluster.is_closed:
                    raise
                logger.debug("group %s: joining: %s", self.facts.group_id, error)
                await asyncio.sleep(self._cluster.backoff.wait_ms(failures) / 1000)
                failures += 1

    def _forget(self, *, keeps_id: bool) -> None:
        """Be nobody in the group."""
        member_id = self.facts.member_id if keeps_id else ""
        self.facts = self.facts._replace(member_id=member_id, generation=-1)

    async def _ask_join(self, owned: list[TopicPartition]) -> JoinGroupResponse:
        while True:
            request = JoinGroupRequest(
                group_id=self.facts.group_id,
                session_timeout_ms=self._session_ms,
                rebalance_timeout_ms=self._poll_ms,
                member_id=self.facts.member_id,
                group_instance_id=self.facts.instance_id,
                protocol_type=PROTOCOL_TYPE,
                protocols=[self._protocol(name, owned) for name in self._strategies],
            )
            response: JoinGroupResponse = await self._coordinator.ask(
                request,
                timeout_s=self._poll_ms / 1000 + JOIN_GRACE_S,
                checks=False,
                channel=Channel.JOIN,
            )
            if response.error_code != MemberIdRequiredError.code:
                break
            self.facts = self.facts._replace(member_id=response.member_id)
        self._coordinator.check(response.error_code, request)
        self.facts = self.facts._replace(
            member_id=response.member_id, generation=response.generation_id
        )
        return response

    def _protocol(self, name: str, owned: list[TopicPartition]) -> JoinGroupRequestProtocol:
        data = encode_subscription(
            self._topics,
            owned,
            self.facts.generation,
            with_data=name == "sticky",
            rack=self._rack,
        )
        return JoinGroupRequestProtocol(name=name, metadata=data)

    async def _sync(self, joined: JoinGroupResponse) -> list[TopicPartition]:
        assignments: list[SyncGroupRequestAssignment] = []
        if joined.leader == joined.member_id and not joined.skip_assignment:
            assignments = await self._decide(joined)
        request = SyncGroupRequest(
            group_id=self.facts.group_id,
            generation_id=self.facts.generation,
            member_id=self.facts.member_id,
            group_instance_id=self.facts.instance_id,
            protocol_type=PROTOCOL_TYPE,
            protocol_name=joined.protocol_name,
            assignments=assignments,
        )
        response: SyncGroupResponse = await self._coordinator.ask(
            request, timeout_s=self._poll_ms / 1000 + JOIN_GRACE_S, channel=Channel.JOIN
        )
        return decode_assignment(response.assignment)

    async def _decide(self, joined: JoinGroupResponse) -> list[SyncGroupRequestAssignment]:
        """Assign partitions, as the group's leader."""
        assignor = ASSIGNORS.get(joined.protocol_name or "")
        if assignor is None:
            raise InconsistentGroupProtocolError(f"the group chose {joined.protocol_name!r}")
        members: dict[str, Member] = {
            each.member_id: decode_subscription(each.metadata, each.group_instance_id)
            for each in joined.members
        }
        topics = set().union(*(member.topics for member in members.values()))
        self._cluster.track(topics)
        await self._cluster.refresh()
        counts = _counts(self._cluster.view, dict.fromkeys(topics, 0))
        self._led = counts
        shares = assignor(members, counts)
        return [
            SyncGroupRequestAssignment(member_id=name, assignment=encode_assignment(share))
            for name, share in shares.items()
        ]

    # ------------------------------------------------------------ staying

    async def _beat(self) -> None:
        """Tell the group that this member is alive, as long as it is one."""
        while self.facts.generation >= 0 and not self._cluster.is_closed:
            await asyncio.sleep(self._interval_s)
            if self._is_joining:
                continue
            if self._is_late:
                await self._leave_late()
                return
            await self._beat_once()

    async def _beat_once(self) -> None:
        request = HeartbeatRequest(
            group_id=self.facts.group_id,
            generation_id=self.facts.generation,
            member_id=self.facts.member_id,
            group_instance_id=self.facts.instance_id,
        )
        generation = self.facts.generation
        try:
            await self._coordinator.ask(request, timeout_s=self._session_ms / 1000)
        except RebalanceInProgressError:
            if not self._wants_join and self._is_current(generation):
                self._join_again()
        except (UnknownMemberIdError, IllegalGenerationError) as error:
            if self._is_current(generation):
                self._lost(error, keeps_id=isinstance(error, IllegalGenerationError))
        except FencedInstanceIdError as error:
            self._error = error
            self._lost(error, keeps_id=False)
            self._wants_join = False
        except (KafkaError, ClientError) as error:
            logger.debug("group %s: heartbeat: %s", self.facts.group_id, error)

    def _is_current(self, generation: int) -> bool:
        """Whether what is said of a generation is about this member as it is now."""
        return generation == self.facts.generation and not self._is_joining

    def _lost(self, error: Exception, *, keeps_id: bool) -> None:
        """Take note that the group has forgotten this member."""
        logger.info("group %s: no member any more: %s", self.facts.group_id, error)
        self._forget(keeps_id=keeps_id)
        self._start_over()

    @override
    def _start_over(self) -> None:
        joined = self._joining
        if joined is not None and joined.done() and not (joined.cancelled() or joined.exception()):
            self._joining = None  # nobody is to take what it was given
        self._is_lost = True
        self._join_again()

    @override
    async def leave(self) -> None:
        """Leave the group; see `Membership.leave`."""
        for task in (self._joining, self._beating):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        self._joining = None
        facts = self.facts
        self._forget(keeps_id=False)
        if not facts.member_id or facts.instance_id is not None:
            return
        request = LeaveGroupRequest(
            group_id=facts.group_id,
            member_id="",
            members=[MemberIdentity(member_id=facts.member_id, reason="the consumer leaves")],
        )
        await self._say_goodbye(request)


def _counts(view: ClusterView, topics: dict[str, int]) -> dict[str, int]:
    """Return how many partitions topics have."""
    known = {name: view.topics.get(name) for name in topics}
    return {name: len(topic.partitions) if topic else 0 for name, topic in known.items()}
