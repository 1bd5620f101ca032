"""ConsumerGroupHeartbeat: how members of the new protocol join, follow their target, and leave.

A heartbeat says what the member wants, when that has changed, and what it owns, when that has
changed; what it does not say stays as it was. The answer says the member's epoch, and what it may
own when that has changed or when it asks by saying everything.
Invariant: pure but for timers, which are set once the records are in the log.
Neighbours: `consumer_step` turns it into records; `consumer_sessions` watches; `upgrade` makes the
group of a classic one.
Source: Apache Kafka 4.3, the rules of `GroupMetadataManager.consumerGroupHeartbeat`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from logcore.common.errors import (
    GroupIdNotFoundError,
    UnreleasedInstanceIdError,
)
from logcore.common.uuids import random_uuid, uuid_text
from logcore.coordinator.group import consumer_records
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.consumer_checks import (
    dynamic_member,
    known_static,
    refuse_if_full,
    refuse_wrong_epoch,
    reported_partitions,
    says_everything,
    validate,
)
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_member import (
    NOTHING_OWNED,
    ConsumerMember,
    has_same_partitions,
    partitions_of,
)
from logcore.coordinator.group.consumer_reconcile import Reported
from logcore.coordinator.group.consumer_regex import ConsumerRegexes, RegexChange
from logcore.coordinator.group.consumer_replay import apply_all
from logcore.coordinator.group.consumer_sessions import ConsumerSessions
from logcore.coordinator.group.consumer_step import Step
from logcore.coordinator.group.context import Caller, MayDescribe, ShardContext
from logcore.coordinator.group.modern_member import JOINING, LEAVING, LEAVING_FOR_NOW
from logcore.coordinator.group.upgrade import Conversions, consumer_and_classic_tombstones
from logcore.coordinator.result import CoordinatorRecord, CoordinatorResult, deciding
from logcore.protocol.messages.consumer_group_heartbeat import (
    Assignment,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    TopicPartitions,
)

HEARTBEAT_INTERVAL: Final = "consumer.heartbeat.interval.ms"
"""The key that says how often members are to be heard of."""

_Result = CoordinatorResult[ConsumerGroupHeartbeatResponse]


class ConsumerHeartbeat:
    """Serves heartbeats.

    Args:
        context: The shard's groups and settings.
        sessions: Watches members, and lets them go.
        conversions: What makes a consumer group of a classic one.
        regexes: Resolves the expressions of groups.
    """

    def __init__(
        self,
        context: ShardContext,
        sessions: ConsumerSessions,
        conversions: Conversions,
        regexes: ConsumerRegexes,
    ) -> None:
        self._context = context
        self._sessions = sessions
        self._conversions = conversions
        self._regexes = regexes

    def heartbeat(
        self, caller: Caller, request: ConsumerGroupHeartbeatRequest, may_describe: MayDescribe
    ) -> _Result:
        """Hear of a member.

        Args:
            caller: Who sent it.
            request: What it says.
            may_describe: Tells whether it may know of a topic.

        Raises:
            KafkaError: What to answer.
        """
        validate(caller.version, request, self._context.settings)
        if request.member_epoch in (LEAVING, LEAVING_FOR_NOW):
            return self._leave(request)
        records: list[CoordinatorRecord] = []
        actions: list[Callable[[], object]] = []
        group = self._group_for(request, records, actions)
        member_id = request.member_id or uuid_text(random_uuid())
        refuse_if_full(group, member_id, request.instance_id, self._context.settings)
        reported = reported_partitions(request)
        is_joining = request.member_epoch == JOINING
        if request.instance_id is None:
            before = dynamic_member(group, member_id, is_joining=is_joining)
            refuse_wrong_epoch(before, request.member_epoch, reported)
        elif is_joining:
            group, before = self._joining_static(group, member_id, request.instance_id, records)
        else:
            before = known_static(group, member_id, request.instance_id)
            refuse_wrong_epoch(before, request.member_epoch, reported)
        change = Step(self._context, group, before, told(before, caller, request), records)
        change.actions.extend(actions)
        return self._answer(change, request, reported, may_describe)

    def _answer(
        self,
        change: Step,
        request: ConsumerGroupHeartbeatRequest,
        reported: Reported | None,
        may_describe: MayDescribe,
    ) -> _Result:
        """Go through the steps that follow from what a member says."""
        names_other_topics = change.note_member()
        regex = self._regexes.note(change, may_describe)
        change.update_epoch(
            is_due=change.group.epoch == 0 or names_other_topics or regex is RegexChange.RESOLVED
        )
        change.update_target()
        group_id = change.group_id
        has_moved = change.reconcile(
            reported,
            has_new_subscription=names_other_topics or regex is not RegexChange.NONE,
        )
        after = change.after
        if has_moved:
            change.actions.append(lambda: self._sessions.watch_revocation(group_id, after))
        change.actions.append(lambda: self._sessions.keep_alive(group_id, after))
        interval_ms = int(self._context.group_config(group_id)[HEARTBEAT_INTERVAL])
        response = ConsumerGroupHeartbeatResponse(
            member_id=after.member_id,
            member_epoch=after.epoch,
            heartbeat_interval_ms=interval_ms,
        )
        if (
            request.member_epoch == JOINING
            or says_everything(request)
            or not has_same_partitions(change.before.assigned, after.assigned)
        ):
            response.assignment = assignment_of(after)
        return change.result(response)

    # ------------------------------------------------------------ groups

    def _group_for(
        self,
        request: ConsumerGroupHeartbeatRequest,
        records: list[CoordinatorRecord],
        actions: list[Callable[[], object]],
    ) -> ConsumerGroup:
        """Find the group, or make it for who joins: of nothing, or of a classic group."""
        group_id = request.group_id
        group = self._context.state.groups.get(group_id)
        if isinstance(group, ConsumerGroup):
            return group
        if request.member_epoch != JOINING:
            raise GroupIdNotFoundError(f"Consumer group {group_id} not found.")
        if group is None:
            return ConsumerGroup(group_id)
        if isinstance(group, ClassicGroup):
            if group.is_empty:
                records.extend(consumer_and_classic_tombstones(group))
                return ConsumerGroup(group_id)
            if self._conversions.may_upgrade(group):
                upgraded = self._conversions.upgrade(group)
                records.extend(upgraded.records)
                actions.append(upgraded.finish)
                members = list(upgraded.group.members.values())
                actions.append(lambda: self._keep_all_alive(group_id, members))
                return upgraded.group
        raise GroupIdNotFoundError(f"Group {group_id} is not a consumer group.")

    def _keep_all_alive(self, group_id: str, members: list[ConsumerMember]) -> None:
        for member in members:
            self._sessions.keep_alive(group_id, member)

    def _joining_static(
        self,
        group: ConsumerGroup,
        member_id: str,
        instance_id: str,
        records: list[CoordinatorRecord],
    ) -> tuple[ConsumerGroup, ConsumerMember]:
        """Take a static member in, in the place of its last run if that has left."""
        existing = group.static_member(instance_id)
        if existing is None:
            return group, dynamic_member(group, member_id, is_joining=True)
        if existing.classic is None and existing.epoch != LEAVING_FOR_NOW:
            raise UnreleasedInstanceIdError(
                f"Static member {member_id} with instance id {instance_id} cannot join the group "
                f"because the instance id is owned by {existing.member_id} member."
            )
        return replaced_static(group, existing, member_id, records)

    # ------------------------------------------------------------ leaving

    def _leave(self, request: ConsumerGroupHeartbeatRequest) -> _Result:
        """Let a member go, for good or, a static one, for now."""
        group = self._sessions.group(request.group_id)
        if group is None:
            raise GroupIdNotFoundError(f"Group {request.group_id} not found.")
        response = ConsumerGroupHeartbeatResponse(
            member_id=request.member_id, member_epoch=request.member_epoch
        )
        if request.instance_id is None:
            return self._sessions.let_go(group, [group.member(request.member_id)], response)
        member = known_static(group, request.member_id, request.instance_id)
        if request.member_epoch == LEAVING:
            return self._sessions.let_go(group, [member], response)
        away = replace(
            member,
            epoch=LEAVING_FOR_NOW,
            assigned={
                topic_id: dict.fromkeys(partitions, 0)
                for topic_id, partitions in member.assigned.items()
            },
            revoking=NOTHING_OWNED,
        )
        return deciding([consumer_records.current_assignment(group.group_id, away)], response, [])


def replaced_static(
    group: ConsumerGroup,
    existing: ConsumerMember,
    member_id: str,
    records: list[CoordinatorRecord],
) -> tuple[ConsumerGroup, ConsumerMember]:
    """Give a static member's place, with what it owns, to its next run.

    Args:
        group: The group; it is not changed.
        existing: The member until now.
        member_id: Under which id it is back.
        records: Where the records go.

    Returns:
        The group as the records make it, and the member in it, at the epoch of who joins.
    """
    member = replace(existing, member_id=member_id, epoch=JOINING, previous_epoch=JOINING)
    group_id = group.group_id
    replacing = [
        *consumer_records.member_tombstones(group_id, existing.member_id),
        consumer_records.member_metadata(group_id, member),
        consumer_records.target_assignment(group_id, member_id, group.target_of(existing)),
        consumer_records.current_assignment(group_id, member),
    ]
    records.extend(replacing)
    made = group.copy()
    apply_all(made, replacing)
    return made, made.members[member_id]


def told(
    member: ConsumerMember, caller: Caller, request: ConsumerGroupHeartbeatRequest
) -> ConsumerMember:
    """Return a member with what a heartbeat says of it; itself if it says nothing new."""
    names = request.subscribed_topic_names
    timeout_ms = request.rebalance_timeout_ms
    changes = {
        "client_id": caller.client_id,
        "client_host": caller.client_host,
        "classic": None,
        "instance_id": member.instance_id if request.instance_id is None else request.instance_id,
        "rack_id": member.rack_id if request.rack_id is None else request.rack_id,
        "rebalance_timeout_ms": member.rebalance_timeout_ms if timeout_ms == -1 else timeout_ms,
        "topics": member.topics if names is None else frozenset(names),
        "regex": member.regex
        if request.subscribed_topic_regex is None
        else request.subscribed_topic_regex,
        "assignor": member.assignor if request.server_assignor is None else request.server_assignor,
    }
    if all(getattr(member, name) == value for name, value in changes.items()):
        return member
    return replace(member, **changes)  # type: ignore[arg-type]  # names and types as above


def assignment_of(member: ConsumerMember) -> Assignment:
    """Tell a member what it may own."""
    return Assignment(
        topic_partitions=[
            TopicPartitions(topic_id=topic_id, partitions=partitions)
            for topic_id, partitions in partitions_of(member.assigned).items()
        ]
    )
