"""Members of the classic protocol in a group of the new one: Join, Sync, Heartbeat, Leave.

While a group is upgraded, its members of both protocols share one group. For those of the classic
one, the member's epoch is the generation. A heartbeat tells them to join again where a member of
the new protocol would be told its next assignment; with the join they say what they still own; and
the sync gives them what they may own, which the coordinator has written for them.
Invariant: nobody leads here, so a JoinGroup is answered at once and nobody learns of the others.
Neighbours: `consumer_step` decides as for any member; `consumer_sessions` has their timers.
Source: Apache Kafka 4.3, the rules of `classicGroupJoinToConsumerGroup` and its siblings.
"""

from dataclasses import replace
from typing import Final

from logcore.common.deferred import Deferred
from logcore.common.errors import (
    FencedInstanceIdError,
    IllegalGenerationError,
    InconsistentGroupProtocolError,
    KafkaError,
    MemberIdRequiredError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from logcore.common.uuids import random_uuid, uuid_text
from logcore.coordinator.group.classic_join import MEMBER_ID_REQUIRED_SINCE
from logcore.coordinator.group.consumer_checks import known_static, refuse_if_full
from logcore.coordinator.group.consumer_embedded import (
    Subscription,
    read_subscription,
    write_assignment,
)
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_heartbeat import replaced_static
from logcore.coordinator.group.consumer_member import ClassicMetadata, ConsumerMember
from logcore.coordinator.group.consumer_regex import ConsumerRegexes, RegexChange
from logcore.coordinator.group.consumer_sessions import ConsumerSessions
from logcore.coordinator.group.consumer_step import Step
from logcore.coordinator.group.context import Caller, ShardContext
from logcore.coordinator.group.modern_member import MemberState
from logcore.coordinator.group.subscription import CONSUMER_PROTOCOL
from logcore.coordinator.group.target import metadata_hash
from logcore.coordinator.group.upgrade import Conversions
from logcore.coordinator.result import NOTHING, CoordinatorRecord, CoordinatorResult
from logcore.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from logcore.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse
from logcore.protocol.messages.leave_group import (
    LeaveGroupRequest,
    LeaveGroupResponse,
    MemberIdentity,
    MemberResponse,
)
from logcore.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse

_JoinAnswer = Deferred[JoinGroupResponse]

UNKNOWN: Final = ""
"""The member id of who has none yet."""


class ConsumerClassic:
    """Serves members of the classic protocol in the consumer groups of a shard.

    Args:
        context: The shard's groups and settings.
        sessions: Watches members, and lets them go.
        conversions: What makes a classic group of a consumer group.
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
        self._settings = context.settings
        self._sessions = sessions
        self._conversions = conversions
        self._regexes = regexes

    # ------------------------------------------------------------ join

    def join(
        self, group: ConsumerGroup, caller: Caller, request: JoinGroupRequest, answer: _JoinAnswer
    ) -> CoordinatorResult[None]:
        """Take a member in, or let it join again.

        Raises:
            KafkaError: What to answer.
        """
        member_id = request.member_id or uuid_text(random_uuid())
        instance_id = request.group_instance_id
        refuse_if_full(group, member_id, instance_id, self._settings)
        refuse_other_protocols(group, request)
        must_know_id = caller.version >= MEMBER_ID_REQUIRED_SINCE and instance_id is None
        if request.member_id == UNKNOWN and must_know_id:
            code = MemberIdRequiredError.code
            answer.complete(JoinGroupResponse(error_code=code, member_id=member_id))
            return NOTHING
        records: list[CoordinatorRecord] = []
        subscription = read_subscription(
            bytes(request.protocols[0].metadata), self._context.topics()
        )
        replaced = group.static_member(instance_id) if request.member_id == UNKNOWN else None
        if replaced is not None:
            is_last = self._conversions.may_replace(group, replaced)
            group, before = replaced_static(group, replaced, member_id, records)
        else:
            is_last = False
            before = self._before(group, member_id, instance_id, is_new=not request.member_id)
        after = told_classic(before, caller, request, subscription)
        change = Step(self._context, group, before, after, records)
        names_other_topics = change.note_member()
        has_regex_gone = self._regexes.note(change, lambda _: False) is not RegexChange.NONE
        is_due = names_other_topics or has_regex_gone
        change.update_epoch(is_due=is_due)
        if is_last:
            self._downgrade(change, subscription, rebalances=is_due)
        else:
            change.update_target()
            change.reconcile(subscription.owned, has_new_subscription=is_due)
        self._answer_join(change, answer, is_consumer_group=not is_last)
        return change.result(None)

    def _before(
        self, group: ConsumerGroup, member_id: str, instance_id: str | None, *, is_new: bool
    ) -> ConsumerMember:
        if instance_id is not None and not is_new:
            return known_static(group, member_id, instance_id)
        return group.members.get(member_id) or ConsumerMember(member_id=member_id)

    def _downgrade(self, change: Step, subscription: Subscription, *, rebalances: bool) -> None:
        """Make the group classic: the last member of the new protocol has been replaced."""
        if not rebalances:
            change.reconcile(subscription.owned, has_new_subscription=False)
        after = change.after
        downgraded = self._conversions.downgrade(
            change.group, [after.member_id], joining=after, rebalances=rebalances
        )
        change.records.extend(downgraded.records)
        change.actions.append(lambda: self._sessions.end_all(change.group))
        change.actions.append(downgraded.finish)

    def _answer_join(self, change: Step, answer: _JoinAnswer, *, is_consumer_group: bool) -> None:
        after, group_id = change.after, change.group_id
        assert after.classic is not None, "it has just said so"
        response = JoinGroupResponse(
            member_id=after.member_id,
            generation_id=after.epoch,
            protocol_type=CONSUMER_PROTOCOL,
            protocol_name=after.classic.protocol_name,
        )

        def finish() -> None:
            self._sessions.end_join(group_id, after.member_id)
            if is_consumer_group:
                self._sessions.keep_alive(group_id, after)
                self._sessions.expect_sync(group_id, after)
            if not answer.is_done:  # given up on while the records took their time
                answer.complete(response)

        change.actions.append(finish)

    # ------------------------------------------------------------ sync and heartbeat

    def sync(
        self, group: ConsumerGroup, request: SyncGroupRequest, answer: Deferred[SyncGroupResponse]
    ) -> CoordinatorResult[None]:
        """Tell a member what it may own.

        Raises:
            KafkaError: What to answer.
        """
        member = self._member(
            group, request.member_id, request.group_instance_id, request.generation_id
        )
        classic = classic_of(member)
        name = request.protocol_name
        if request.protocol_type not in (None, CONSUMER_PROTOCOL) or name not in (
            None,
            classic.protocol_name,
        ):
            raise InconsistentGroupProtocolError(
                f"Member {member.member_id} was told to speak {classic.protocol_name}, not {name}."
            )
        if group.epoch > member.epoch and member.state is not MemberState.UNREVOKED:
            self._sessions.expect_join(group.group_id, member)
            raise RebalanceInProgressError(
                f"A new rebalance is triggered in group {group.group_id} and member "
                f"{member.member_id} should rejoin to catch up."
            )
        self._sessions.end_sync(group.group_id, member.member_id)
        self._sessions.keep_alive(group.group_id, member)
        answer.complete(
            SyncGroupResponse(
                protocol_type=request.protocol_type,
                protocol_name=request.protocol_name,
                assignment=write_assignment(
                    member.assigned, classic.subscription, self._context.topics()
                ),
            )
        )
        return NOTHING

    def heartbeat(
        self, group: ConsumerGroup, request: HeartbeatRequest
    ) -> CoordinatorResult[HeartbeatResponse]:
        """Hear of a member; tell it to join again where there is something new for it.

        Raises:
            KafkaError: What to answer.
        """
        member = self._member(
            group, request.member_id, request.group_instance_id, request.generation_id
        )
        self._sessions.keep_alive(group.group_id, member)
        can_get_more = member.state is MemberState.UNRELEASED and not group.is_waiting_for_others(
            member
        )
        is_behind = member.epoch < group.epoch or self._has_other_topics(group)
        if is_behind or member.state is MemberState.UNREVOKED or can_get_more:
            self._sessions.expect_join(group.group_id, member)
            return CoordinatorResult(
                (), HeartbeatResponse(error_code=RebalanceInProgressError.code)
            )
        return CoordinatorResult((), HeartbeatResponse())

    def _has_other_topics(self, group: ConsumerGroup) -> bool:
        """Whether topics came, grew or went, so that who joins next raises the group's epoch.

        Who leads a classic group would notice; here nobody does.
        """
        topics = self._context.topics()
        if group.seen_topics is topics.topics_by_name:
            return False
        if metadata_hash(group.subscribed_topics, topics) != group.metadata_hash:
            return True
        group.seen_topics = topics.topics_by_name
        return False

    def _member(
        self, group: ConsumerGroup, member_id: str, instance_id: str | None, generation: int
    ) -> ConsumerMember:
        if instance_id is None:
            member = group.member(member_id)
        else:
            member = known_static(group, member_id, instance_id)
        classic_of(member)
        if generation != member.epoch:
            raise IllegalGenerationError(
                f"The request generation id {generation} is not equal to the member epoch "
                f"{member.epoch} of member {member_id}."
            )
        return member

    # ------------------------------------------------------------ leave

    def leave(
        self, group: ConsumerGroup, request: LeaveGroupRequest
    ) -> CoordinatorResult[LeaveGroupResponse]:
        """Let members of the classic protocol go; a tool names static ones by instance alone."""
        going: dict[str, ConsumerMember] = {}
        answers = []
        for identity in request.members:
            answer = MemberResponse(
                member_id=identity.member_id, group_instance_id=identity.group_instance_id
            )
            try:
                member = self._leaving(group, identity)
            except KafkaError as error:
                answer.error_code = error.code
            else:
                going[member.member_id] = member
                answer.member_id = member.member_id
            answers.append(answer)
        return self._sessions.let_go(group, going.values(), LeaveGroupResponse(members=answers))

    def _leaving(self, group: ConsumerGroup, identity: MemberIdentity) -> ConsumerMember:
        instance_id = identity.group_instance_id
        if instance_id is None:
            member = group.member(identity.member_id)
        else:
            found = group.static_member(instance_id)
            if found is None:
                raise UnknownMemberIdError(f"Instance id {instance_id} is unknown.")
            if identity.member_id not in (UNKNOWN, found.member_id):
                raise FencedInstanceIdError
            member = found
        classic_of(member)
        return member


def classic_of(member: ConsumerMember) -> ClassicMetadata:
    """Return what a member said in the classic protocol.

    Raises:
        UnknownMemberIdError: If it does not speak it.
    """
    if member.classic is None:
        raise UnknownMemberIdError(f"Member {member.member_id} does not use the classic protocol.")
    return member.classic


def refuse_other_protocols(group: ConsumerGroup, request: JoinGroupRequest) -> None:
    """Refuse who speaks nothing that all members of the classic protocol in the group speak.

    Raises:
        InconsistentGroupProtocolError: If that is so.
    """
    names = {each.name for each in request.protocols}
    count = group.classic_count
    is_shared = any(group.classic_protocol_counts[name] == count for name in names)
    if request.protocol_type != CONSUMER_PROTOCOL or not is_shared:
        raise InconsistentGroupProtocolError(
            f"Member {request.member_id}'s protocols are not supported."
        )


def told_classic(
    member: ConsumerMember, caller: Caller, request: JoinGroupRequest, subscription: Subscription
) -> ConsumerMember:
    """Return a member with what a JoinGroup says of it."""
    timeout_ms = request.rebalance_timeout_ms
    if timeout_ms == -1:
        is_unset = member.rebalance_timeout_ms == -1
        timeout_ms = request.session_timeout_ms if is_unset else member.rebalance_timeout_ms
    instance_id = request.group_instance_id
    protocols = tuple((each.name, bytes(each.metadata)) for each in request.protocols)
    return replace(
        member,
        instance_id=member.instance_id if instance_id is None else instance_id,
        rack_id=subscription.rack_id or member.rack_id,
        rebalance_timeout_ms=timeout_ms,
        topics=subscription.topics,
        regex="",
        client_id=caller.client_id,
        client_host=caller.client_host,
        classic=ClassicMetadata(request.session_timeout_ms, protocols),
    )
