"""ShareGroupHeartbeat: how members of share groups join, follow their target, and leave.

Invariant: pure but for timers, which are set once the records are in the log. A member's answer
says what it has where that changed, or where it asks by saying all there is to say.
Neighbours: `sessions` watches members and lets them go; `service` has the states begun that a
heartbeat finds missing.
Source: Apache Kafka 4.3, the rules of `GroupMetadataManager.shareGroupHeartbeat`.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

from logcore.common.errors import (
    FencedMemberEpochError,
    GroupIdNotFoundError,
    GroupMaxSizeReachedError,
    InvalidRequestError,
)
from logcore.coordinator.group.assignors import NO_PARTITIONS, Assignment, MemberSpec
from logcore.coordinator.group.context import Caller, ShardContext, TopicsView
from logcore.coordinator.group.modern_group import decrease
from logcore.coordinator.group.modern_member import JOINING, LEAVING
from logcore.coordinator.group.share import assignor, records
from logcore.coordinator.group.share.group import ShareGroup
from logcore.coordinator.group.share.member import ShareMember
from logcore.coordinator.group.share.partitions import Places, StatePartitions
from logcore.coordinator.group.share.sessions import ShareSessions
from logcore.coordinator.group.target import metadata_hash, topic_ids
from logcore.coordinator.result import CoordinatorRecord, CoordinatorResult, deciding
from logcore.protocol.messages.share_group_heartbeat import (
    Assignment as ToldAssignment,
)
from logcore.protocol.messages.share_group_heartbeat import (
    ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse,
    TopicPartitions,
)

logger = logging.getLogger(__name__)

HEARTBEAT_INTERVAL: Final = "share.heartbeat.interval.ms"
"""The key that says how often members are to be heard of."""
ASSIGNMENT_INTERVAL: Final = "share.assignment.interval.ms"
"""The key that says how long a group's targets stand at least."""


class Heard(NamedTuple):
    """What a heartbeat leads to.

    Attributes:
        response: The answer.
        begin: Partitions whose state is to be begun.
        epoch: The group's epoch, for those states.
    """

    response: ShareGroupHeartbeatResponse
    begin: Places = MappingProxyType({})
    epoch: int = 0


class ShareHeartbeat:
    """Serves heartbeats of a shard's share groups.

    Args:
        context: The shard's groups and settings.
        sessions: Watches members, and lets them go.
    """

    def __init__(self, context: ShardContext, sessions: ShareSessions) -> None:
        self._context = context
        self._sessions = sessions

    def heartbeat(
        self, caller: Caller, request: ShareGroupHeartbeatRequest
    ) -> CoordinatorResult[Heard]:
        """Hear of a member.

        Raises:
            KafkaError: What to answer.
        """
        validate(request)
        if request.member_epoch == LEAVING:
            return self._leave(request)
        is_joining = request.member_epoch == JOINING
        group = self._group_for(request.group_id, is_joining=is_joining)
        size_max = self._context.settings.group_share_max_size
        if len(group.members) >= size_max and request.member_id not in group.members:
            raise GroupMaxSizeReachedError(
                f"The share group has reached its maximum capacity of {size_max} members."
            )
        if is_joining and request.member_id not in group.members:
            before = ShareMember(member_id=request.member_id)
        else:
            before = group.member(request.member_id)
        refuse_wrong_epoch(before, request.member_epoch)
        return self._answer(
            _Step(self._context, group, before, told(before, caller, request)), request
        )

    def _group_for(self, group_id: str, *, is_joining: bool) -> ShareGroup:
        """Find the group, or make it for who joins."""
        group = self._context.state.groups.get(group_id)
        if isinstance(group, ShareGroup):
            return group
        if group is not None:
            raise GroupIdNotFoundError(f"Group {group_id} is not a share group.")
        if not is_joining:
            raise GroupIdNotFoundError(f"Share group {group_id} not found.")
        return ShareGroup(group_id)

    def _answer(
        self, step: "_Step", request: ShareGroupHeartbeatRequest
    ) -> CoordinatorResult[Heard]:
        """Go through the steps that follow from what a member says."""
        names_other_topics = step.note_member()
        is_new_epoch = step.update_epoch(is_due=names_other_topics)
        step.update_target()
        step.reconcile(is_forced=is_new_epoch)
        begin = step.begin_states()
        after = step.after
        step.actions.append(lambda: self._sessions.keep_alive(request.group_id, after))
        interval_ms = int(self._context.group_config(request.group_id)[HEARTBEAT_INTERVAL])
        response = ShareGroupHeartbeatResponse(
            member_id=after.member_id, member_epoch=after.epoch, heartbeat_interval_ms=interval_ms
        )
        says_everything = request.subscribed_topic_names is not None
        has_changed = after.assigned != step.before.assigned
        if request.member_epoch == JOINING or says_everything or has_changed:
            response.assignment = assignment_of(after)
        heard = Heard(response, begin, step.epoch)
        return deciding(step.records, heard, step.actions)

    def _leave(self, request: ShareGroupHeartbeatRequest) -> CoordinatorResult[Heard]:
        group = self._context.state.groups.get(request.group_id)
        if not isinstance(group, ShareGroup):
            what = "not found" if group is None else "is not a share group"
            raise GroupIdNotFoundError(f"Group {request.group_id} {what}.")
        response = ShareGroupHeartbeatResponse(
            member_id=request.member_id, member_epoch=request.member_epoch
        )
        return self._sessions.let_go(group, group.member(request.member_id), Heard(response))


class _Step:
    """The changes that one heartbeat makes, on their way into records.

    The group itself is not touched: what was decided is in the records, in what is done after them,
    and in the epochs, until the records are replayed.
    """

    def __init__(
        self, context: ShardContext, group: ShareGroup, before: ShareMember, after: ShareMember
    ) -> None:
        self.context = context
        self.group = group
        self.before = before
        self.after = after
        self.records: list[CoordinatorRecord] = []
        self.actions: list[Callable[[], object]] = []
        self.epoch = group.epoch
        self.target_epoch = group.target_epoch
        self.target: Assignment = group.targets.get(after.member_id, NO_PARTITIONS)
        self.topics: TopicsView = context.topics()
        self.known = group.partitions or StatePartitions()

    def note_member(self) -> bool:
        """Write down what the member says, if that is new; return whether it names other topics."""
        is_new = self.after.member_id not in self.group.members
        if not is_new and self.after == self.before:
            return False
        self.records.append(records.member_metadata(self.group.group_id, self.after))
        return self.after.topics != self.before.topics

    def update_epoch(self, *, is_due: bool) -> bool:
        """Raise the group's epoch if it is due; return whether it was.

        It is if topics are other than before, too, or if partitions got their state.
        """
        group, topics = self.group, self.topics
        if group.target_epoch >= group.epoch:
            is_due = is_due or group.has_unassigned(topics)
        if not is_due and group.seen_topics is topics.topics_by_name:
            return False
        new_hash = metadata_hash(self._subscribed_topics(), topics)
        self.actions.append(self._note_topics)
        if not is_due and new_hash == group.metadata_hash:
            return False
        self.epoch += 1
        self.records.append(records.group_epoch(group.group_id, self.epoch, new_hash))
        return True

    def _note_topics(self) -> None:
        group = self.context.state.groups.get(self.group.group_id)
        if isinstance(group, ShareGroup):
            group.seen_topics = self.topics.topics_by_name

    def _subscribed_topics(self) -> set[str]:
        """Return the topics of all members, as they are with this step."""
        names = self.group.topic_counts.copy()
        if self.before.member_id in self.group.members:
            decrease(names, self.before.topics)
        return set(names).union(self.after.topics)

    def update_target(self) -> None:
        """Compute the target of a new epoch, unless the last one is too young."""
        group, group_id = self.group, self.group.group_id
        now_ms = self.context.clock.now_ms()
        if self.epoch <= group.target_epoch or not self._may_compute(now_ms):
            return
        members = {**group.members, self.after.member_id: self.after}
        specs = {
            member_id: MemberSpec(
                topic_ids(member.topics, self.topics),
                group.targets.get(member_id, NO_PARTITIONS),
            )
            for member_id, member in members.items()
        }
        assignable = self._assignable()
        made = assignor.assign(specs, assignable)
        for member_id, target in made.items():
            if member_id not in group.targets or group.targets[member_id] is not target:
                self.records.append(records.target_assignment(group_id, member_id, target))
        # A target of nothing does not count as young: the first states come a moment later.
        timestamp_ms = now_ms if any(assignable.values()) else 0
        self.records.append(records.target_epoch(group_id, self.epoch, timestamp_ms))
        self.target_epoch = self.epoch
        self.target = made[self.after.member_id]

    def _assignable(self) -> Mapping[bytes, frozenset[int]]:
        by_id = self.topics.topics_by_id
        return {
            topic_id: frozenset(
                each for each in topic.partitions if each < len(by_id[topic_id].partitions)
            )
            for topic_id, topic in self.known.initialized.items()
            if topic_id in by_id
        }

    def _may_compute(self, now_ms: int) -> bool:
        """Whether targets that were computed have stood long enough."""
        computed_ms = self.group.target_timestamp_ms
        if computed_ms == 0:
            return True
        interval_ms = int(self.context.group_config(self.group.group_id)[ASSIGNMENT_INTERVAL])
        return interval_ms == 0 or now_ms >= computed_ms + interval_ms

    def reconcile(self, *, is_forced: bool) -> None:
        """Give the member its target, as far as it subscribes to it."""
        member = self.after
        is_there = member.epoch == self.target_epoch
        if is_there and not is_forced:
            return
        subscribed = topic_ids(member.topics, self.topics)
        assigned: Assignment = {
            topic_id: partitions
            for topic_id, partitions in self.target.items()
            if topic_id in subscribed
        }
        if is_there and assigned == member.assigned:
            return
        previous_epoch = member.previous_epoch if is_there else member.epoch
        self.after = replace(
            member, epoch=self.target_epoch, previous_epoch=previous_epoch, assigned=assigned
        )
        self.records.append(records.current_assignment(self.group.group_id, self.after))

    def begin_states(self) -> Places:
        """Note which partitions are to get a state, and return them."""
        retry_ms = self.context.settings.group_share_initialize_retry_interval_ms
        since_ms = self.context.clock.now_ms() - retry_ms
        missing = self.known.missing(self._subscribed_topics(), self.topics, since_ms)
        if not missing:
            return {}
        noted = self.known.beginning(missing)
        self.records.append(records.state_partitions(self.group.group_id, noted))
        return {topic_id: topic.partitions for topic_id, topic in missing.items()}


def validate(request: ShareGroupHeartbeatRequest) -> None:
    """Refuse what does not fit together, before a group is looked at.

    Raises:
        InvalidRequestError: What is missing.
    """
    if not request.member_id.strip():
        raise InvalidRequestError("MemberId can't be empty.")
    if not request.group_id.strip():
        raise InvalidRequestError("GroupId can't be empty.")
    if request.rack_id is not None and not request.rack_id.strip():
        raise InvalidRequestError("RackId can't be empty.")
    if request.member_epoch == JOINING and not request.subscribed_topic_names:
        raise InvalidRequestError("SubscribedTopicNames must be set in first request.")
    if request.member_epoch < LEAVING:
        raise InvalidRequestError("MemberEpoch is invalid.")


def refuse_wrong_epoch(member: ShareMember, epoch: int) -> None:
    """Refuse a member that is in another epoch than we know it in, or in the one before.

    Raises:
        FencedMemberEpochError: If it has to begin anew.
    """
    if epoch in (JOINING, member.epoch, member.previous_epoch):
        return
    comparison = "smaller" if epoch < member.epoch else "greater"
    raise FencedMemberEpochError(
        f"The share group member has a {comparison} member epoch ({epoch}) than the one known by "
        f"the group coordinator ({member.epoch}). The member must abandon all its partitions and "
        "rejoin."
    )


def told(member: ShareMember, caller: Caller, request: ShareGroupHeartbeatRequest) -> ShareMember:
    """Return a member with what a heartbeat says of it; itself if it says nothing new."""
    names = request.subscribed_topic_names
    after = replace(
        member,
        rack_id=member.rack_id if request.rack_id is None else request.rack_id,
        client_id=caller.client_id,
        client_host=caller.client_host,
        topics=member.topics if names is None else frozenset(names),
    )
    return member if after == member else after


def assignment_of(member: ShareMember) -> ToldAssignment:
    """Tell a member what it has."""
    return ToldAssignment(
        topic_partitions=[
            TopicPartitions(topic_id=topic_id, partitions=sorted(partitions))
            for topic_id, partitions in member.assigned.items()
        ]
    )
